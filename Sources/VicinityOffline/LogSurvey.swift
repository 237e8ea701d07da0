// Goes through the blocks of the log once, oldest first, and remembers what an examination and a salvage must know of them.

internal import VicinityCore
internal import VicinityStore

/// What the blocks of a log say, and what is wrong with them.
struct LogSurvey: Sendable {
    /// Events that follow one another without a fault between them.
    struct Run: Sendable, Equatable {
        var first: Int64
        var last: Int64

        var count: Int64 { last - first + 1 }
    }

    private(set) var findings = Findings()
    /// Events that can be read, and the blocks they lie in.
    private(set) var events: Int64 = 0
    private(set) var blocks: Int64 = 0
    /// The run that goes on; `nil` if the newest events are at fault.
    private(set) var run: Run?
    /// Runs before it: the first, and the newest ones.
    private(set) var earlier: [Run] = []
    /// Follows ``run``.
    private(set) var ledger = PairLedger()
    /// When the newest block that could be read was committed, in Unix milliseconds.
    private(set) var wallTime: Int64?
    /// The last event that could be read.
    private(set) var last: Int64?
    /// What was said of the place after ``last``, until the next block says where that place ends.
    private var complaints: [String] = []
    /// Whether an event of the block at hand contradicts the others.
    private var isSpoiled = false

    private static let earlierRuns = 50
    private static let meaningOfGap = "subscribers that come to them get an error"
    private static let meaningOfOrder = "what subscribers count as inside or outside goes wrong there"
    /// Above this no JSON reader is exact; the contract's bound of seqs and times.
    private static let largest: Int64 = 1 << 53

    /// Takes the next block, or why there is none.
    mutating func take(_ block: Result<Inspection.Block, StoreFault>) {
        switch block {
        case .failure(let fault):
            if complaints.count < 3 { complaints.append(fault.complaint) }
        case .success(let block): take(block.events, wallTime: block.wallTime)
        }
    }

    private mutating func take(_ block: EventBlock, wallTime: Int64) {
        if !complaints.isEmpty || last.map({ $0 + 1 != block.firstSeq }) ?? false {
            tellGap(from: last.map { $0 + 1 }, to: block.firstSeq - 1)
            endRun()
        }
        if run == nil { ledger.begin(at: block.firstSeq) }
        isSpoiled = false
        do {
            try block.forEachView { event in check(event) }
        } catch {
            complaints.append("the block of event \(block.firstSeq) does not hold what a block holds")
            endRun()
            return
        }
        events += Int64(block.count)
        blocks += 1
        last = block.lastSeq
        self.wallTime = wallTime
        if isSpoiled { endRun() } else { run = Run(first: run?.first ?? block.firstSeq, last: block.lastSeq) }
    }

    /// Says what the end and the beginning should have been like.
    ///
    /// - Parameters:
    ///   - head: the seq of the last event; `nil` if it is not known.
    ///   - oldest: of the oldest one that is kept; `nil` if it is not known.
    mutating func finish(head: Int64?, oldest: Int64?) {
        if !complaints.isEmpty {
            endRun()
            tellGap(from: last.map { $0 + 1 } ?? oldest, to: head.flatMap { $0 > last ?? 0 ? $0 : nil })
        } else if let head, let last, last != head {
            endRun()
            findings.add(
                .log, "the log ends with event \(last), the last commit says \(head)",
                meaning: last < head ? "events that were announced are missing" : "there are events that no commit announced")
        } else if let head, let oldest, last == nil, oldest <= head {
            tellGap(from: oldest, to: head)
        }
    }

    /// The newest run, even if it is not the end of the log.
    var newestRun: Run? { run ?? earlier.last }

    private mutating func endRun() {
        guard let ended = run else { return }
        if earlier.count == Self.earlierRuns { earlier.remove(at: 1) }
        earlier.append(ended)
        run = nil
    }

    private mutating func tellGap(from first: Int64?, to last: Int64?) {
        let place =
            switch (first, last) {
            case (let first?, let last?) where first == last: "event \(first)"
            case (let first?, let last?) where first < last: "events \(first) to \(last)"
            case (let first?, nil): "events from \(first) on"
            case (nil, let last?): "events up to \(last)"
            case (nil, nil): "all events"
            case (let first?, _): "between the events \(first - 1) and \(first)"
            }
        let why = complaints.isEmpty ? "they are missing" : complaints.joined(separator: "; ")
        findings.add(.log, "\(place): \(why)", meaning: Self.meaningOfGap)
        complaints.removeAll()
    }

    // MARK: - Each event by itself

    private mutating func check(_ event: EventView) {
        if let problem = Self.problem(event) {
            findings.add(.log, "event \(event.seq): \(problem)", meaning: "subscribers may refuse the line")
            isSpoiled = true
        }
        do throws(PairLedger.Contradiction) {
            try ledger.take(event)
        } catch {
            findings.add(.log, "event \(event.seq): \(error)", meaning: Self.meaningOfOrder)
            isSpoiled = true
        }
    }

    private static func problem(_ event: EventView) -> String? {
        guard event.seq < largest else { return "its seq is 2^53 or more" }
        guard (0..<largest).contains(event.time) else { return "its ts is \(event.time)" }
        // Users that were forgotten and kinds that there are not have no bytes.
        let ids = [("user", event.user, 0), ("subject", event.subject, 1), ("kind", event.kind, 0)]
        for (name, id, least) in ids where !(least...128).contains(id.count) { return "its \(name) has \(id.count) bytes" }
        return nil
    }
}

extension StoreFault {
    /// The reason without the file and the advice, for a list in which both stand already.
    var complaint: String {
        switch self {
        case .damaged(_, let what): what
        case .cannotOpen(_, let reason), .notWritable(_, let reason), .inputOutput(_, let reason), .refused(_, let reason): reason
        case .notADatabase, .foreign, .newerSchema, .diskFull, .locked, .closed: "\(self)"
        }
    }
}
