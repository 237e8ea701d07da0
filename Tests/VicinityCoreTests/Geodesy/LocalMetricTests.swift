import Foundation
import Testing
import VicinityCore

@Suite struct LocalMetricTests {
    static let table = MetricTable()

    /// What the form gives for a pair, seen from the first.
    static func measured(_ first: Coordinate, _ second: Coordinate, by metric: LocalMetric) -> Double {
        metric.squaredDistance(
            Double(second.latitude) - Double(first.latitude),
            Double(Coordinate.longitudeDifference(from: first.longitude, to: second.longitude))
        ).squareRoot()
    }

    /// 540,000 pairs in all, of which most can be certified.
    @Test(arguments: UInt64(0)..<54)
    func staysWithinItsErrorBound(seed: UInt64) {
        var sampler = GeodesySampler(seed: seed)
        var outside = 0
        var certified = 0
        for _ in 0..<10_000 {
            let first = sampler.place()
            let second = sampler.neighbour(of: first, at: sampler.size(0.5, 300_000))
            let metric = Self.table.metric(at: first.latitude)
            let result = Self.measured(first, second, by: metric)
            let truth = Geodesic.distance(from: first, to: second)
            // The bound holds if either distance is within: ask for the smaller.
            let bound = metric.errorBound(within: min(result, truth))
            if !(abs(result - truth) <= bound) { outside += 1 }
            if bound.isFinite { certified += 1 }
        }
        #expect(outside == 0, "seed \(seed)")
        #expect(certified > 6000, "seed \(seed)")
    }

    /// A point of the other side of the earth, or of the pole, must not seem near.
    @Test(arguments: UInt64(0)..<8)
    func nothingFarSeemsNear(seed: UInt64) {
        var sampler = GeodesySampler(seed: seed)
        var outside = 0
        for _ in 0..<5000 {
            let first = sampler.place()
            // Around the poles the factor of the longitude falls to nothing and changes its sign.
            let beyond = 2 * (900_000_000 - abs(Double(first.latitude)))
            let reach = min(beyond * 1.1, 9e8 - abs(Double(first.latitude)))
            let target = Double(first.latitude) + (first.latitude < 0 ? -1 : 1) * reach * Double.random(in: -1...1, using: &sampler)
            let random = sampler.place()
            let second = Bool.random(using: &sampler) ? random : Coordinate(latitude: Int32(target), longitude: random.longitude)
            let metric = Self.table.metric(at: first.latitude)
            let result = Self.measured(first, second, by: metric)
            let truth = Geodesic.distance(from: first, to: second)
            if !(abs(result - truth) <= metric.errorBound(within: min(result, truth))) { outside += 1 }
        }
        #expect(outside == 0, "seed \(seed)")
    }

    /// The bound is of use: small in numbers, and at most twice the worst error found where the curvature counts.
    @Test(arguments: [
        (latitude: Int32(0), metres: 10_000.0, promised: 0.0013),
        (latitude: 450_000_000, metres: 10_000, promised: 0.0026),
        (latitude: 600_000_000, metres: 500, promised: 2.2e-6),
        (latitude: -600_000_000, metres: 10_000, promised: 0.0052),
        (latitude: 600_000_000, metres: 100_000, promised: 5.4),
        (latitude: 800_000_000, metres: 10_000, promised: 0.044),
        (latitude: 890_000_000, metres: 500, promised: 0.0006),
        (latitude: 899_000_000, metres: 500, promised: 0.17),
    ])
    func boundIsTight(latitude: Int32, metres: Double, promised: Double) {
        let metric = Self.table.metric(at: latitude)
        #expect(metric.errorBound(within: metres) < promised)
        var sampler = GeodesySampler(seed: 7)
        let first = Coordinate(latitude: latitude, longitude: 1_799_999_990)
        var worst = 0.0
        for _ in 0..<2000 {
            let second = sampler.neighbour(of: first, at: metres)
            let truth = Geodesic.distance(from: first, to: second)
            worst = max(worst, abs(Self.measured(first, second, by: metric) - truth))
        }
        #expect(worst > metric.errorBound(within: metres) / (metres > 1000 ? 2 : 5))
    }

    @Test func isNotUsableAroundThePolesAndFarAway() {
        for latitude in [Int32(-900_000_000), 900_000_000, 899_999_000, -899_600_000] {
            #expect(Self.table.metric(at: latitude).errorBound(within: 0.1) == .infinity)
        }
        for latitude in [Int32(-880_000_000), 0, 600_000_000] {
            #expect(Self.table.metric(at: latitude).errorBound(within: 300_001) == .infinity)
            #expect(Self.table.metric(at: latitude).errorBound(within: 0).isFinite)
        }
        // 89°: the axis is 112 km away.
        #expect(Self.table.metric(at: 890_000_000).errorBound(within: 55_000).isFinite)
        #expect(Self.table.metric(at: 890_000_000).errorBound(within: 57_000) == .infinity)
    }

    @Test(arguments: UInt64(0)..<20)
    func parallelBoundsHoldTheBand(seed: UInt64) {
        var sampler = GeodesySampler(seed: seed)
        for _ in 0..<200 {
            let metric = Self.table.metric(at: sampler.place().latitude)
            let ends = (Double.random(in: -2e7...2e7, using: &sampler), Double.random(in: -2e7...2e7, using: &sampler))
            let bounds = metric.parallelBounds(deltaLatitudeFrom: ends.0, to: ends.1)
            #expect(metric.parallelBounds(deltaLatitudeFrom: ends.1, to: ends.0) == bounds)
            let inside = Double.random(in: min(ends.0, ends.1)...max(ends.0, ends.1), using: &sampler)
            let factor = metric.parallel + metric.parallelSlope * inside
            #expect(bounds.least <= factor && factor <= bounds.greatest)
            #expect([bounds.least, bounds.greatest].contains(metric.parallel + metric.parallelSlope * ends.0))
        }
    }

    /// The series against the formulas themselves.
    @Test(arguments: UInt64(0)..<20)
    func tableFollowsTheEllipsoid(seed: UInt64) {
        var sampler = GeodesySampler(seed: seed)
        let unit = Double.pi / 1.8e9
        let squaredEccentricity = 6.694_379_990_141_316_5e-3
        for _ in 0..<500 {
            let latitude = sampler.place().latitude
            let metric = Self.table.metric(at: latitude)
            let angle = Double(latitude) * unit
            let w = 1 - squaredEccentricity * sin(angle) * sin(angle)
            let m = 6_378_137 * (1 - squaredEccentricity) / (w * w.squareRoot())
            let p = 6_378_137 / w.squareRoot() * cos(angle)
            #expect(abs(metric.meridian / (m * unit) - 1) < 1e-11, "\(latitude)")
            #expect(abs(metric.parallel / unit - p) < 1e-6, "\(latitude)")
            #expect(abs(metric.parallelSlope / (unit * unit) + m * sin(angle) / 2) < 1e-2, "\(latitude)")
            let bend = 1.5 * m * squaredEccentricity * sin(angle) * cos(angle) / w
            #expect(abs(metric.meridianSlope / (unit * unit) - bend) < 0.1, "\(latitude)")
        }
    }
}
