import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

// What must be true. The oracle is told what the writer is told, in the same order, and works it out with the brute-force model. It
// keeps the state that belongs to the commit that is durable, so that after a crash it can be asked what must have come back.

/// The truth that the daemon is held against.
final class Oracle {
    /// The state as of a commit.
    private struct Milestone {
        /// Without its events.
        var model: Model
        var cursors: [[UInt8]: Int64]
        var head: Int
        var commit: Int64
        /// What the commit covers.
        var lines: [(ledger: IngestLedger, upTo: Int)] = []
    }

    private struct Pair: Hashable {
        let user: [UInt8]
        let subject: [UInt8]
    }

    var model: Model
    var subscribers = SubscriberLedger()
    /// Of the edition that was begun last, as the daemon said.
    var generation: Int64?
    /// The open commit covers these.
    private var open: [(ledger: IngestLedger, upTo: Int)] = []
    /// Handed over, and not known to be durable.
    private var waiting: Milestone?
    private var durable: Milestone
    /// What the writer is to answer, in order.
    var answers = CircularBuffer<Answer>()

    // The durable log.
    /// The lines of all events.
    private(set) var lines: [[UInt8]] = []
    /// By the place of an enter: the seq of its leave, 0 if there is none.
    private(set) var leftAt: [Int64] = []
    /// Where commits end, and when they were made.
    private(set) var commits: [(last: Int64, wallTime: Int64)] = []
    private var inside: [Pair: Int64] = [:]

    init(_ rules: Rules, at clock: ClockReading) {
        model = Model(rules: rules, at: clock, precisionKey: Self.precisionKey.cells(under: []).key)
        durable = Milestone(model: model, cursors: [:], head: 0, commit: 0)
    }

    /// The secret of the simulated installation.
    static var precisionKey: PrecisionKey {
        guard let key = PrecisionKey(bytes: [UInt8](repeating: 0x5e, count: PrecisionKey.size)) else {
            preconditionFailure("a secret of its own size is one")
        }
        return key
    }

    /// The seq of the last durable event.
    var head: Int64 { Int64(durable.head) }

    /// A durable event.
    func event(_ seq: Int64) -> Event { model.events[Int(seq) - 1] }

    // MARK: - What the writer does

    /// The clocks have gone on, and what is due by them happens.
    func turn(to clock: ClockReading) { model.turn(to: clock) }

    /// Lines of a gateway.
    ///
    /// - Parameter mayForget: whether sign-offs may have been forgotten by the clock, so that lines of before count again.
    /// - Returns: how many of the lines were durable before.
    func handle(_ batch: FixBatch, of ledger: IngestLedger, mayForget: Bool) throws(Violation) -> Int {
        var resent = 0
        for place in 0..<batch.lineCount {
            guard let line = try ledger.line(Int(batch.firstLine) + Int(place)) else {
                try demand(
                    !batch.fixes.contains { $0.line == place },
                    "connection \(ledger.link.id): half a line was taken for a whole one")
                let error = batch.errors.first { $0.line == place }
                model.tally.invalid += error == nil ? 0 : 1
                ledger.handled(wasTaken: false, error: error?.code)
                continue
            }
            if line.isDurable { resent += 1 }
            switch line.reading {
            case .blank: ledger.handled(wasTaken: false, error: nil)
            case .bad(let code):
                model.tally.invalid += 1
                ledger.handled(wasTaken: false, error: code)
            case .good(let meaning):
                let before = (events: model.events.count, accepted: model.tally.accepted, stale: model.tally.stale)
                model.perform(.lines([meaning]))
                if line.isDurable, line.wasTaken, meaning.time != nil, !mayForget {
                    try demand(
                        model.events.count == before.events && (meaning.kind == .gone || model.tally.accepted == before.accepted),
                        "a line that was durable changed something when it came again: \(meaning)")
                }
                let wasTaken = model.tally.accepted > before.accepted || model.tally.stale > before.stale
                ledger.handled(wasTaken: wasTaken, error: model.errors.first?.code)
            }
        }
        open.append((ledger, ledger.handled))
        return resent
    }

    /// A step of an operator.
    func handle(_ step: Step) { model.perform(step) }

    // MARK: - Commits

    /// The writer hands a commit over.
    func handedOver(_ commit: OpenCommit, disk: LogHead) throws(Violation) {
        var place = durable.head
        for block in commit.commit.blocks {
            for event in try Self.events(of: block) {
                let expected = place < model.events.count ? Text.event(model.events[place]) : "no event"
                try demand(expected == Text.event(event), "expected \(expected)\ngot      \(Text.event(event))")
                place += 1
            }
        }
        try demand(
            place == model.events.count,
            "the commit ends with event \(place), the model with \(model.events.count): \(model.events.dropFirst(place).map(Text.event))")
        try demand(commit.isChange || place == durable.head, "a commit with events is not to be made durable")
        try check(commit.snapshot)
        var copy = model
        copy.events = []
        let number = commit.isChange ? commit.commit.number : durable.commit
        try demand(!commit.isChange || number == disk.commit + 1, "commit \(number) follows commit \(disk.commit)")
        waiting = Milestone(model: copy, cursors: subscribers.cursors, head: place, commit: number, lines: open)
        open = []
        if commit.isChange, !commit.commit.blocks.isEmpty { commits.append((Int64(place), commit.commit.wallTime)) }
    }

    /// The commit that was handed over is durable; from now on it may be talked of.
    func becameDurable() throws(Violation) {
        guard let waiting else { return }
        self.waiting = nil
        for (ledger, upTo) in waiting.lines { ledger.becameDurable(upTo: upTo) }
        let before = durable.head
        durable = waiting
        durable.lines = []
        for event in model.events[before..<durable.head] { try append(event) }
    }

    /// Takes an event into the log; each pair alternates, and every leave names its enter.
    private func append(_ event: Event) throws(Violation) {
        try demand(event.seq == Int64(lines.count) + 1, "event \(event.seq) follows event \(lines.count)")
        let pair = Pair(user: event.user ?? [], subject: event.subject)
        switch event.change {
        case .enter:
            try demand(inside[pair] == nil, "a pair enters twice: \(Text.event(event))")
            inside[pair] = event.seq
        case .leave(_, let encounter, let lasted):
            try demand(inside[pair] == encounter, "a pair leaves what it has not entered: \(Text.event(event))")
            let enter = self.event(encounter)
            try demand(lasted == max(0, event.time - enter.time), "a stay is measured wrongly: \(Text.event(event))")
            inside[pair] = nil
            leftAt[Int(encounter) - 1] = event.seq
        case .following: try demand(inside[pair] == nil, "a pair is muted and inside: \(Text.event(event))")
        case .report: break
        }
        lines.append(EventText.line(event))
        leftAt.append(0)
    }

    /// Holds what is on the disk after a seq against the model.
    func check(_ disk: SimulatedDisk, after seq: Int64) throws(Violation) {
        var place = Int(seq)
        let blocks: [EventBlock]
        do throws(StoreFault) {
            blocks = try disk.blocks(after: seq, maxBytes: Int.max)
        } catch {
            throw Violation("the log cannot be read: \(error)")
        }
        for block in blocks {
            for event in try Self.events(of: block) where event.seq > seq {
                try demand(event.seq == Int64(place) + 1, "the log goes on with event \(event.seq) after event \(place)")
                try demand(event == model.events[place], "the log holds another event \(event.seq) than was committed")
                place += 1
            }
        }
        try demand(Int64(place) == head, "the log ends with event \(place), expected \(head)")
    }

    /// The daemon has died: what was not durable never was.
    ///
    /// - Parameter rules: as configured; they are no part of the log.
    func rollBack(_ rules: Rules) {
        var events = model.events
        model.events = []
        events.removeLast(events.count - durable.head)
        model = durable.model
        model.events = events
        // Nobody keeps count across a restart.
        model.tally = Tally()
        model.rules = rules
        subscribers.restart(durable.cursors)
        commits.removeAll { $0.last > head }
        waiting = nil
        open = []
        answers = CircularBuffer()
        generation = nil
    }

    /// The daemon is ready again.
    func restart(at clock: ClockReading) { model.restart(at: clock) }

    /// Whether nothing is known that is not durable.
    var isSettled: Bool { waiting == nil && open.isEmpty && model.events.count == durable.head }

    static func events(of block: EventBlock) throws(Violation) -> [Event] {
        var events: [Event] = []
        do {
            try block.forEachView { events.append($0.event) }
        } catch {
            throw Violation("the block of event \(block.firstSeq) cannot be read")
        }
        return events
    }
}
