package import VicinityStore

/// Decides when the store is to take a step of an erasure, so that commits wait for none of it.
///
/// Whoever makes commits durable asks it between them.
package struct ErasureKeeper {
    /// How long a reader who keeps the WAL from being emptied is waited for before it is tried again, in milliseconds.
    package static var pause: Int64 { 100 }
    /// How long after a fault that may pass a step is tried again, in milliseconds.
    package static var pauseAfterFault: Int64 { 1000 }

    /// When ``step(_:feed:now:done:)`` has something to do, in monotonic milliseconds; `Int64.max` waits for a commit.
    package private(set) var deadline: Int64 = 0
    /// Whether the step that was taken last leaves another that is due at once.
    package var hasMore: Bool { !isBlocked && deadline < .max }
    /// Whether a commit makes no difference to what is waited for.
    private var isBlocked = false

    package init() {}

    /// Notes that a commit was made durable, which may have begun an erasure, or brought the pages that one waits for.
    package mutating func committed() { if !isBlocked { deadline = 0 } }

    /// Takes a step if one is due.
    ///
    /// - Parameters:
    ///   - feed: what it keeps in memory loses the users whom no block names any more.
    ///   - now: monotonic milliseconds.
    ///   - done: is told of erasures that are to be ended.
    /// - Returns: whether a step was taken.
    /// - Throws: what the store throws.
    package mutating func step(
        _ store: any LogStore, feed: Feed, now: Int64, done: ([Erasure]) -> Void
    ) throws(StoreFault) -> Bool {
        guard now >= deadline else { return false }
        deadline = now + Self.pauseAfterFault
        isBlocked = true
        let step = try store.erase()
        isBlocked = false
        deadline = now
        switch step {
        case .more: break
        case .rewritten(let users): feed.forget(users)
        case .idle, .waitsForState: deadline = .max
        case .waitsForReaders:
            isBlocked = true
            deadline = now + Self.pause
        case .done(let erasures): done(erasures)
        }
        return true
    }
}
