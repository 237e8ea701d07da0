import VicinityPipeline
import VicinitySystem

/// The one place between the engine's thread and the store's: empty, holding a commit, or being worked off.
///
/// While the store works the engine's commit grows; when the store is done it wakes the engine. One place is enough: a
/// second would only make commits smaller and latency longer. Wishes that events go lie beside it: they wait for no commit, and no commit for them.
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

    private struct State: Sendable {
        var content = Content.free
        var prunes: [PruneRequest] = []
    }

    /// What the store's thread is told.
    enum Taken: Sendable {
        case commit(OpenCommit)
        case prune(PruneRequest)
        /// The deadline has passed.
        case nothing
        /// There will be no further commit.
        case finished
    }

    private let state = Monitor(State())
    private let whenFree: @Sendable () -> Void

    /// - Parameter whenFree: called on the store's thread each time it is done.
    init(whenFree: @escaping @Sendable () -> Void) { self.whenFree = whenFree }

    var isFree: Bool { state.withLock(\.content.isFree) }

    /// Waits until the store is done, however long that takes.
    func waitUntilFree() { _ = state.wait { $0.content.isFree ? true : nil } }

    /// Hands a commit over. Only the engine's thread does, when the slot is free.
    func put(_ commit: OpenCommit) {
        state.withLock { state in
            precondition(state.content.isFree, "a commit is handed over only to a free store")
            state.content = .full(commit)
        }
        state.broadcast()
    }

    /// Leaves a wish for the store's thread, on any thread.
    ///
    /// - Returns: `false` if it is too late.
    func request(_ prune: PruneRequest) -> Bool {
        let isTaken = state.withLock { state in
            if case .finished = state.content { return false }
            state.prunes.append(prune)
            return true
        }
        state.broadcast()
        return isTaken
    }

    /// Takes what is there, waiting for it until `deadline` on the monotonic clock, in nanoseconds. Commits go before wishes.
    func take(until deadline: Int64) -> Taken {
        state.wait(until: deadline) { state -> Taken? in
            switch state.content {
            case .full(let commit):
                state.content = .working
                return .commit(commit)
            case .finished where state.prunes.isEmpty: return .finished
            case .free, .working, .finished: return state.prunes.isEmpty ? nil : .prune(state.prunes.removeFirst())
            }
        } ?? .nothing
    }

    /// Says that the commit that was taken is dealt with.
    func done() {
        state.withLock { $0.content = .free }
        state.broadcast()
        whenFree()
    }

    /// Says that no further commit will be put. Only the engine's thread does; waits until the last one is dealt with.
    func finish() {
        waitUntilFree()
        state.withLock { $0.content = .finished }
        state.broadcast()
    }
}
