internal import CLinux
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

    /// - Parameter commitInterval: how long a commit waits for company, in nanoseconds, as configured now.
    init(
        _ writer: consuming Writer, commitInterval: @escaping @Sendable () -> Int64, inbox: Inbox<Work>, slot: CommitSlot,
        progress: Progress
    ) {
        self.writer = writer
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
                writer.handle(work, now: .present)
                progress.engineAdvanced()
            case .nothing: writer.advance(to: .present)
            case .finished:
                progress.whileWaitingForStore { slot.waitUntilFree() }
                if !writer.isEmpty { handOver() }
                progress.whileWaitingForStore { slot.finish() }
                return
            }
            if openSince == nil, !writer.isEmpty { openSince = vicinity_monotonic_nanoseconds() }
            handOverIfDue()
        }
    }

    private mutating func handOverIfDue() {
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
