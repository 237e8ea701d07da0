import Synchronization

/// How often something took how long.
///
/// Many threads record and one reads. A record takes a lock for some ten nanoseconds: it is for commits and blocks of events, not for fixes.
package final class LatencyHistogram: Sendable {
    /// The upper bounds of the buckets in nanoseconds, from 100 µs to 10 s in steps of 2 to 2.5; what is longer is in one bucket more.
    package static let bounds: [Int64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// What was recorded.
    package struct Reading: Sendable, Equatable {
        /// By bucket, each for itself; one more than ``LatencyHistogram/bounds``.
        package var counts = [UInt64](repeating: 0, count: LatencyHistogram.bounds.count + 1)
        /// Of all times, in nanoseconds.
        package var sum: UInt64 = 0

        package init() {}

        package var count: UInt64 { counts.reduce(0, &+) }
    }

    private let state = Mutex(Reading())

    package init() {}

    package var reading: Reading { state.withLock { $0 } }

    /// - Parameters:
    ///   - nanoseconds: below 0 counts as 0.
    ///   - count: how many took so long.
    package func record(_ nanoseconds: Int64, count: Int = 1) {
        guard count > 0 else { return }
        let time = max(0, nanoseconds)
        let bucket = Self.bounds.firstIndex { time <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.counts[bucket] &+= UInt64(count)
            state.sum &+= UInt64(time) &* UInt64(count)
        }
    }
}
