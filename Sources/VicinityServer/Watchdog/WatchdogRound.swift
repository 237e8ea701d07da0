import Synchronization
import VicinityPipeline

/// One round through the daemon, noted by the threads that it passes.
///
/// Each notes in passing that it was here; who looks is told where the round still waits. A round that nobody waits for any more is no harm: it
/// ends by itself, or hangs with what hangs.
final class WatchdogRound: Sendable {
    private struct State {
        var loops: Set<Int>
        var way = Way.engine
        var fault: CInt = 0
    }

    /// The pulse's way behind the loops.
    private enum Way {
        case engine
        case store
        case disk
        case back
    }

    private let state: Mutex<State>

    /// - Parameter loops: how many event loops there are, at least 1; the pulse goes from the first one on.
    init(loops: Int) { state = Mutex(State(loops: Set(0..<loops))) }

    /// A loop has had its turn.
    func turned(_ loop: Int) { state.withLock { _ = $0.loops.remove(loop) } }

    /// The writer has taken the pulse.
    func taken() { state.withLock { $0.way = .store } }

    /// The thread that makes commits has made its small write.
    ///
    /// - Parameter fault: its `errno`; 0 if it went well.
    func written(_ fault: CInt) {
        state.withLock { state in
            state.way = .disk
            state.fault = fault
        }
    }

    /// The device has it.
    ///
    /// - Parameter fault: the `errno` of the wait; 0 if it went well.
    func settled(_ fault: CInt) {
        state.withLock { state in
            state.way = .back
            if state.fault == 0 { state.fault = fault }
        }
    }

    /// The pulse could not be sent: the daemon stops.
    func abandoned() { state.withLock { $0.way = .back } }

    /// The `errno` of what the small write met; 0 if nothing.
    var fault: CInt { state.withLock(\.fault) }

    /// Where the round waits; nowhere if it is back.
    ///
    /// - Parameters:
    ///   - progress: of the engine and the store.
    ///   - completed: what the device has completed, if the kernel says so; asked only where the round waits for it.
    func sights(_ progress: Progress, completed: () -> UInt64?) -> [Vigil.Sight] {
        let (loops, way) = state.withLock { ($0.loops, $0.way) }
        var sights = loops.sorted().map { Vigil.Sight(stage: .loop($0)) }
        func store() -> Vigil.Sight { Vigil.Sight(stage: .store, steps: progress.store, completed: completed() ?? 0) }
        switch way {
        // The pulse has not left the first loop.
        case .engine where loops.contains(0): break
        // An engine that waits for the store is as alive as that is.
        case .engine where progress.engineWaitsForStore: sights.append(store())
        case .engine: sights.append(Vigil.Sight(stage: .engine, steps: progress.engine))
        case .store: sights.append(store())
        case .disk: sights.append(Vigil.Sight(stage: .disk, completed: completed() ?? 0))
        case .back: break
        }
        return sights
    }
}
