// The length of the shortest path between two points of the ellipsoid: the slow, exact measure that all others answer to.
//
// C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87 (2013), 43–55, section 4; of the inverse problem's answers only the distance.
// The points are first moved by the ellipsoid's symmetries so that the first lies in the south and is the farther one from the equator, and
// the second lies to the east: 0 ≤ λ₁₂ ≤ 180°, φ₁ ≤ 0, φ₁ ≤ φ₂ ≤ −φ₁. Then there are four cases:
//
// - both on one meridian (a pole lies on all): the meridian is the way; an ellipsoid that is flat at the poles has no shorter one;
// - both on the equator and not nearly opposite: the equator is;
// - very near each other: a great circle of a sphere that fits there;
// - all others: find the azimuth at the first point whose geodesic meets the second one's latitude at its longitude (``GeodesicShooter``).

/// Geodesics of WGS 84.
public enum Geodesic {
    /// The length of the shortest path along the ellipsoid.
    ///
    /// Exactly symmetric. 0 for equal positions, and for positions at the same pole.
    ///
    /// - Returns: metres, with an error of some 15 nm at all places: poles, the antimeridian, and antipodes included.
    /// - Complexity: about a microsecond; no allocation.
    public static func distance(from origin: Coordinate, to target: Coordinate) -> Double {
        var first = Int64(origin.latitude)
        var second = Int64(target.latitude)
        let turn = abs(Coordinate.longitudeDifference(from: origin.longitude, to: target.longitude))
        if abs(first) < abs(second) { swap(&first, &second) }
        if first > 0 {
            first = -first
            second = -second
        }
        if turn == 0, first == second { return 0 }

        let south = ReducedLatitude(units: first)
        let north = ReducedLatitude(units: second)
        let longitude = UnitAngle(units: turn)
        if longitude.sine == 0 || first == -900_000_000 {
            return meridian(south, north, opposite: longitude.cosine < 0)
        }
        let angle = Double(turn) * Ellipsoid.radiansPerUnit
        if first == 0, angle <= Double.pi * Ellipsoid.axisRatio {
            return Ellipsoid.equatorialRadius * angle
        }
        let shooter = GeodesicShooter(south: south, north: north, longitude: longitude, angle: angle)
        return shooter.distance()
    }

    /// The distance along a meridian.
    ///
    /// - Parameter opposite: the second point lies on the other half of the meridian, beyond the south pole.
    private static func meridian(_ south: ReducedLatitude, _ north: ReducedLatitude, opposite: Bool) -> Double {
        let start = UnitAngle(sine: south.sine, cosine: opposite ? -south.cosine : south.cosine)
        let end = UnitAngle(sine: north.sine, cosine: north.cosine)
        let series = GeodesicSeries.distance(GeodesicSeries.parameter(cosineAtEquator: 1))
        return length(from: start, to: end, series)
    }

    /// The distance between two places of one geodesic.
    ///
    /// - Parameters:
    ///   - start: σ₁.
    ///   - end: σ₂, at most half a turn on from σ₁.
    static func length(from start: UnitAngle, to end: UnitAngle, _ series: GeodesicSeries) -> Double {
        let arc = end.minus(start).forward.radians
        return Ellipsoid.polarRadius * series.scale * (arc + (series.periodic(end) - series.periodic(start)))
    }
}

/// The reduced (parametric) latitude: tan β = (1 − f) tan φ.
struct ReducedLatitude {
    var sine: Double
    /// ≥ 0; 0 at the poles only.
    var cosine: Double
    /// √(1 + e′² sin² β).
    var stretch: Double

    /// - Parameter units: the geographic latitude in units of 1e-7 degree.
    init(units: Int64) {
        let geographic = UnitAngle(units: units)
        let reduced = UnitAngle(sine: geographic.sine * Ellipsoid.axisRatio, cosine: geographic.cosine).normalized()
        sine = reduced.sine
        cosine = reduced.cosine
        stretch = (1 + Ellipsoid.secondEccentricitySquared * sine * sine).squareRoot()
    }
}
