internal import CLinux
import Synchronization
import VicinityCore
import VicinityPipeline

// The engine's thread: drives the writer.
//
// It takes work from the inbox and gives it to the writer. The writer's commit goes to the store's thread when it has waited for company long
// enough and the store is free; while the store is busy the commit grows, so that under load commits get larger by themselves (group commit).
// If it has grown to its bound the thread waits for the store, the inbox fills, and the gateways' sockets are no longer read: back-pressure
// from the disk to the gateways without a dropped line.

/// Gives work to the writer and hands its commits over.
struct EngineThread: ~Copyable {
    private var writer: Writer
    /// When the first work of the open commit was done, on the monotonic clock, in nanoseconds.
    private var openSince: Int64?
    /// Nanoseconds.
    private let commitInterval: @Sendable () -> Int64
    private let inbox: Inbox<Work>
    private let slot: CommitSlot
    private let progress: Progress
    private let statistics: Statistics

    /// - Parameter commitInterval: how long a commit waits for company, in nanoseconds, as configured now.
    init(
        _ writer: consuming Writer, commitInterval: @escaping @Sendable () -> Int64, inbox: Inbox<Work>, slot: CommitSlot,
        progress: Progress, statistics: Statistics
    ) {
        self.writer = writer
        self.statistics = statistics
        self.commitInterval = commitInterval
        self.inbox = inbox
        self.slot = slot
        self.progress = progress
    }

    var snapshot: Snapshot { mutating get { writer.snapshot } }

    /// Works until the inbox is finished and empty, and hands over the last commit.
    mutating func run() {
        while true {
            // While the store works there is nothing to hand over, and its end wakes us.
            let commit = slot.isFree ? openSince.map { $0 + commitInterval() } : nil
            let timer = writer.wake(now: .present).map { $0 * 1_000_000 }
            switch inbox.take(until: [commit, timer].compactMap(\.self).min()) {
            case .element(let work):
                let now = ClockReading.present
                letHappen(now)
                writer.handle(work, now: now)
                progress.engineAdvanced()
            case .nothing: letHappen(.present)
            case .finished:
                progress.whileWaitingForStore { slot.waitUntilFree() }
                if !writer.isEmpty { handOver() }
                progress.whileWaitingForStore { slot.finish() }
                return
            }
            handOverIfDue()
        }
    }

    /// Lets happen what is due by the clocks, in pieces where it is much: everybody falls silent at the same moment if the daemon was started anew and no
    /// gateway comes back. A million users with eight million pairs took 16 s, and were one commit, as long as the watchdog let them.
    private mutating func letHappen(_ now: ClockReading) {
        writer.advance(to: now, atMost: Self.piece)
        while writer.isBehindClock {
            handOverIfDue()
            progress.engineAdvanced()
            writer.advance(to: now, atMost: Self.piece)
        }
    }

    /// Events, and what they come of, between two looks at the commit: a tenth of a second.
    private static let piece = 50_000

    private mutating func handOverIfDue() {
        statistics.openCommit.store(writer.openSize, ordering: .relaxed)
        if openSince == nil, !writer.isEmpty { openSince = vicinity_monotonic_nanoseconds() }
        guard let openSince else { return }
        if writer.isFull {
            progress.whileWaitingForStore { slot.waitUntilFree() }
            handOver()
        } else if slot.isFree, writer.isUrgent || vicinity_monotonic_nanoseconds() >= openSince + commitInterval() {
            handOver()
        }
    }

    private mutating func handOver() {
        openSince = nil
        slot.put(writer.takeCommit(now: vicinity_unix_milliseconds()))
    }
}

extension ClockReading {
    /// What the machine's clocks say now.
    static var present: ClockReading {
        ClockReading(wall: vicinity_unix_milliseconds(), steady: vicinity_monotonic_nanoseconds() / 1_000_000)
    }
}
