import VicinityMetrics
package import VicinityStore

/// Makes commits durable, one after the other, and only then tells anybody.
package struct Committer: Sendable {
    private let store: any LogStore
    private let feed: Feed
    private let statistics: Statistics
    private let clock: @Sendable () -> Int64

    /// What became of a try.
    package enum Outcome: Sendable {
        /// The commit is durable, and everybody has been told.
        case done
        /// It is not durable and may be tried again: the cause lies outside, and nothing is in doubt.
        case waits(StoreFault)
        /// It is not durable and never will be; the store is of no more use.
        case failed(StoreFault)
    }

    /// - Parameter clock: monotonic nanoseconds.
    package init(store: any LogStore, feed: Feed, statistics: Statistics, clock: @escaping @Sendable () -> Int64 = { 0 }) {
        self.clock = clock
        self.store = store
        self.feed = feed
        self.statistics = statistics
    }

    /// Tries to make a commit durable.
    ///
    /// - Parameter isRetry: whether the same was tried before.
    package func attempt(_ open: OpenCommit, isRetry: Bool = false) -> Outcome {
        if open.isChange {
            let began = clock()
            do {
                try store.append(open.commit)
            } catch {
                return error.mayPass ? .waits(error) : .failed(error)
            }
            statistics.committed(after: clock() - began, isRetry: isRetry)
        }
        statistics.publish(open.snapshot)
        feed.publish(open.commit.blocks, farewells: open.farewells, arrived: open.arrivals.map(\.time).min())
        open.announce()
        let now = open.arrivals.isEmpty ? 0 : clock()
        for arrival in open.arrivals { statistics.acks.record(now - arrival.time, count: Int(arrival.lines)) }
        return .done
    }
}
