// Which events may go, and what became of that.

/// What need not be kept: an event goes if either bound says so.
package struct Retention: Sendable, Equatable {
    /// Events of commits before this moment go, in Unix milliseconds; `nil` is no bound.
    package var committedBefore: Int64?
    /// Events before this seq go; `nil` is no bound. One past the head removes all there are.
    package var beforeSeq: Int64?

    package init(committedBefore: Int64? = nil, beforeSeq: Int64? = nil) {
        self.committedBefore = committedBefore
        self.beforeSeq = beforeSeq
    }
}

/// What one step of the retention did.
package struct RetentionStep: Sendable, Equatable {
    /// The oldest event that is kept now.
    package var oldest: Int64
    /// Events that the step removed.
    package var removed: Int64
    /// Whether nothing is left to do for now, but perhaps to sweep.
    package var isDone: Bool
    /// Whether no garbage of the register is left; nobody waits for that.
    package var isSwept: Bool

    package init(oldest: Int64, removed: Int64, isDone: Bool, isSwept: Bool = true) {
        self.oldest = oldest
        self.removed = removed
        self.isDone = isDone
        self.isSwept = isSwept
    }
}

/// What the log takes on the disk, in bytes.
package struct LogSize: Sendable, Equatable {
    /// The file and its WAL.
    package var bytes: Int64
    /// The part of ``bytes`` that is free and will be used again or given back.
    package var free: Int64
    /// When the oldest event that is kept was committed, in Unix milliseconds; `nil` if none is kept.
    package var oldestCommit: Int64?

    package init(bytes: Int64, free: Int64, oldestCommit: Int64?) {
        self.bytes = bytes
        self.free = free
        self.oldestCommit = oldestCommit
    }
}
