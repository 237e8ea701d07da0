// The encounters that a run of events leaves open, with all that is needed to close them or to put them back into the state.

internal import VicinityCore

struct RescuedLog {
    /// An enter that nothing has closed.
    struct OpenEnter {
        var seq: Int64
        /// Unix milliseconds.
        var time: Int64
        var cause: Cause
        var user: [UInt8]
        var subject: [UInt8]
        var kind: [UInt8]?
    }

    /// The seq of the first event of the run.
    let first: Int64
    /// By seq.
    private(set) var open: [Int64: OpenEnter] = [:]
    /// Encounters from before the run that it closes.
    private(set) var closedBefore: Set<Int64> = []

    init(first: Int64) { self.first = first }

    /// Takes the next events of the run, which were found to follow the rules.
    mutating func take(_ block: EventBlock) throws {
        try block.forEachView { event in
            switch event.change {
            case .enter(let cause, _):
                open[event.seq] = OpenEnter(
                    seq: event.seq, time: event.time, cause: cause, user: [UInt8](event.user), subject: [UInt8](event.subject),
                    kind: event.kind.isEmpty ? nil : [UInt8](event.kind))
            case .leave(_, let encounter, _):
                if encounter < first { closedBefore.insert(encounter) } else { open[encounter] = nil }
            case .report, .following: break
            }
        }
    }
}

/// Makes the state agree with the log: what the log says of an encounter is what subscribers were told.
struct Reconciliation {
    /// Leaves that must be added, in the contract's order, and who was lost.
    private(set) var leaves: [Event] = []
    /// Encounters of before the log whose subject is lost: nobody can be told of their end.
    private(set) var unclosable = 0
    /// Pairs that the state has open and the log does not.
    private(set) var forgotten = 0
    /// Pairs that the log leaves open and the state did not have.
    private(set) var restored = 0
    private(set) var pairs = 0

    /// Whether users' pairs are not those that were stored.
    var changesPairs: Bool { unclosable + forgotten + restored > 0 }

    /// - Parameters:
    ///   - state: gets the pairs that it should have.
    ///   - subjects: the register's ids, by slot.
    ///   - knowsOldPairs: whether encounters from before the log may be believed.
    ///   - next: the seq of the first leave that is added.
    ///   - now: the `ts` of the leaves, in Unix milliseconds.
    init(
        _ state: inout RescuedState, with log: RescuedLog, subjects: [UInt32: [UInt8]], knowsOldPairs: Bool, next: Int64, now: Int64
    ) {
        var enters = Self.entersByUser(log)
        let slots = Dictionary(subjects.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
        for (slot, kept) in state.slots {
            guard let id = kept.user?.id else { continue }
            var pairs: [StoredPair] = []
            var known: Set<Int64> = []
            for pair in kept.pairs {
                if pair.encounter >= log.first {
                    known.insert(pair.encounter)
                } else if !knowsOldPairs || log.closedBefore.contains(pair.encounter) {
                    forgotten += 1
                } else if subjects[pair.subject] == nil {
                    unclosable += 1
                } else {
                    pairs.append(pair)
                }
            }
            for enter in enters.removeValue(forKey: id) ?? [] {
                let wasKnown = known.remove(enter.seq) != nil
                guard let subject = slots[enter.subject] else {
                    leaves.append(Self.leave(enter, .removed, now: now))
                    continue
                }
                if !wasKnown { restored += 1 }
                if let older = pairs.firstIndex(where: { $0.subject == subject }) {
                    pairs.remove(at: older)
                    forgotten += 1
                }
                pairs.append(StoredPair(subject: subject, encounter: enter.seq, since: enter.time, cause: enter.cause))
            }
            forgotten += known.count
            self.pairs += pairs.count
            state.setPairs(pairs, of: slot)
        }
        for enter in enters.values.joined() { leaves.append(Self.leave(enter, .gone, now: now)) }
        leaves.sort { one, other in
            if one.subject != other.subject { return one.subject.lexicographicallyPrecedes(other.subject) }
            return (one.user ?? []).lexicographicallyPrecedes(other.user ?? [])
        }
        for index in leaves.indices { leaves[index].seq = next + Int64(index) }
    }

    private static func entersByUser(_ log: RescuedLog) -> [[UInt8]: [RescuedLog.OpenEnter]] {
        var enters: [[UInt8]: [RescuedLog.OpenEnter]] = [:]
        for enter in log.open.values.sorted(by: { $0.seq < $1.seq }) { enters[enter.user, default: []].append(enter) }
        return enters
    }

    private static func leave(_ enter: RescuedLog.OpenEnter, _ cause: Cause, now: Int64) -> Event {
        let time = max(now, enter.time)
        return Event(
            seq: 0, time: time, change: .leave(cause, encounter: enter.seq, lasted: time - enter.time),
            user: enter.user.isEmpty ? nil : enter.user, subject: enter.subject, kind: enter.kind)
    }

    /// The leaves as blocks.
    var blocks: [EventBlock] {
        var blocks: [EventBlock] = []
        var builder = EventBlockBuilder(firstSeq: leaves.first?.seq ?? 0)
        for leave in leaves {
            if builder.count == Engine.eventsPerBlock, let block = builder.finish() {
                blocks.append(block)
                builder = EventBlockBuilder(firstSeq: leave.seq)
            }
            builder.append(leave)
        }
        if let block = builder.finish() { blocks.append(block) }
        return blocks
    }
}
