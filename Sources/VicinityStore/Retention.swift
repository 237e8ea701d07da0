// Which events may go, and what became of that.

/// What need not be kept: an event goes if either of its bounds says so.
package struct Retention: Sendable, Equatable {
    /// Events of commits before this moment go, in Unix milliseconds; `nil` is no bound.
    package var committedBefore: Int64?
    /// Events before this seq go; `nil` is no bound. One past the head removes all there are.
    package var beforeSeq: Int64?

    /// Audit entries of before this moment go, in Unix milliseconds; `nil` is no bound. They go in the order of their numbers: behind one that
    /// stays, all stay.
    package var auditedBefore: Int64?

    package init(committedBefore: Int64? = nil, beforeSeq: Int64? = nil, auditedBefore: Int64? = nil) {
        self.committedBefore = committedBefore
        self.beforeSeq = beforeSeq
        self.auditedBefore = auditedBefore
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
    /// Audit entries that the step removed.
    package var auditRemoved: Int64
    /// Why audit entries that may go stay: the first of them is not what was written, and damage is not removed in silence. It stays as long
    /// as the store is open; a verification says more.
    package var auditDamage: StoreFault?

    package init(
        oldest: Int64, removed: Int64, isDone: Bool, isSwept: Bool = true, auditRemoved: Int64 = 0, auditDamage: StoreFault? = nil
    ) {
        self.oldest = oldest
        self.removed = removed
        self.isDone = isDone
        self.isSwept = isSwept
        self.auditRemoved = auditRemoved
        self.auditDamage = auditDamage
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
