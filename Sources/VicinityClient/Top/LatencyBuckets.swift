// A histogram, and what it says about a span of time: the daemon counts from its start, and the difference of two readings is what
// happened between them.

/// How often something took how long.
package struct LatencyBuckets: Equatable, Sendable {
    /// Where the time lies that so many took at most.
    package enum Percentile: Equatable, Sendable {
        /// In seconds.
        case at(Double)
        /// Above the last bound, in seconds; nobody knows how far.
        case above(Double)
    }

    /// Upper bounds in seconds, ascending, all finite.
    package let bounds: [Double]
    /// By bucket, each for itself; the last one is of what lies above all bounds.
    package let counts: [Double]

    package init(bounds: [Double], counts: [Double]) {
        precondition(counts.count == bounds.count + 1, "one bucket lies above all bounds")
        self.bounds = bounds
        self.counts = counts
    }

    package var count: Double { counts.reduce(0, +) }

    /// What was added since an earlier reading.
    ///
    /// - Returns: `nil` if that was not of the same histogram: it has other bounds, or held more.
    package func since(_ earlier: LatencyBuckets) -> LatencyBuckets? {
        guard bounds == earlier.bounds else { return nil }
        let added = zip(counts, earlier.counts).map { $0 - $1 }
        return added.allSatisfy { $0 >= 0 } ? LatencyBuckets(bounds: bounds, counts: added) : nil
    }

    /// The time that a share of all took at most.
    ///
    /// Within its bucket it is interpolated, as if the times lay there evenly, so that it is off by a bucket's width at most.
    ///
    /// - Parameter share: above 0, up to 1.
    /// - Returns: `nil` if nothing happened.
    package func percentile(_ share: Double) -> Percentile? {
        let rank = share * count
        guard rank > 0 else { return nil }
        var before = 0.0
        for (index, bound) in bounds.enumerated() {
            if counts[index] > 0, before + counts[index] >= rank {
                let lower = index > 0 ? bounds[index - 1] : 0
                return .at(lower + (bound - lower) * (rank - before) / counts[index])
            }
            before += counts[index]
        }
        return .above(bounds.last ?? 0)
    }
}
