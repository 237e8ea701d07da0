import CPrimitives

/// A box of latitude and longitude that holds every place within a distance of a centre; for looking things up, never for deciding.
///
/// On the ellipsoid an arc of d metres spans at most d / (b² / a) radians of geodetic latitude (the least radius of curvature, at the
/// equator along the meridian); 1 % is added, which covers the difference of ellipsoid and sphere in the bound of the longitude,
/// asin(sin θ / cos φ), the half-width of a cap of θ around latitude φ.
struct Reach {
    /// Units of 1e-7 degree, cut at the poles.
    let south: Int64
    let north: Int64
    /// Units of 1e-7 degree; the whole turn if the box holds a pole.
    let halfLongitude: Int64
    private let longitude: Int64

    init(of meters: Double, around center: Coordinate) {
        let angle = min(.pi, 1.01 * meters / (Ellipsoid.polarRadius * Ellipsoid.axisRatio) + 1e-8)
        let units = Int64((angle * 180 / .pi * Coordinate.unitsPerDegree).rounded(.up)) + 1
        let latitude = Int64(center.latitude)
        south = max(-900_000_000, latitude - units)
        north = min(900_000_000, latitude + units)
        longitude = Int64(center.longitude)
        let cosine = vicinity_cos(center.latitudeDegrees * .pi / 180)
        let sine = vicinity_sin(min(angle, .pi / 2))
        if latitude + units >= 900_000_000 || latitude - units <= -900_000_000 || sine >= cosine {
            halfLongitude = Coordinate.turn / 2
        } else {
            let half = vicinity_atan2(sine, (cosine * cosine - sine * sine).squareRoot())
            halfLongitude = min(Coordinate.turn / 2, Int64((half * 180 / .pi * Coordinate.unitsPerDegree).rounded(.up)) + 1)
        }
    }

    var longitudes: LongitudeRanges { LongitudeRanges(from: longitude - halfLongitude, to: longitude + halfLongitude) }
}
