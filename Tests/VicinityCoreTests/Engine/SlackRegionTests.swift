import Testing
import VicinitySimulation

@testable import VicinityCore

/// A region promises that no pair changes while the user stays in it; held against the geodesic.
@Suite("Slack regions")
struct SlackRegionTests {
    private static let metrics = MetricTable()

    @Test("A direction of the compass is no farther from the true one than is said")
    func compass() {
        let compass = Compass()
        var worst: Float = 0
        for step in 0..<100_000 {
            let angle = UnitAngle(units: Int64(step) * 36_000 - 1_800_000_000)
            let vector = SIMD2(Float(angle.cosine), Float(angle.sine))
            let length = compass.length(of: vector, along: Compass.direction(east: vector.x, north: vector.y))
            // 1 − cos δ ≈ δ² / 2
            worst = max(worst, (2 * max(0, 1 - length)).squareRoot())
        }
        #expect(worst <= Compass.error)
        #expect(worst > Compass.error * 0.98, "a bound that is too wide takes from every slack")
    }

    /// As the engine makes them: subjects at any distance, a region round the anchor, steps in any direction.
    @Test("Whoever is outside stays beyond the radius, whoever is inside within the threshold", arguments: [0, 48.1, -62, 80.5])
    func promise(latitude: Double) {
        var random = SeededRandom(seed: 5)
        let compass = Compass()
        let anchor = Coordinate(latitude: Int32(latitude * 1e7), longitude: 115_755_000)
        var (held, cutOff, widened, broken) = (0, 0, 0, 0)
        for _ in 0..<2_000 {
            let radius = [60, 500, 1_500, 5_000][random.below(4)] + Double(random.below(100))
            let margin = Double(random.below(60))
            let limit = min(160, radius / 2, Double(1 + random.below(160)))
            let (threshold, viewpoint) = (radius + margin, Viewpoint(anchor, range: radius * 1.25 + margin + 256, metrics: Self.metrics))
            var bounds = SlackBounds()
            var subjects: [(place: Coordinate, isInside: Bool)] = []
            var nearest = Float(limit)
            for _ in 0..<random.below(9) {
                let place = Self.place(from: anchor, metres: radius - 200 + Double(random.below(450)), &random)
                let distance = Geodesic.distance(from: anchor, to: place)
                let isInside = distance <= radius || (distance <= threshold && random.below(2) == 0)
                let offset = viewpoint.offset(latitude: place.latitude, longitude: place.longitude)
                let gap = Float(isInside ? threshold - distance : distance - radius)
                subjects.append((place, isInside))
                nearest = min(nearest, gap)
                guard gap < bounds.greatestGap else { continue }
                bounds.insert(gap: gap, east: Float(offset.east), north: Float(offset.north), isInside: isInside)
            }
            let canCut = SlackBounds.canCut(viewpoint.metric, reach: threshold + limit)
            let region = bounds.region(
                limit: Float(limit), threshold: Float(threshold), doubt: Float(viewpoint.doubt + 0.02), canCut: canCut)
            if region.radius > nearest { widened += 1 }
            for number in 0..<40 {
                // Most go to where a subject changes, and aside.
                let target = number < 10 || subjects.isEmpty ? nil : subjects[number % subjects.count]
                let to = Self.place(
                    from: anchor, metres: Double(random.below(1 + Int(limit * 1_100))) / 1_000, towards: target, radius, threshold, &random)
                let step = viewpoint.offset(latitude: to.latitude, longitude: to.longitude)
                guard region.holds(east: step.east, north: step.north, compass) else {
                    if step.east * step.east + step.north * step.north < Double(region.radius * region.radius) { cutOff += 1 }
                    continue
                }
                held += 1
                for subject in subjects {
                    let distance = Geodesic.distance(from: to, to: subject.place)
                    if subject.isInside ? distance > threshold : distance <= radius { broken += 1 }
                }
            }
        }
        #expect(broken == 0)
        #expect(held > 10_000 && cutOff > 1_000 && widened > 300, "regions that hold nothing, or are never cut, would prove nothing")
    }

    @Test("A disc alone holds every direction alike, and takes one word")
    func disc() {
        #expect(MemoryLayout<SlackRegion>.size == 8)
        #expect(!holds(SlackRegion(), 0, 0))
        #expect(SlackRegion(radius: 20.019).radius == Float(2001) * 0.01)
        #expect(SlackRegion(radius: 1_000).radius == Float(65_535) * 0.01)
        #expect(SlackRegion(radius: -1) == SlackRegion())
        let region = SlackRegion(radius: 150)
        #expect(holds(region, 149, 0) && holds(region, -149, 0) && holds(region, 0, -149))
        #expect(!holds(region, 0, 150.1))
    }

    @Test("Where a subject is on the edge, or directions are not what they seem, there is no wide region")
    func doubt() {
        func region(gap: Float, doubt: Float, canCut: Bool) -> SlackRegion {
            var bounds = SlackBounds()
            bounds.insert(gap: gap, east: 500, north: 0, isInside: false)
            return bounds.region(limit: 50, threshold: 550, doubt: doubt, canCut: canCut)
        }
        #expect(region(gap: -0.01, doubt: 0.02, canCut: true) == SlackRegion())
        #expect(region(gap: 0.015, doubt: 0.02, canCut: true) == SlackRegion())
        #expect(region(gap: 0.09, doubt: 0.02, canCut: true) == SlackRegion(radius: 0.07))
        #expect(abs(region(gap: 20, doubt: 0.02, canCut: false).radius - 19.98) < 0.011)
        let wide = region(gap: 20, doubt: 0.02, canCut: true)
        #expect(holds(wide, -49, 0) && holds(wide, 18, 0))
        #expect(!holds(wide, 20, 0))
    }

    private func holds(_ region: SlackRegion, _ east: Double, _ north: Double) -> Bool {
        region.holds(east: east, north: north, Compass())
    }

    /// A place so many metres away, in any direction.
    private static func place(from origin: Coordinate, metres: Double, _ random: inout SeededRandom) -> Coordinate {
        let angle = UnitAngle(units: Int64(random.below(3_600_000_000) - 1_800_000_000))
        return place(from: origin, east: max(0, metres) * angle.cosine, north: max(0, metres) * angle.sine)
    }

    /// A place about where a subject changes, to which so many metres aside have led; any if there is none.
    private static func place(
        from origin: Coordinate, metres: Double, towards subject: (place: Coordinate, isInside: Bool)?, _ radius: Double,
        _ threshold: Double,
        _ random: inout SeededRandom
    ) -> Coordinate {
        guard let subject else { return place(from: origin, metres: metres, &random) }
        let to = Viewpoint(origin, range: radius * 2, metrics: metrics).offset(
            latitude: subject.place.latitude, longitude: subject.place.longitude)
        let distance = max(0.001, (to.east * to.east + to.north * to.north).squareRoot())
        let gap = subject.isInside ? distance - threshold : distance - radius
        let along = gap + Double(random.below(2_000) - 1_000) / 1_000
        let aside = metres * [1, 0.3, -0.3, -1][random.below(4)]
        return place(
            from: origin, east: (to.east * along - to.north * aside) / distance, north: (to.north * along + to.east * aside) / distance)
    }

    private static func place(from origin: Coordinate, east: Double, north: Double) -> Coordinate {
        let metric = metrics.metric(at: origin.latitude)
        return Coordinate(
            latitude: origin.latitude + Int32(north / metric.meridian), longitude: origin.longitude + Int32(east / metric.parallel))
    }
}
