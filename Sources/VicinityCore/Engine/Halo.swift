/// The disc of a radius around a place: what is near.
struct Disc {
    let viewpoint: Viewpoint
    /// d ≤ r.
    let near: Edge

    /// - Parameter margin: metres beyond the radius that will be judged as well.
    @inline(__always)
    init(_ center: Coordinate, radius: Double, margin: Double, metrics: MetricTable) {
        self.init(center, radius: radius, margin: margin, metric: metrics.metric(at: center.latitude))
    }

    /// - Parameters:
    ///   - margin: metres beyond the radius that will be judged as well.
    ///   - metric: that of the latitude of the centre.
    @inline(__always)
    init(_ center: Coordinate, radius: Double, margin: Double, metric: LocalMetric) {
        // A quarter more, so that a step of that size can be judged from either end.
        viewpoint = Viewpoint(center, range: radius * 1.25 + margin + 256, metric: metric)
        near = Edge(radius, from: viewpoint)
    }

    var radius: Double { near.meters }

    @inline(__always)
    func squaredDistance(latitude: Int32, longitude: Int32) -> Double {
        viewpoint.squaredDistance(latitude: latitude, longitude: longitude)
    }

    /// Whether a point is near, by the disc's own metric.
    @inline(__always)
    func isNear(latitude: Int32, longitude: Int32) -> Bool {
        isNear(latitude: latitude, longitude: longitude, squared: squaredDistance(latitude: latitude, longitude: longitude))
    }

    @inline(__always)
    func isNear(latitude: Int32, longitude: Int32, squared: Double) -> Bool {
        near.holds(viewpoint, latitude: latitude, longitude: longitude, squared: squared)
    }
}

/// Where a user stands when pairs are evaluated, with the edges that decide.
struct Halo {
    let disc: Disc
    /// d ≤ r + leave margin + min(a, cap).
    let reach: Edge
    let mayEnter: Bool

    @inline(__always)
    init(center: Coordinate, radius: Double, accuracy: Double, rules: Rules, metrics: MetricTable) {
        self.init(center: center, radius: radius, accuracy: accuracy, rules: rules, metric: metrics.metric(at: center.latitude))
    }

    /// - Parameter metric: that of the latitude of the centre.
    @inline(__always)
    init(center: Coordinate, radius: Double, accuracy: Double, rules: Rules, metric: LocalMetric) {
        let margin = rules.leaveMargin + min(accuracy, rules.accuracyCap)
        disc = Disc(center, radius: radius, margin: margin, metric: metric)
        reach = Edge(radius + margin, from: disc.viewpoint)
        mayEnter = rules.accuracyCap == 0 || accuracy <= radius
    }

    /// What the user's pair with a subject at this place is to be told.
    @inline(__always)
    func measure(latitude: Int32, longitude: Int32) -> PairState.Measure {
        measure(latitude: latitude, longitude: longitude, squared: disc.squaredDistance(latitude: latitude, longitude: longitude))
    }

    /// - Parameter squared: of the distance in the metric of the disc, in square metres.
    @inline(__always)
    func measure(latitude: Int32, longitude: Int32, squared: Double) -> PairState.Measure {
        if disc.isNear(latitude: latitude, longitude: longitude, squared: squared) {
            return PairState.Measure(isNear: true, isBeyond: false)
        }
        let isWithinReach = reach.holds(disc.viewpoint, latitude: latitude, longitude: longitude, squared: squared)
        return PairState.Measure(isNear: false, isBeyond: !isWithinReach)
    }
}
