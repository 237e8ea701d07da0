package import VicinityStore

/// Makes commits durable, one after the other, and only then tells anybody.
package struct Committer: Sendable {
    private let store: any LogStore
    private let feed: Feed
    private let statistics: Statistics

    /// What became of a try.
    package enum Outcome: Sendable {
        /// The commit is durable, and everybody has been told.
        case done
        /// It is not durable and may be tried again: the cause lies outside, and nothing is in doubt.
        case waits(StoreFault)
        /// It is not durable and never will be; the store is of no more use.
        case failed(StoreFault)
    }

    package init(store: any LogStore, feed: Feed, statistics: Statistics) {
        self.store = store
        self.feed = feed
        self.statistics = statistics
    }

    /// Tries to make a commit durable.
    package func attempt(_ open: OpenCommit) -> Outcome {
        if open.isChange {
            do {
                try store.append(open.commit)
            } catch {
                return error.mayPass ? .waits(error) : .failed(error)
            }
        }
        statistics.publish(open.snapshot)
        feed.publish(open.commit.blocks, farewells: open.farewells)
        open.announce()
        return .done
    }
}
