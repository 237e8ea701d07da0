// The metric of every latitude, as Taylor series around 1,717 rows.
//
// A row stands every 2^20 units of latitude (0.105°) and serves the half step on either side, at most 9.2e-4 rad. What the series leave
// out there, relative to the radius of the earth: of P (to the third order) 3e-14, of M (to the second) 6e-12, and of the half slope of M
// 9e-9 a radian, which is 4e-10 over 300 km. A row is one 64-byte line, the table 110 KB: it stays in the second-level cache.

/// Metres per unit of latitude and of longitude for every latitude; see ``LocalMetric``.
///
/// Build one and share it: it never changes.
public struct MetricTable: Sendable {
    /// Derivatives at one latitude, in metres and units of 1e-7 degree, scaled as the series need them.
    @usableFromInline
    struct Row: Sendable {
        /// M
        @usableFromInline var meridian = 0.0
        /// M′/2
        @usableFromInline var meridianSlope = 0.0
        /// M″/2
        @usableFromInline var meridianBend = 0.0
        /// P
        @usableFromInline var parallel = 0.0
        /// P′/2
        @usableFromInline var parallelSlope = 0.0
        /// P″/2
        @usableFromInline var parallelBend = 0.0
        /// P‴/6
        @usableFromInline var parallelTwist = 0.0
        /// Fills the line.
        @usableFromInline var unused = 0.0
    }

    /// The binary logarithm of the step between rows, in units of 1e-7 degree.
    @usableFromInline static var stepBits: Int32 { 20 }
    /// Rows on each side of the equator: the last is nearest to 90°.
    @usableFromInline static var rowsPerSide: Int32 { 858 }

    /// From south to north.
    @usableFromInline let rows: [Row]

    public init() {
        rows = (-Self.rowsPerSide...Self.rowsPerSide).map { Row(latitude: $0 << Self.stepBits) }
    }

    /// The metric at a latitude.
    ///
    /// - Parameter latitude: −900,000,000 to 900,000,000, in units of 1e-7 degree.
    /// - Complexity: one line of the table and some twenty operations.
    @inlinable
    public func metric(at latitude: Int32) -> LocalMetric {
        let half = Int32(1) << (Self.stepBits - 1)
        let index = (latitude &+ (Self.rowsPerSide << Self.stepBits) &+ half) >> Self.stepBits
        let row = rows[Int(index)]
        let offset = Double(latitude &- (index &- Self.rowsPerSide) << Self.stepBits)
        return LocalMetric(
            meridian: row.meridian + offset * (2 * row.meridianSlope + offset * row.meridianBend),
            meridianSlope: row.meridianSlope + offset * row.meridianBend,
            parallel: row.parallel + offset * (2 * row.parallelSlope + offset * (row.parallelBend + offset * row.parallelTwist)),
            parallelSlope: row.parallelSlope + offset * (row.parallelBend + 1.5 * offset * row.parallelTwist))
    }
}

extension MetricTable.Row {
    /// With W = 1 − e² sin² φ: M = a(1 − e²)W^(−3/2), P = a cos φ W^(−1/2), and P′ = −M sin φ.
    init(latitude: Int32) {
        let angle = UnitAngle(units: Int64(latitude))
        let sine = angle.sine
        let cosine = angle.cosine
        let eccentricity = Ellipsoid.eccentricitySquared
        let w = 1 - eccentricity * sine * sine
        let root = w.squareRoot()

        let m = Ellipsoid.equatorialRadius * (1 - eccentricity) / (w * root)
        let m1 = 3 * m * eccentricity * sine * cosine / w
        let m2 = 3 * m * eccentricity / w * (cosine * cosine - sine * sine + 5 * eccentricity * sine * sine * cosine * cosine / w)
        let p = Ellipsoid.equatorialRadius * cosine / root
        let p1 = -m * sine
        let p2 = -m1 * sine - m * cosine
        let p3 = -m2 * sine - 2 * m1 * cosine + m * sine

        let unit = Ellipsoid.radiansPerUnit
        meridian = m * unit
        meridianSlope = m1 * unit * unit / 2
        meridianBend = m2 * unit * unit * unit / 2
        parallel = p * unit
        parallelSlope = p1 * unit * unit / 2
        parallelBend = p2 * unit * unit * unit / 2
        parallelTwist = p3 * unit * unit * unit * unit / 6
    }
}
