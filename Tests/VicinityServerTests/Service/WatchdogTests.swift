import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import VicinityPipeline
import VicinityStore
import VicinitySystem

@testable import VicinityServer

/// Rounds through real loops, a real inbox and threads, over a disk that does as it is told. Each waits for what happens, never for a time.
@Suite("The watchdog: rounds")
struct WatchdogTests {
    /// A disk that can be made to hang in either call.
    private final class Disk: DiskProbe {
        private let state = Monitor((holdsTouch: false, holdsSettle: false, touches: 0, settles: 0))

        func touch() -> CInt {
            state.withLock { $0.touches += 1 }
            _ = state.wait { $0.holdsTouch ? nil : true }
            return 0
        }

        func settle() -> CInt {
            state.withLock { $0.settles += 1 }
            _ = state.wait { $0.holdsSettle ? nil : true }
            return 0
        }

        func hold(touch: Bool = false, settle: Bool = false) {
            state.withLock { state in
                state.holdsTouch = touch
                state.holdsSettle = settle
            }
            state.broadcast()
        }

        var touches: Int { state.withLock { $0.touches } }
        var settles: Int { state.withLock { $0.settles } }
    }

    /// The daemon as the watchdog sees it: an engine and a store that only pass pulses on.
    private final class Bench: Sendable {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let inbox = Inbox<Work>(bound: 1 << 20)
        let progress = Progress()
        let health = Health()
        let disk = Disk()
        let fed = Atomic<Int>(0)
        private let isOver = Atomic<Bool>(false)

        /// Stands for engine and store.
        func pass() {
            while true {
                switch inbox.take(until: nil) {
                case .element(.pulse(let taken, let reply)):
                    taken()
                    reply.send(())
                case .finished: return
                case .element, .nothing: break
                }
            }
        }

        /// Runs the watchdog until `body` is done.
        func watching(_ body: @escaping @Sendable () async throws -> Void) async throws {
            let watchdog = Watchdog(
                limit: .milliseconds(300),
                stations: Watchdog.Stations(loops: loops.makeIterator().map { $0 }, inbox: inbox, disk: disk, device: nil),
                progress: progress, health: health, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                feed: { self.fed.wrappingAdd(1, ordering: .relaxed) })
            let pool = NIOThreadPool(numberOfThreads: 1)
            pool.start()
            pool.submit { _ in self.pass() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await watchdog.run { nanoseconds in
                        try? await Task.sleep(for: .nanoseconds(nanoseconds))
                        return !self.isOver.load(ordering: .relaxed)
                    }
                }
                do {
                    try await body()
                    end()
                } catch {
                    end()
                    throw error
                }
                try await group.waitForAll()
            }
            try await pool.shutdownGracefully()
            try await loops.shutdownGracefully()
        }

        private func end() {
            isOver.store(true, ordering: .relaxed)
            disk.hold()
            inbox.finish()
        }

        func until(_ what: String, _ isSo: () -> Bool) async throws {
            for _ in 0..<2000 {
                if isSo() { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            throw Missing(what: what)
        }

        struct Missing: Error { var what: String }

        /// Waits until the disk is held and a round has met it, and says how often the manager was told by then.
        func fedWhenHeld(_ count: () -> Int) async throws -> Int {
            let before = count()
            try await until("a round that meets the disk") { count() > before }
            // Whoever was back before is counted a look later.
            try await until("a late round") { !health.sentences.isEmpty }
            return fed.load(ordering: .relaxed)
        }
    }

    @Test("Rounds that come back feed the manager, each by a real write that the device has")
    func feeds() async throws {
        let bench = Bench()
        try await bench.watching {
            try await bench.until("three rounds") { bench.fed.load(ordering: .relaxed) >= 3 }
            #expect(bench.disk.touches >= 3 && bench.disk.settles >= 3)
        }
    }

    @Test("A disk that hangs starves the manager, and is told of; a slow one comes back", arguments: [true, false])
    func hangs(inTouch: Bool) async throws {
        let bench = Bench()
        try await bench.watching {
            try await bench.until("a round") { bench.fed.load(ordering: .relaxed) >= 1 }
            bench.disk.hold(touch: inTouch, settle: !inTouch)
            let fed = try await bench.fedWhenHeld { inTouch ? bench.disk.touches : bench.disk.settles }
            #expect(bench.health.sentences.count == 1)
            #expect(bench.health.sentences.first?.contains(inTouch ? "the store" : "the disk") == true, "\(bench.health.sentences)")
            // As many looks as the manager would wait for, and more.
            try await Task.sleep(for: .milliseconds(400))
            #expect(bench.fed.load(ordering: .relaxed) == fed)
            bench.disk.hold()
            try await bench.until("a good health") { bench.health.sentences.isEmpty }
            #expect(bench.fed.load(ordering: .relaxed) > fed)
        }
    }

    @Test("A store that hangs in nothing but work feeds the manager")
    func busy() async throws {
        let bench = Bench()
        try await bench.watching {
            try await bench.until("a round") { bench.fed.load(ordering: .relaxed) >= 1 }
            bench.disk.hold(touch: true)
            let fed = try await bench.fedWhenHeld { bench.disk.touches }
            for _ in 0..<2000 where bench.fed.load(ordering: .relaxed) < fed + 3 {
                bench.progress.storeAdvanced()
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(bench.fed.load(ordering: .relaxed) >= fed + 3)
        }
    }

    @Test("A stuck event loop starves the manager")
    func stuckLoop() async throws {
        let bench = Bench()
        try await bench.watching {
            try await bench.until("a round") { bench.fed.load(ordering: .relaxed) >= 1 }
            let gate = Monitor(false)
            let loops = bench.loops.makeIterator().map { $0 }
            loops[1].execute { _ = gate.wait { $0 ? true : nil } }
            try await bench.until("a late round") { bench.health.sentences.first?.contains("event loop 1") == true }
            let fed = bench.fed.load(ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(400))
            #expect(bench.fed.load(ordering: .relaxed) == fed)
            gate.withLock { $0 = true }
            gate.broadcast()
            try await bench.until("a good health") { bench.health.sentences.isEmpty }
        }
    }
}
