package import Synchronization
import VicinityCore
package import VicinityMetrics

/// Numbers that several threads write and `status` reads.
package final class Statistics: Sendable {
    private struct State {
        var snapshot = Snapshot()
        var rates = (fixes: 0.0, events: 0.0)
        var lastSample: (time: Int64, fixes: Int64, events: Int64)?
        var birth = Birth()
        /// The longest since ``takeLongestCommit()``, in nanoseconds.
        var longestCommit: Int64 = 0
    }

    /// How this run of the daemon began.
    package struct Birth: Sendable {
        /// Unix milliseconds.
        package var time: Int64
        /// Milliseconds until it was ready.
        package var recovery: Int64
        /// The seq of the newest event then.
        package var head: Int64

        package init(time: Int64 = 0, recovery: Int64 = 0, head: Int64 = 0) {
            self.time = time
            self.recovery = recovery
            self.head = head
        }
    }

    private let state = Mutex(State())

    /// How long the store took for each commit.
    package let commits = LatencyHistogram()
    /// How long ago each line was read when it became durable.
    package let acks = LatencyHistogram()
    /// How long ago the first fix of its commit was read when an event was given to a subscriber.
    package let deliveries = LatencyHistogram()
    /// Bytes in the open commit, roughly.
    package let openCommit = Atomic<Int>(0)

    package init() {}

    /// Makes the numbers of a commit the present ones.
    package func publish(_ snapshot: Snapshot) { state.withLock { $0.snapshot = snapshot } }

    package var birth: Birth {
        get { state.withLock(\.birth) }
        set { state.withLock { $0.birth = newValue } }
    }

    /// A commit has become durable.
    ///
    /// - Parameters:
    ///   - time: how long that took, in nanoseconds.
    ///   - isRetry: whether it had been tried before: then it waited for something that is told of by itself.
    func committed(after time: Int64, isRetry: Bool) {
        commits.record(time)
        if !isRetry { state.withLock { $0.longestCommit = max($0.longestCommit, time) } }
    }

    /// The longest commit since this was last asked, in nanoseconds; 0 if there was none.
    package func takeLongestCommit() -> Int64 {
        state.withLock { state in
            defer { state.longestCommit = 0 }
            return state.longestCommit
        }
    }

    package var snapshot: Snapshot { state.withLock(\.snapshot) }

    /// Accepted fixes and events a second, between the last two samples.
    package var rates: (fixes: Double, events: Double) { state.withLock(\.rates) }

    /// Takes a sample for the rates; call it about once a second.
    ///
    /// - Parameter now: monotonic milliseconds.
    package func sample(now: Int64) {
        state.withLock { state in
            let fixes = state.snapshot.tally.accepted
            let events = state.snapshot.head
            if let last = state.lastSample, now > last.time {
                let seconds = Double(now - last.time) / 1000
                state.rates = (Double(fixes - last.fixes) / seconds, Double(events - last.events) / seconds)
            }
            state.lastSample = (now, fixes, events)
        }
    }
}
