/// Lets the first few messages of the same trouble through, and sums up those that follow: once in a while it says how many there were.
///
/// A pure value; the clock comes from outside. What it remembers is bounded: past so many troubles the further ones of a kind count as one.
///
/// - Complexity: O(troubles at the moment) for each call, which is at most ``capacity`` and one for each kind.
struct RepeatedTrouble<Message> {
    struct Key: Hashable {
        /// The kind of the message.
        let id: String
        /// Which trouble of that kind; `nil` for all those that there is no place for.
        let trouble: String?
    }

    /// What was held back of one trouble.
    struct Summary {
        let key: Key
        /// The last of those that were held back.
        let last: Message
        /// How many were held back, 1 or more.
        let count: Int
        /// Milliseconds in which they came.
        let span: Int64
    }

    /// How many are let through.
    static var burst: Int { 5 }
    /// Milliseconds from the first to the sum, and from one sum to the next.
    static var interval: Int64 { 60_000 }
    /// How many troubles are told apart.
    static var capacity: Int { 64 }

    private struct Run {
        /// Where the interval began.
        var since: Int64
        var passed = 1
        var held = 0
        /// The last that was held back, and its place among all that were.
        var last: (message: Message, place: UInt64)?
    }

    private var runs: [Key: Run] = [:]
    private var places: UInt64 = 0

    /// How many troubles are remembered.
    var count: Int { runs.count }

    /// Takes a message that is about to be written. Ask for ``due(now:)`` before.
    ///
    /// - Parameter now: monotonic milliseconds.
    /// - Returns: whether it is to be written now; if not, it is in a later sum.
    mutating func admits(_ message: Message, _ id: String, _ trouble: String, now: Int64) -> Bool {
        var key = Key(id: id, trouble: trouble)
        if runs[key] == nil, runs.count >= Self.capacity { key = Key(id: id, trouble: nil) }
        guard var run = runs[key] else {
            runs[key] = Run(since: now)
            return true
        }
        defer { runs[key] = run }
        guard run.passed >= Self.burst else {
            run.passed += 1
            return true
        }
        places += 1
        run.held += 1
        run.last = (message, places)
        return false
    }

    /// The sums whose interval is over, in the order of their last messages. A trouble that did not come again in its interval is forgotten;
    /// one that did goes on to be summed up, and lets nothing through until it has been quiet.
    mutating func due(now: Int64) -> [Summary] {
        guard !runs.isEmpty else { return [] }
        return take(now: now) { now - $0.since >= Self.interval }
    }

    /// All that is held back, however short its interval was; at the end.
    mutating func all(now: Int64) -> [Summary] { take(now: now) { _ in true } }

    private mutating func take(now: Int64, where isOver: (Run) -> Bool) -> [Summary] {
        var taken: [(place: UInt64, summary: Summary)] = []
        for (key, run) in runs where isOver(run) {
            guard let last = run.last else {
                runs[key] = nil
                continue
            }
            taken.append((last.place, Summary(key: key, last: last.message, count: run.held, span: now - run.since)))
            runs[key] = Run(since: now, passed: Self.burst)
        }
        return taken.sorted { $0.place < $1.place }.map(\.summary)
    }
}
