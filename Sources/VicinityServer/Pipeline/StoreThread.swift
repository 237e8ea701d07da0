internal import CLinux
import Glibc
import Logging
import Synchronization
import VicinityPipeline
import VicinityStore

// The store's thread: makes commits durable, one after the other, and between them lets go of what need not be kept.

/// Works off commits.
final class StoreThread: Sendable {
    private let store: any LogStore
    private let committer: Committer
    private let slot: CommitSlot
    private let feed: Feed
    private let health: Health
    private let progress: Progress
    private let logger: Logger
    private let settings: @Sendable () -> RetentionSettings
    private let erased: @Sendable ([Erasure]) -> Void
    private let fail: @Sendable (StoreFault) -> Void
    /// When the daemon was asked to stop, in monotonic milliseconds; 0 if it was not.
    private let stopping = Atomic<Int64>(0)

    /// How long a commit waits before it is tried again where the cause may pass, in microseconds.
    private static var retryAfter: UInt32 { 250_000 }
    /// How long a commit is still tried once the daemon is to stop, in milliseconds.
    private static var lastTries: Int64 { 5000 }

    /// - Parameters:
    ///   - settings: how long events are kept, as configured now.
    ///   - erased: called with erasures of which nothing is left.
    ///   - fail: called once if the store cannot go on; the daemon ends, and nothing more is announced.
    init(
        store: any LogStore, committer: Committer, slot: CommitSlot, feed: Feed, health: Health, progress: Progress, logger: Logger,
        settings: @escaping @Sendable () -> RetentionSettings, erased: @escaping @Sendable ([Erasure]) -> Void,
        fail: @escaping @Sendable (StoreFault) -> Void
    ) {
        self.store = store
        self.committer = committer
        self.slot = slot
        self.feed = feed
        self.health = health
        self.progress = progress
        self.logger = logger
        self.settings = settings
        self.erased = erased
        self.fail = fail
    }

    /// Says that the daemon stops: a commit that cannot be made durable is not tried for ever any more.
    func stop() { stopping.store(max(1, vicinity_monotonic_milliseconds()), ordering: .relaxed) }

    /// Works until there will be no further commit.
    ///
    /// - Returns: whether every commit is durable.
    func run() -> Bool {
        var watch = ClockWatch()
        var keeper = RetentionKeeper(now: vicinity_monotonic_milliseconds())
        var eraser = ErasureKeeper()
        var watched: Int64 = 0
        while true {
            switch slot.take(until: min(keeper.deadline, eraser.deadline) * 1_000_000) {
            case .commit(let open):
                guard carryThrough(open) else { return false }
                eraser.committed()
                slot.done()
            case .prune(let request): keeper.add(request)
            case .nothing: break
            case .finished: return true
            }
            let now = vicinity_monotonic_milliseconds()
            guard erase(&eraser, now: now) else { return false }
            if now >= watched + 1000 {
                watched = now
                look(at: &watch)
            }
            guard retain(&keeper, clock: watch.isTrusted ? vicinity_unix_milliseconds() : nil, now: now) else { return false }
        }
    }

    // MARK: - Commits

    /// - Returns: whether the commit is durable; if not, it never will be.
    private func carryThrough(_ open: OpenCommit) -> Bool {
        var isRetry = false
        while true {
            let outcome = committer.attempt(open, isRetry: isRetry)
            isRetry = true
            progress.storeAdvanced()
            switch outcome {
            case .done:
                if health.report(.store, nil) { logger.report(.storeWorksAgain) }
                return true
            case .waits(let fault):
                if health.report(.store, "the store waits: \(fault)") {
                    logger.report(.storeWaits(fault))
                }
                let stopped = stopping.load(ordering: .relaxed)
                if stopped > 0, vicinity_monotonic_milliseconds() - stopped > Self.lastTries {
                    fail(fault)
                    return false
                }
                usleep(Self.retryAfter)
            case .failed(let fault):
                fail(fault)
                return false
            }
        }
    }

    // MARK: - Erasures

    /// - Returns: whether the store can go on.
    private func erase(_ eraser: inout ErasureKeeper, now: Int64) -> Bool {
        do throws(StoreFault) {
            guard try eraser.step(store, feed: feed, now: now, done: erased) else { return true }
            if eraser.hasMore { progress.storeAdvanced() }
            if health.report(.erasure, nil) { logger.report(.erasureWorksAgain) }
            return true
        } catch {
            return goesOn(error, .erasure, .erasureFails(error))
        }
    }

    /// Tells of a fault that may pass, or that is in what is old.
    ///
    /// - Returns: whether the store can go on.
    private func goesOn(_ fault: StoreFault, _ part: Health.Part, _ message: JournalMessage) -> Bool {
        var isEnd = !fault.mayPass
        if case .damaged = fault { isEnd = false }
        guard !isEnd else {
            fail(fault)
            return false
        }
        if health.report(part, message.text) { logger.report(message) }
        return true
    }

    // MARK: - Retention

    /// - Returns: whether the store can go on.
    private func retain(_ keeper: inout RetentionKeeper, clock: Int64?, now: Int64) -> Bool {
        do throws(StoreFault) {
            // Subscribers are told first, so that whoever is answered finds it done.
            let tell = { [feed] (step: RetentionStep) in feed.retained(from: step.oldest) }
            guard let step = try keeper.step(store, settings: settings(), clock: clock, now: now, telling: tell) else { return true }
            if step.removed > 0 || step.auditRemoved > 0 || !step.isDone || !step.isSwept { progress.storeAdvanced() }
            health.report(.retention, nil)
            // What could not be read may be gone; whoever still meets it reports it again.
            if step.removed > 0 { health.report(.log, nil) }
            if let message = step.auditDamage.map(JournalMessage.auditEntriesStay), health.report(.audit, message.text) {
                logger.report(message)
            }
            return true
        } catch {
            return goesOn(error, .retention, .retentionFails(error))
        }
    }

    private func look(at watch: inout ClockWatch) {
        let leap = watch.sample(unix: vicinity_unix_milliseconds(), steady: vicinity_boot_milliseconds())
        if let leap {
            logger.report(.clockSet(by: leap.by))
        }
        health.report(.clock, watch.recentLeap.map { "the system's clock was set by \($0) ms within the last hour" })
    }
}
