// Follows each pair through the events: enter, leave, enter … It holds the pairs that are open and not the events, so that its memory
// does not grow with the log.
//
// The log may begin and, where blocks are damaged, go on in the middle: then a leave may close an encounter that was opened where nobody
// can look. Each such encounter is noted, so that it is closed once only. What is not noticed, because it would need every pair that ever
// was, is such a leave of a pair that has been open and closed again since the beginning.

internal import VicinityCore
internal import VicinityStore

/// A user and a subject, as 128 bits of hash: ids of up to 256 bytes for each of millions of pairs would be too many.
struct PairKey: Hashable, Sendable {
    private let low: UInt64
    private let high: UInt64

    init(user: UnsafeRawBufferPointer, subject: UnsafeRawBufferPointer) {
        low = XXH64.hash(subject, seed: XXH64.hash(user, seed: 11))
        high = XXH64.hash(subject, seed: XXH64.hash(user, seed: 12))
    }

    /// The pair of a user who was forgotten: of the ids only the seq of the enter is left to tell one from another.
    init(forgotten encounter: Int64, subject: UnsafeRawBufferPointer) {
        self = withUnsafeBytes(of: encounter.littleEndian) { PairKey(user: $0, subject: subject) }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(low) }
}

struct PairLedger: Sendable {
    struct Enter: Sendable {
        var seq: Int64
        /// Unix milliseconds.
        var time: Int64
    }

    /// How an event contradicts those before it.
    enum Contradiction: Error, Equatable {
        case entersAgain(since: Int64)
        case leavesWithoutEnter(encounter: Int64)
        case leavesAnother(encounter: Int64, open: Int64)
        case leavesTwice(encounter: Int64)
        case leavesTheFuture(encounter: Int64)
        case lasted(Int64, expected: Int64)
        case followsInside(since: Int64)
    }

    /// Encounters before this seq were opened where nobody can look.
    private(set) var base: Int64 = 0
    private(set) var open: [PairKey: Enter] = [:]
    /// Encounters from before ``base`` that have been closed since.
    private(set) var closedBefore: Set<Int64> = []

    /// Begins anew at an event, knowing nothing of the pairs.
    mutating func begin(at seq: Int64) {
        base = seq
        open.removeAll()
        closedBefore.removeAll()
    }

    /// Takes the next event, and goes on as if it were right even where it is not.
    mutating func take(_ event: EventView) throws(Contradiction) {
        switch event.change {
        case .enter: try enter(event)
        case .leave(_, let encounter, let lasted): try leave(event, encounter, lasted)
        // The guard has closed the encounter before it says why.
        case .following: if let before = open[key(event, encounter: event.seq)] { throw .followsInside(since: before.seq) }
        case .report: break
        }
    }

    private mutating func enter(_ event: EventView) throws(Contradiction) {
        let before = open.updateValue(Enter(seq: event.seq, time: event.time), forKey: key(event, encounter: event.seq))
        if let before { throw .entersAgain(since: before.seq) }
    }

    private mutating func leave(_ event: EventView, _ encounter: Int64, _ lasted: Int64) throws(Contradiction) {
        guard (1..<event.seq).contains(encounter) else { throw .leavesTheFuture(encounter: encounter) }
        let before = close(event, encounter)
        guard encounter >= base else {
            if let before { throw .leavesAnother(encounter: encounter, open: before.seq) }
            guard closedBefore.insert(encounter).inserted else { throw .leavesTwice(encounter: encounter) }
            return
        }
        guard let before else { throw .leavesWithoutEnter(encounter: encounter) }
        guard before.seq == encounter else { throw .leavesAnother(encounter: encounter, open: before.seq) }
        let expected = max(0, event.time &- before.time)
        guard lasted == expected else { throw .lasted(lasted, expected: expected) }
    }

    /// Takes the pair of a leave out. While a user is being forgotten, one of its events may have lost the user and the other not yet: then the
    /// encounter alone ties them.
    ///
    /// - Complexity: O(1); in that case O(open pairs).
    private mutating func close(_ event: EventView, _ encounter: Int64) -> Enter? {
        if let before = open.removeValue(forKey: key(event, encounter: encounter)) { return before }
        if !event.user.isEmpty { return open.removeValue(forKey: PairKey(forgotten: encounter, subject: event.subject)) }
        guard encounter >= base, let found = open.first(where: { $0.value.seq == encounter }) else { return nil }
        return open.removeValue(forKey: found.key)
    }

    /// Holds a pair that the state says is open against the log, and takes it out.
    ///
    /// - Returns: whether the log agrees, or cannot know.
    mutating func settle(_ pair: EventView) -> Bool {
        guard pair.seq >= base else { return !closedBefore.contains(pair.seq) }
        return open.removeValue(forKey: key(pair, encounter: pair.seq))?.seq == pair.seq
    }

    private func key(_ event: EventView, encounter: Int64) -> PairKey {
        event.user.isEmpty ? PairKey(forgotten: encounter, subject: event.subject) : PairKey(user: event.user, subject: event.subject)
    }
}

extension PairLedger.Contradiction: CustomStringConvertible {
    var description: String {
        switch self {
        case .entersAgain(let since): "enters a pair that has been inside since event \(since)"
        case .leavesWithoutEnter(let encounter): "leaves a pair that is outside (encounter \(encounter))"
        case .leavesAnother(let encounter, let open): "closes encounter \(encounter), but \(open) is the one that is open"
        case .leavesTwice(let encounter): "closes encounter \(encounter), which was closed before"
        case .leavesTheFuture(let encounter): "closes encounter \(encounter), which does not lie before it"
        case .lasted(let lasted, let expected): "says that the encounter lasted \(lasted) ms, but it was \(expected) ms"
        case .followsInside(let since): "is of the follow guard, which leaves no pair inside as this one has been since event \(since)"
        }
    }
}
