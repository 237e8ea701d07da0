// The projection of the map: spherical Mercator, as the daemon's cells have it.
//
// Positions are parts of the square that the world is: x from 180° W eastwards, y from 85.0511° N southwards, both 0 to 1. OGC 17-083r4, annex D.1;
// https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames

internal import Glibc

/// A position in degrees.
package struct MapPlace: Equatable, Sendable {
    /// −90 to 90.
    package var latitude: Double
    /// −180 to 180.
    package var longitude: Double

    package init(latitude: Double, longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }

    /// A position as on a command line, `39.9042,116.4074`: latitude first.
    ///
    /// - Returns: `nil` if it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            Double(part.drop { $0 == " " })
        }
        guard parts.count == 2, let latitude = parts[0], let longitude = parts[1], (-90...90).contains(latitude),
            (-180...180).contains(longitude)
        else { return nil }
        self.init(latitude: latitude, longitude: longitude)
    }
}

/// How wide a map is, as on a command line: `10km`, `800m`; a bare number is metres.
package struct MapWidth: Equatable, Sendable {
    /// 100 to 40,075,017, which is once round the world.
    package let metres: Double

    /// - Returns: `nil` for what is none.
    package init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units = ["": 1.0, "m": 1, "km": 1000]
        guard let value = Double(number), let unit = units[text.dropFirst(number.count).filter { $0 != " " }],
            (100...Mercator.equator).contains(value * unit)
        else { return nil }
        metres = value * unit
    }

    package init(metres: Double) { self.metres = metres }
}

package enum Mercator {
    /// Metres round the equator of WGS 84.
    package static let equator = 40_075_016.686
    /// Metres: the mean radius of the earth, 6,371,008.8, by which circles are drawn; at most a third of a percent from an ellipsoid's.
    package static let radius = 6_371_008.8
    /// The northern edge, in degrees.
    package static let edge = 85.051_128_779_806_6
    /// The level of the daemon's smallest cells.
    package static let finest = 14

    static func x(_ longitude: Double) -> Double { (longitude + 180) / 360 }

    static func y(_ latitude: Double) -> Double {
        let angle = max(-edge, min(edge, latitude)) * .pi / 180
        return max(0, min(1, (1 - asinh(tan(angle)) / .pi) / 2))
    }

    static func longitude(_ x: Double) -> Double { x * 360 - 180 }

    static func latitude(_ y: Double) -> Double { atan(sinh(.pi * (1 - 2 * y))) * 180 / .pi }

    /// Metres that the whole width of the map is long at a latitude.
    static func width(at latitude: Double) -> Double { equator * cos(latitude * .pi / 180) }

    /// The square of a width round a place, as parameters of `map`.
    static func bounds(round center: MapPlace, width: MapWidth) -> MapBounds {
        let latitude = max(-edge, min(edge, center.latitude))
        let half = min(0.5, width.metres / Self.width(at: latitude) / 2)
        let (x, y) = (x(center.longitude), y(latitude))
        return MapBounds(x: x - half, y: max(0, y - half), width: 2 * half, height: min(1, y + half) - max(0, y - half))
    }

    /// The circle round a place on the sphere, from the north by the east, not closed. Longitudes go on beyond ±180°.
    ///
    /// - Parameters:
    ///   - radius: metres.
    ///   - count: of its points.
    static func circle(round center: MapPlace, radius: Double, count: Int) -> [MapPlace] {
        let (latitude, angle) = (center.latitude * .pi / 180, radius / Self.radius)
        var last = center.longitude
        return (0..<count).map { number in
            let bearing = 2 * Double.pi * Double(number) / Double(count)
            let north = asin(max(-1, min(1, sin(latitude) * cos(angle) + cos(latitude) * sin(angle) * cos(bearing))))
            // This form holds at the poles, too.
            let east = atan2(sin(bearing) * sin(angle), cos(latitude) * cos(angle) - sin(latitude) * sin(angle) * cos(bearing)) * 180 / .pi
            // By the shorter way from the last one, so that a circle round a pole goes once round.
            var longitude = center.longitude + east
            longitude -= 360 * ((longitude - last) / 360).rounded()
            last = longitude
            return MapPlace(latitude: north * 180 / .pi, longitude: longitude)
        }
    }
}

/// A rectangle of the map, perhaps across the antimeridian.
package struct MapBounds: Equatable, Sendable {
    /// Of the western edge, of any turn.
    package var x: Double
    /// Of the northern edge, 0 to 1.
    package var y: Double
    /// Above 0; 1 and more is all round the world.
    package var width: Double
    package var height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// The middle.
    package var center: MapPlace {
        let x = x + width / 2
        return MapPlace(latitude: Mercator.latitude(y + height / 2), longitude: Mercator.longitude(x - x.rounded(.down)))
    }

    /// Degrees: west, south, east, north.
    package var degrees: (west: Double, south: Double, east: Double, north: Double) {
        let (south, north) = (Mercator.latitude(min(1, y + height)), Mercator.latitude(max(0, y)))
        guard width < 1 else { return (-180, south, 180, north) }
        func turned(_ x: Double) -> Double { x - x.rounded(.down) }
        let end = turned(x + width)
        return (Mercator.longitude(turned(x)), south, end == 0 ? 180 : Mercator.longitude(end), north)
    }

    /// What to ask the daemon for.
    ///
    /// - Parameter level: `nil` is the finest that fits.
    package func params(level: Int?) -> [JSONValue.Member] {
        let (west, south, east, north) = degrees
        let edges = [("west", west), ("south", south), ("east", east), ("north", north)].map { JSONValue.Member($0.0, .degrees($0.1)) }
        return edges + (level.map { [JSONValue.Member("level", .number(Int64($0)))] } ?? [])
    }
}

extension JSONValue {
    /// Degrees to 1e-7, which is a centimetre.
    static func degrees(_ value: Double) -> JSONValue {
        let rounded = (value * 1e7).rounded() / 1e7
        if let whole = Int64(exactly: rounded) { return .number(whole) }
        return .number("\(rounded)")
    }
}
