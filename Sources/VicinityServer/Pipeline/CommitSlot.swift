import VicinitySystem

/// The one place between the engine's thread and the store's: empty, holding a commit, or being worked off.
///
/// While the store works the engine's commit grows; when the store is done it wakes the engine. One place is enough: a
/// second would only make commits smaller and latency longer.
final class CommitSlot: Sendable {
    private enum Content: Sendable {
        case free
        case full(OpenCommit)
        case working
        case finished

        var isFree: Bool {
            switch self {
            case .free: true
            case .full, .working, .finished: false
            }
        }
    }

    private enum Taken: Sendable {
        case commit(OpenCommit)
        case finished
    }

    private let content = Monitor(Content.free)
    private let whenFree: @Sendable () -> Void

    /// - Parameter whenFree: called on the store's thread each time it is done.
    init(whenFree: @escaping @Sendable () -> Void) { self.whenFree = whenFree }

    var isFree: Bool { content.withLock(\.isFree) }

    /// Waits until the store is done, however long that takes.
    func waitUntilFree() { _ = content.wait { $0.isFree ? true : nil } }

    /// Hands a commit over. Only the engine's thread does, when the slot is free.
    func put(_ commit: OpenCommit) {
        content.withLock { content in
            precondition(content.isFree, "a commit is handed over only to a free store")
            content = .full(commit)
        }
        content.broadcast()
    }

    /// Takes the next commit, waiting for it; `nil` when there will be none.
    func take() -> OpenCommit? {
        let taken = content.wait { content -> Taken? in
            switch content {
            case .full(let commit):
                content = .working
                return .commit(commit)
            case .finished: return .finished
            case .free, .working: return nil
            }
        }
        switch taken {
        case .commit(let commit): return commit
        case .finished, nil: return nil
        }
    }

    /// Says that the commit that was taken is dealt with.
    func done() {
        content.withLock { $0 = .free }
        content.broadcast()
        whenFree()
    }

    /// Says that no further commit will be put. Only the engine's thread does; waits until the last one is dealt with.
    func finish() {
        waitUntilFree()
        content.withLock { $0 = .finished }
        content.broadcast()
    }
}
