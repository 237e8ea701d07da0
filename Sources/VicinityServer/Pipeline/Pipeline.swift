internal import CLinux
internal import Glibc
import Logging
internal import NIOPosix
import VicinityCore
import VicinityPipeline
import VicinityStore

/// What the engine's thread needs to come up.
struct EngineStart: Sendable {
    let store: SQLiteStore
    let rules: Rules
    let hashSeed: UInt64
    let precisionKey: PrecisionKey
    let logger: Logger
    /// Nanoseconds, as configured now.
    let commitInterval: @Sendable () -> Int64
    let inbox: Inbox<Work>
    let slot: CommitSlot
    let statistics: Statistics
    let progress: Progress
    /// Told now and then how far the recovery has come, in pieces of state.
    let restored: @Sendable (Int) -> Void
}

/// The two threads through which every change goes, and their end.
///
/// Each is a thread of its own that blocks: on the inbox, on the disk. Tasks must not, and an event loop must not wait for either.
final class Pipeline: Sendable {
    private let engine: NIOThreadPool
    private let store: NIOThreadPool
    private let ends: (stream: AsyncThrowingStream<Void, any Error>, continuation: AsyncThrowingStream<Void, any Error>.Continuation)

    /// - Parameters: pools of one thread each, started.
    init(engine: NIOThreadPool, store: NIOThreadPool) {
        self.engine = engine
        self.store = store
        ends = AsyncThrowingStream.makeStream()
    }

    /// Recovers the engine on its thread, and sets both to work.
    ///
    /// - Throws: ``StartFailure`` if the log cannot be recovered; neither thread works then.
    func start(_ start: EngineStart, _ storeThread: StoreThread) async throws {
        let recovery = AsyncThrowingStream<Void, any Error>.makeStream()
        let end = ends.continuation
        engine.submit { _ in
            _ = vicinity_set_thread_name("engine")
            do throws(Recovery.Failure) {
                // The engine is made, used and given up on this thread: it cannot leave it.
                let recovered = try Recovery.run(
                    start.store, rules: start.rules, hashSeed: start.hashSeed, precisionKey: start.precisionKey, now: .present,
                    progress: start.restored)
                Self.tell(recovered.precisionStart, start.logger)
                var thread = EngineThread(
                    Writer(recovered, daemon: .thisProcess, advanced: { [progress = start.progress] in progress.engineAdvanced() }),
                    commitInterval: start.commitInterval, inbox: start.inbox, slot: start.slot, progress: start.progress,
                    statistics: start.statistics)
                start.statistics.publish(thread.snapshot)
                recovery.continuation.finish()
                thread.run()
            } catch {
                recovery.continuation.finish(throwing: StartFailure(.store, "\(error)"))
            }
        }
        for try await _ in recovery.stream {}
        store.submit { _ in
            _ = vicinity_set_thread_name("store")
            if storeThread.run() { end.finish() }
        }
    }

    private static func tell(_ start: PrecisionStart, _ logger: Logger) {
        switch start {
        case .stands: break
        case .keyChanged: logger.report(.cellsKeyChanged)
        case .rotationGoesOn: logger.report(.rotationGoesOn)
        }
    }

    /// Waits until the inbox has been finished and its last commit is durable and announced.
    func finished() async throws { for try await _ in ends.stream {} }
}

extension AuditEntry.Peer {
    /// The daemon itself, for what it does without being asked.
    fileprivate static var thisProcess: AuditEntry.Peer { AuditEntry.Peer(uid: getuid(), gid: getgid(), pid: getpid()) }
}
