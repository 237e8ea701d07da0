/// A position on the WGS 84 ellipsoid, kept in integers of 1e-7 degree (about 1.1 cm of latitude).
///
/// Integers make three things exact: equality, the difference of two positions, and the wrap at ±180°.
/// Longitude 180° is kept as −180°, so that a place has one name.
public struct Coordinate: Hashable, Sendable {
    /// Units in one degree.
    public static let unitsPerDegree = 1e7
    /// Units in a full turn of longitude.
    public static let turn: Int64 = 3_600_000_000

    /// −900,000,000 to 900,000,000, in units of 1e-7 degree, north positive.
    public let latitude: Int32
    /// −1,800,000,000 to 1,799,999,999, in units of 1e-7 degree, east positive.
    public let longitude: Int32

    /// Creates a coordinate from units of 1e-7 degree that are known to be in range.
    ///
    /// - Precondition: `latitude` is within ±900,000,000 and `longitude` within ±1,800,000,000.
    @inlinable
    public init(latitude: Int32, longitude: Int32) {
        precondition((-900_000_000...900_000_000).contains(latitude), "latitude out of range")
        precondition((-1_800_000_000...1_800_000_000).contains(longitude), "longitude out of range")
        self.latitude = latitude
        self.longitude = longitude == 1_800_000_000 ? -1_800_000_000 : longitude
    }

    /// Creates the coordinate nearest to a position in degrees.
    ///
    /// - Parameters:
    ///   - latitudeDegrees: −90 to 90.
    ///   - longitudeDegrees: −180 to 180.
    /// - Returns: `nil` for a value that is out of range or not a number.
    public init?(latitudeDegrees: Double, longitudeDegrees: Double) {
        guard (-90...90).contains(latitudeDegrees), (-180...180).contains(longitudeDegrees) else { return nil }
        self.init(
            latitude: Int32((latitudeDegrees * Self.unitsPerDegree).rounded()),
            longitude: Int32((longitudeDegrees * Self.unitsPerDegree).rounded()))
    }

    /// −90 to 90.
    public var latitudeDegrees: Double { Double(latitude) / Self.unitsPerDegree }
    /// −180 to just below 180.
    public var longitudeDegrees: Double { Double(longitude) / Self.unitsPerDegree }

    /// The difference of two longitudes by the shorter way round: −1,800,000,000 up to 1,799,999,999 units.
    @inlinable
    public static func longitudeDifference(from origin: Int32, to target: Int32) -> Int64 {
        let difference = Int64(target) - Int64(origin)
        if difference >= turn / 2 { return difference - turn }
        if difference < -turn / 2 { return difference + turn }
        return difference
    }
}
