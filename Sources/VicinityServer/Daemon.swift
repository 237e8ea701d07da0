// The table of contents: what the daemon is made of, in the order in which it comes up, and goes down.
//
//     directories → lock → sockets bound → store opened → engine recovered → doors opened → READY=1
//     … until SIGTERM …
//     doors closed → reading stopped → last work done → last commit → last acks and events → connections left to the next process → store closed
//
// Bytes of gateways come in by `IngestSession`, become a batch, and go through the inbox to the engine's thread (`EngineThread`), which drives the
// writer (`Writer`). What comes of it goes as a commit to the store's thread (`StoreThread`), which makes it durable, and only then tells the
// gateways (`Receipt`) and the feed (`Feed`), from which the subscribers' sessions (`EventsSession`) read. Operators' requests
// (`ControlService`) and the subscribers' cursors go the same way. What is decided on this way is in VicinityPipeline, which knows
// no thread, socket or clock; here is what drives it.

internal import CLinux
internal import Glibc
package import Logging
internal import NIOCore
internal import NIOPosix
import ServiceLifecycle
import Synchronization
package import UnixSignals
package import VicinityConfiguration
import VicinityCore
import VicinityPipeline
import VicinityStore
package import VicinitySystem
import VicinityTransport
import VicinityWire

/// The daemon, from the moment that its directories and sockets are its own until the last event is sent.
package struct Daemon: Service {
    private let premises: Premises
    private let effective: EffectiveConfiguration
    private let load: @Sendable () -> Result<EffectiveConfiguration, ConfigurationErrors>
    private let output: LogOutput
    private let logger: Logger
    private let reloads: UnixSignalsSequence
    private let notifier = Notifier()

    /// - Parameters:
    ///   - premises: directories, lock and sockets.
    ///   - load: reads the configuration again, for a reload.
    ///   - output: where log lines go; a reload sets its level.
    ///   - reloads: an element for each wish to reload.
    package init(
        _ premises: Premises, _ effective: EffectiveConfiguration, output: LogOutput, logger: Logger, reloads: UnixSignalsSequence,
        load: @escaping @Sendable () -> Result<EffectiveConfiguration, ConfigurationErrors>
    ) {
        self.premises = premises
        self.effective = effective
        self.output = output
        self.logger = logger
        self.reloads = reloads
        self.load = load
    }

    /// Comes up, serves until it is asked to stop, and goes down in order.
    ///
    /// - Throws: ``StartFailure``.
    package func run() async throws {
        let started = vicinity_monotonic_milliseconds()
        let configuration = effective.values
        for warning in effective.warnings { logger.report(.configurationDoubtful(warning)) }

        let startup = StartupProgress(notifier: notifier, logger: logger, size: SQLiteStore.size(in: premises.stateDirectory))
        let store = try openStore(configuration, startup)
        if let renewal = store.renewal { logger.report(.logRenewed(renewal)) }
        let threads = NIOThreadPool(numberOfThreads: 2)
        let engineThread = NIOThreadPool(numberOfThreads: 1)
        let storeThread = NIOThreadPool(numberOfThreads: 1)
        for pool in [threads, engineThread, storeThread] { pool.start() }
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: Bounds.loops(processors: System.coreCount))

        let inbox = Inbox<Work>(bound: Bounds.inbox)
        let slot = CommitSlot { inbox.wake() }
        let statistics = Statistics()
        let health = Health()
        let progress = Progress()
        if case .broken(let number) = store.auditStart {
            let message = JournalMessage.auditBroken(before: number)
            logger.report(message)
            health.report(.audit, message.text)
        }
        let feed = Feed(head: store.head.seq, oldest: try oldest(in: store))
        let seed = UInt64.random(in: .min ... .max)
        let timing = Mutex(Timing(configuration))

        let pipeline = Pipeline(engine: engineThread, store: storeThread)
        let storeWork = StoreThread(
            store: store,
            committer: Committer(store: store, feed: feed, statistics: statistics, clock: { vicinity_monotonic_nanoseconds() }), slot: slot,
            feed: feed, health: health,
            progress: progress, logger: logger, settings: { timing.withLock(\.retention) },
            erased: { _ = inbox.put(.erased($0)) },
            fail: { [logger, output] fault in
                // Nothing that is not durable has been announced. Who resends is whole again.
                logger.report(.storeFailed(fault))
                output.finish()
                _exit(ExitStatus.store.rawValue)
            })
        do {
            try await pipeline.start(
                EngineStart(
                    store: store, rules: Rules(configuration), hashSeed: seed, precisionKey: try precisionKey(), logger: logger,
                    commitInterval: { timing.withLock(\.commitInterval) },
                    inbox: inbox, slot: slot, statistics: statistics, progress: progress, restored: { startup.restored($0) }),
                storeWork)
        } catch {
            store.abandon()
            throw error
        }
        startup.end()

        let keeperThread = NIOThreadPool(numberOfThreads: 1)
        keeperThread.start()
        let keeper = premises.hasKeeper ? makeKeeper(on: keeperThread) : nil
        let disk = DiskWatch(directory: premises.stateDirectory)
        let doors = Doors(
            loops: loops, inbox: inbox, slot: slot, feed: feed, store: store, threads: threads, statistics: statistics, health: health,
            hasher: IDHasher(seed: seed), started: started, logger: logger,
            limit: ConnectionLimit(maximum: configuration.limits.connections), disk: disk, keeper: keeper)
        let reloading = SettingsService.Reloading(
            load: load, began: { [notifier] in notifier.reloading() },
            apply: { [output, logger] values in
                output.level = Logger.Level(values.logLevel)
                doors.apply(values)
                timing.withLock { $0 = Timing(values) }
                if !inbox.put(.configure(Rules(values))) { logger.report(.settingsTooLate) }
            },
            ended: { [notifier] in notifier.reloaded() })
        let settings = SettingsService(effective, ownUser: getuid(), logger: logger, reloading)
        let recovery = vicinity_monotonic_milliseconds() - started
        statistics.birth = Statistics.Birth(time: vicinity_unix_milliseconds() - recovery, recovery: recovery, head: feed.head)
        try await doors.open(premises.takeSockets(), settings: settings)
        notifier.ready(StatusText(snapshot: statistics.snapshot, rates: (0, 0), trouble: health.sentences).text)
        logger.report(
            .ready(
                users: statistics.snapshot.users, subjects: statistics.snapshot.subjects, head: feed.head,
                milliseconds: vicinity_monotonic_milliseconds() - started))

        let watchdog = Notifier.watchdogInterval.map { limit in
            Watchdog(
                limit: limit,
                stations: Watchdog.Stations(
                    loops: loops.makeIterator().map { $0 }, inbox: inbox, disk: store, device: BlockDevice(of: premises.stateDirectory)),
                progress: progress, health: health, logger: logger, feed: { [notifier] in notifier.watchdog() })
        }
        await serve(
            doors, health: { timing.withLock(\.health) }, settings: settings, statistics: statistics, health: health, disk: disk, watchdog)

        notifier.stopping("stopping: dealing with what was read")
        logger.report(.stopping)
        let stop = LongWork(
            "stopping: dealing with what was read", .counted, request: Self.stopRequest, notifier: notifier,
            count: { progress.engine &+ progress.store })
        storeWork.stop()
        await doors.stopReading()
        inbox.finish()
        try await pipeline.finished()
        await doors.handOver()
        await doors.close(within: .seconds(5))
        keeper?.finish()
        stop.begin("stopping: closing the log", Patience.reading(bytes: Self.greatestWAL))
        let isClosed = close(store)
        stop.end()
        try await loops.shutdownGracefully()
        for pool in [threads, engineThread, storeThread, keeperThread] { try await pool.shutdownGracefully() }
        guard isClosed else { throw StartFailure(.store, "stopped, but the log was not closed in order") }
        logger.report(.stopped(head: feed.head))
    }

    /// How long the manager is to wait for the stop from then on each time that it is asked: `TimeoutStopSec=` of the unit.
    static let stopRequest: Duration = .seconds(15)
    /// Bytes that the WAL holds at the most, as long as no reader is in its way, and that are copied at the end.
    private static let greatestWAL: Int64 = 64 << 20

    /// What keeps connections, its messages being sent by the thread.
    private func makeKeeper(on thread: NIOThreadPool) -> Keeper {
        let descriptors = DescriptorStore { [logger] code in logger.report(.connectionsNotKept(code)) }
        thread.submit { _ in
            _ = vicinity_set_thread_name("keeper")
            descriptors.run()
        }
        return Keeper(store: descriptors, process: UInt64.random(in: .min ... .max))
    }

    private func openStore(_ configuration: Configuration, _ startup: StartupProgress) throws -> SQLiteStore {
        let durability: Durability =
            switch configuration.durability {
            case .process: .process
            case .power: .power
            }
        do {
            let key = try AuditKey.installed(directory: premises.stateDirectory)
            return try SQLiteStore.open(directory: premises.stateDirectory, durability: durability, copying: .beside, auditKey: key) {
                startup.opening($0)
            }
        } catch {
            throw StartFailure(.store, "\(error)")
        }
    }

    private func precisionKey() throws(StartFailure) -> PrecisionKey {
        do throws(StoreFault) {
            return try PrecisionKey.installed(directory: premises.stateDirectory)
        } catch {
            throw StartFailure(.store, "\(error)")
        }
    }

    private func oldest(in store: SQLiteStore) throws -> Int64 {
        do {
            return try store.oldest()
        } catch {
            throw StartFailure(.store, "\(error)")
        }
    }

    /// - Returns: whether the next start will find it in order.
    private func close(_ store: SQLiteStore) -> Bool {
        do {
            try store.close()
            return true
        } catch {
            logger.report(.logNotClosed(error))
            return false
        }
    }

    /// Reloads on SIGHUP, tells the manager once a second how it goes, and that it goes, until the stop is asked for.
    private func serve(
        _ doors: Doors, health limits: @escaping @Sendable () -> Configuration.Health, settings: SettingsService, statistics: Statistics,
        health: Health, disk: DiskWatch, _ watchdog: Watchdog?
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [reloads] in for await _ in reloads.cancelOnGracefulShutdown() { settings.reload() } }
            group.addTask { [notifier, output, logger] in
                var watch = HealthWatch()
                repeat {
                    let sight = HealthWatch.Sight(statistics, disk, health)
                    for (part, sentence) in watch.look(sight, limits: limits()) where health.report(part, sentence) {
                        logger.report(sentence.map { .degraded(part, $0) } ?? .recovered(part))
                    }
                    disk.ask()
                    statistics.sample(now: vicinity_monotonic_milliseconds())
                    // So that what `metrics` tells of them is of this second.
                    _ = doors.askGateways()
                    let status = StatusText(
                        snapshot: statistics.snapshot, rates: statistics.rates, trouble: health.sentences,
                        unnamedLag: doors.askSubscribers().unnamedLag)
                    notifier.status(status.text)
                    output.sumUp()
                } while await Self.sleep(for: .seconds(1))
            }
            group.addTask {
                var watch = FreeMemoryWatch()
                while await Self.sleep(for: FreeMemoryWatch.interval) {
                    if watch.isDue(free: FreeMemory.bytes) { FreeMemory.giveBack() }
                }
            }
            if let watchdog { group.addTask { await watchdog.run { await Self.sleep(for: .nanoseconds($0)) } } }
            await group.waitForAll()
        }
    }

    /// - Returns: whether to go on: no stop has been asked for.
    private static func sleep(for duration: Duration) async -> Bool {
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
        return !Task.isShuttingDownGracefully && !Task.isCancelled
    }
}

/// What the two threads of the pipeline know of the settings.
private struct Timing: Sendable {
    /// How long a commit waits for company, in nanoseconds.
    var commitInterval: Int64
    var retention: RetentionSettings
    var health: Configuration.Health

    init(_ configuration: Configuration) {
        commitInterval = configuration.delivery.commitInterval.milliseconds * 1_000_000
        retention = RetentionSettings(
            span: configuration.delivery.retention.milliseconds, events: Int64(configuration.delivery.retentionEvents),
            auditSpan: configuration.privacy.auditRetention.milliseconds)
        health = configuration.health
    }
}

extension Logger.Level {
    package init(_ level: Configuration.LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}

extension HealthWatch.Sight {
    /// What there is to be seen now.
    fileprivate init(_ statistics: Statistics, _ disk: DiskWatch, _ health: Health) {
        let now = vicinity_monotonic_nanoseconds()
        let snapshot = statistics.snapshot
        self.init(
            now: now / 1_000_000, longestCommit: statistics.takeLongestCommit() / 1_000_000,
            disk: disk.answer(now: now / 1_000_000),
            isStoreWaiting: health.troubles.contains { $0.part == .store }, head: snapshot.head, subscribers: snapshot.subscribers)
    }
}
