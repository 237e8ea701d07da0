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
    package func attempt(_ open: OpenCommit) -> Outcome {
        if open.isChange {
            statistics.commitBegins(now: clock())
            do {
                try store.append(open.commit)
            } catch {
                statistics.commitEnds(isDone: false, now: clock())
                return error.mayPass ? .waits(error) : .failed(error)
            }
            statistics.commitEnds(isDone: true, now: clock())
        }
        statistics.publish(open.snapshot)
        feed.publish(open.commit.blocks, farewells: open.farewells, arrived: open.arrivals.map(\.time).min())
        open.announce()
        let now = open.arrivals.isEmpty ? 0 : clock()
        for arrival in open.arrivals { statistics.acks.record(now - arrival.time, count: Int(arrival.lines)) }
        return .done
    }
}
