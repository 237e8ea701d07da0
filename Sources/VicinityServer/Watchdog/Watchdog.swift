internal import CLinux
import Logging
internal import NIOCore
internal import NIOPosix
import VicinityPipeline
import VicinityStore
import VicinitySystem

/// Sends rounds through the daemon, and tells the service manager that it lives as long as they come back, or as long as what they wait for
/// works (``Vigil``). Otherwise the manager hears nothing, and starts the daemon anew when its patience ends.
struct Watchdog: Sendable {
    /// What rounds go through.
    struct Stations: Sendable {
        let loops: [any EventLoop]
        let inbox: Inbox<Work>
        let disk: any DiskProbe
        /// What the device completes; `nil` where the kernel does not say.
        let device: BlockDevice?
    }

    private let limit: Int64
    private let stations: Stations
    private let progress: Progress
    private let health: Health
    private let logger: Logger
    private let feed: @Sendable () -> Void
    /// Waits for the device, so that nobody else does.
    private let waiter: NIOThreadPool

    /// - Parameters:
    ///   - limit: the manager's patience.
    ///   - feed: tells the manager.
    init(
        limit: Duration, stations: Stations, progress: Progress, health: Health, logger: Logger, feed: @escaping @Sendable () -> Void
    ) {
        self.limit = limit.components.seconds * 1_000_000_000 + limit.components.attoseconds / 1_000_000_000
        self.stations = stations
        self.progress = progress
        self.health = health
        self.logger = logger
        self.feed = feed
        waiter = NIOThreadPool(numberOfThreads: 1)
        waiter.start()
        waiter.submit { _ in _ = vicinity_set_thread_name("watchdog") }
    }

    /// Watches until it is told to end.
    ///
    /// - Parameter sleep: waits for so many nanoseconds, and says whether to go on.
    func run(sleep: (Int64) async -> Bool) async {
        var vigil = Vigil(limit: limit, now: vicinity_monotonic_nanoseconds())
        var round: WatchdogRound?
        /// Of the last round that came back.
        var fault: CInt = 0
        repeat {
            let sights = round?.sights(progress, completed: { stations.device?.completed }) ?? []
            let verdict = vigil.look(at: sights, now: vicinity_monotonic_nanoseconds())
            if verdict.feeds { feed() }
            if sights.isEmpty, let round { fault = round.fault }
            report(late: verdict.late, fault: fault)
            if verdict.begins { round = begin() }
        } while await sleep(vigil.interval)
        waiter.shutdownGracefully { _ in }
    }

    private func begin() -> WatchdogRound {
        let round = WatchdogRound(loops: stations.loops.count)
        for (place, loop) in stations.loops.enumerated() {
            loop.execute {
                round.turned(place)
                if place == 0 { send(round) }
            }
        }
        return round
    }

    private func send(_ round: WatchdogRound) {
        let reply = Reply<Void> { [disk = stations.disk, waiter] in
            round.written(disk.touch())
            waiter.submit { state in if case .active = state { round.settled(disk.settle()) } }
        }
        if !stations.inbox.put(.pulse(taken: { round.taken() }, reply)) { round.abandoned() }
    }

    // MARK: - Health

    private func report(late: Vigil.Stage?, fault: CInt) {
        let message: JournalMessage? =
            if let late {
                .roundsLate(after: limit / 2_000_000, waitingFor: late)
            } else if fault != 0 {
                .smallWriteFails(fault)
            } else {
                nil
            }
        if health.report(.watchdog, message?.text) { logger.report(message ?? .roundsInTime) }
    }
}
