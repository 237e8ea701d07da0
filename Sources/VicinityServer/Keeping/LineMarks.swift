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
    private var open: Deque<Mark> = []

    init(settled: Mark) { self.settled = settled }

    /// Up to there lines were taken out of the bytes.
    mutating func read(to mark: Mark) {
        if mark.line > (open.last ?? settled).line {
            open.append(mark)
        } else if open.isEmpty {
            settled = mark
        } else {
            open[open.count - 1] = mark
        }
    }

    /// The first `line` lines are settled.
    mutating func settle(upTo line: UInt64) {
        while let first = open.first, first.line <= line {
            settled = first
            open.removeFirst()
        }
    }
}
