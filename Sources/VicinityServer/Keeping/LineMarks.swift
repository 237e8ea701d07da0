import DequeModule

/// Where in a gateway's bytes the lines end that were read and are not settled.
///
/// Bytes that belong to no line of their own, what follows of a line that was too long, are settled with the line before.
struct LineMarks {
    struct Mark: Equatable {
        /// So many lines of the connection end here or before.
        var line: UInt64
        /// In bytes of the connection.
        var offset: UInt64
        /// What follows is the rest of a line that was too long and is counted already.
        var isSkipping: Bool
    }

    /// Up to here everything is settled.
    private(set) var settled: Mark
    private var open: Deque<(mark: Mark, time: Int64)> = []

    /// When the oldest line was read that is not settled; `nil` if all are.
    var oldestOpen: Int64? { open.first?.time }

    init(settled: Mark) { self.settled = settled }

    /// Up to there lines were taken out of the bytes.
    ///
    /// - Parameter time: on any clock.
    mutating func read(to mark: Mark, at time: Int64) {
        if mark.line > (open.last?.mark ?? settled).line {
            open.append((mark, time))
        } else if open.isEmpty {
            settled = mark
        } else {
            open[open.count - 1].mark = mark
        }
    }

    /// The first `line` lines are settled.
    mutating func settle(upTo line: UInt64) {
        while let first = open.first?.mark, first.line <= line {
            settled = first
            open.removeFirst()
        }
    }
}
