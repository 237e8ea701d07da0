// Distances near one latitude, without trigonometry: the hot path.
//
// A step of dφ in latitude is M·dφ metres, one of dλ in longitude is P·dλ metres, where M is the meridional radius of curvature and P the
// radius of the parallel. Both are taken at the middle of the two latitudes (φ + dφ/2), by their slope at φ:
//
//     y = dφ · (M + M′/2 · dφ)        x = dλ · (P + P′/2 · dφ)        d² = x² + y²
//
// What is left out. On a sphere of radius R, with a = Δφ, b = cos φ·Δλ and t = tan φ, all at the middle latitude, the law of haversines expands to
//
//     s²/R² = a² + b² − [a²b²(1 + 3t²) + b⁴t²] / 12 + …
//
// and the linear P errs by P″/8·dφ², which adds 3a²b² to the bracket. For a given d the worst direction gives at most
// d³/(24R²) · (1 + 9t²/8) ≤ d³/(24R²) · 9/8 · (1 + t²) = 9/192 · d³/P², since R²/(1 + t²) is P².
// The bound is thus a function of d and ρ = d/P. The ellipsoid changes the coefficient by less than a tenth, and a factor of 1/(1 − ρ) covers
// what comes after the leading term: measured over all directions and latitudes, the true worst error is 0.7 to 0.9 of the bound wherever the
// curvature counts. For ρ ≤ 1/2 a result of at most d also proves that the point is near: |dφ| is then at most some d, the factor of dλ at least
// three quarters of P, and so nothing far away can seem near.

/// The ellipsoid's metric around one latitude: what a small difference of two positions is in metres.
///
/// Differences are in units of 1e-7 degree and counted from the latitude for which the metric was made.
public struct LocalMetric: Sendable {
    /// Metres per unit of latitude.
    public let meridian: Double
    /// Half the change of ``meridian`` per unit of latitude.
    public let meridianSlope: Double
    /// Metres per unit of longitude.
    public let parallel: Double
    /// Half the change of ``parallel`` per unit of latitude.
    public let parallelSlope: Double

    @inlinable
    init(meridian: Double, meridianSlope: Double, parallel: Double, parallelSlope: Double) {
        self.meridian = meridian
        self.meridianSlope = meridianSlope
        self.parallel = parallel
        self.parallelSlope = parallelSlope
    }

    /// The square of the distance to a point, in square metres.
    ///
    /// Also of use far away: a result of at most d² means no farther than d, give or take ``errorBound(within:)`` of d where that is finite.
    ///
    /// - Parameters:
    ///   - deltaLatitude: latitude of the point minus the metric's, in units of 1e-7 degree.
    ///   - deltaLongitude: ``Coordinate/longitudeDifference(from:to:)``, in units of 1e-7 degree.
    @inlinable
    public func squaredDistance(_ deltaLatitude: Double, _ deltaLongitude: Double) -> Double {
        let (east, north) = offset(deltaLatitude, deltaLongitude)
        return north * north + east * east
    }

    /// How far a point lies in the east and in the north, in metres; the parameters are those of ``squaredDistance(_:_:)``.
    @inlinable
    func offset(_ deltaLatitude: Double, _ deltaLongitude: Double) -> (east: Double, north: Double) {
        let north = deltaLatitude * (meridian + meridianSlope * deltaLatitude)
        let east = deltaLongitude * (parallel + parallelSlope * deltaLatitude)
        return (east, north)
    }

    /// How far the square root of ``squaredDistance(_:_:)`` can be from the geodesic distance.
    ///
    /// Holds for every point that either of the two puts at `metres` or nearer.
    ///
    /// - Parameter metres: ≥ 0.
    /// - Returns: metres; infinity where the form is not usable: beyond 300 km, beyond half the way to the earth's axis, and within 5 km of it.
    @inlinable
    public func errorBound(within metres: Double) -> Double {
        let axis = parallel * Self.unitsPerRadian
        let reach = metres / axis
        guard metres <= Self.greatestDistance, reach <= 0.5, axis >= Self.leastAxisDistance else { return .infinity }
        return Self.errorFloor + metres * (Self.relativeError + Self.curvatureError * reach * reach / (1 - reach))
    }

    /// The least and the greatest metres per unit of longitude over a band of latitudes.
    ///
    /// It is the factor that ``squaredDistance(_:_:)`` applies, which is linear, so that the ends of the band suffice.
    ///
    /// - Parameters: the band's ends, in units of 1e-7 degree from the metric's latitude, in any order.
    @inlinable
    public func parallelBounds(deltaLatitudeFrom from: Double, to: Double) -> (least: Double, greatest: Double) {
        let first = parallel + parallelSlope * from
        let second = parallel + parallelSlope * to
        return first < second ? (first, second) : (second, first)
    }

    /// Units of 1e-7 degree in one radian.
    @usableFromInline static var unitsPerRadian: Double { 1.8e9 / Double.pi }
    /// Metres; beyond it the higher terms have not been certified.
    @usableFromInline static var greatestDistance: Double { 300_000 }
    /// Metres from the earth's axis; nearer to it the parallels curve too much.
    @usableFromInline static var leastAxisDistance: Double { 5000 }
    /// Metres: the rounding of the arithmetic here and of the geodesic.
    @usableFromInline static var errorFloor: Double { 1e-6 }
    /// Of the distance: the interpolation of the table.
    @usableFromInline static var relativeError: Double { 1e-9 }
    /// The coefficient 9/192 of the leading term, with a tenth more for the ellipsoid.
    @usableFromInline static var curvatureError: Double { 0.0516 }
}
