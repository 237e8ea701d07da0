import Glibc
import Logging
import VicinityStore

// The store's thread: makes commits durable, one after the other, and only then tells anybody.

/// Works off commits.
struct StoreThread: Sendable {
    let store: any LogStore
    let slot: CommitSlot
    let feed: Feed
    let statistics: Statistics
    let logger: Logger
    /// Called once if the store cannot go on; the daemon ends, and nothing more is announced.
    let fail: @Sendable (StoreFault) -> Void

    /// How long a commit waits before it is tried again where the cause may pass, in microseconds.
    private static var retryAfter: UInt32 { 500_000 }

    /// Works until there will be no further commit.
    func run() {
        while let open = slot.take() {
            guard append(open) else { return }
            statistics.publish(open.snapshot)
            feed.publish(open.commit.blocks)
            open.announce()
            slot.done()
        }
    }

    /// - Returns: whether the commit is durable; if not, it never will be.
    private func append(_ open: OpenCommit) -> Bool {
        guard open.isChange else { return true }
        var isTold = false
        while true {
            do {
                try store.append(open.commit)
                if isTold { logger.notice("the store works again") }
                return true
            } catch {
                guard error.mayPass else {
                    fail(error)
                    return false
                }
                if !isTold { logger.error("the store waits: \(error)") }
                isTold = true
                usleep(Self.retryAfter)
            }
        }
    }
}
