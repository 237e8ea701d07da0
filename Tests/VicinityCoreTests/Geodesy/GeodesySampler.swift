import Foundation
import VicinityCore

/// Seeded positions and pairs for the tests of geodesy (SplitMix64).
struct GeodesySampler: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A size of any order of magnitude between two.
    mutating func size(_ least: Double, _ greatest: Double) -> Double {
        least * pow(greatest / least, Double.random(in: 0...1, using: &self))
    }

    /// Latitudes by turns uniform, near a pole at any order of magnitude, and near the equator; a third of the longitudes near ±180°.
    mutating func place() -> Coordinate {
        let sign: Double = Bool.random(using: &self) ? 1 : -1
        let latitude: Double
        switch Int.random(in: 0..<8, using: &self) {
        case 0, 1: latitude = sign * (9e8 - size(1, 1e8).rounded())
        case 2: latitude = sign * size(1, 1e8).rounded()
        case 3: latitude = Bool.random(using: &self) ? sign * 9e8 : 0
        default: latitude = Double.random(in: -9e8...9e8, using: &self).rounded()
        }
        let longitude =
            Int.random(in: 0..<3, using: &self) == 0
            ? 1_800_000_000 + (sign * size(1, 1e8)).rounded() : Double.random(in: -1.8e9...1.8e9, using: &self).rounded()
        return Coordinate(latitude: Int32(latitude), longitude: Self.wrapped(Int64(longitude)))
    }

    /// A position at some distance of another, in any direction; the axes' directions a quarter of the time.
    ///
    /// - Parameter metres: within a percent of the true distance, and a centimetre of rounding.
    mutating func neighbour(of place: Coordinate, at metres: Double) -> Coordinate {
        let quarters = Double(Int.random(in: 0..<4, using: &self)) * .pi / 2
        let azimuth = Int.random(in: 0..<4, using: &self) == 0 ? quarters : Double.random(in: 0...(2 * .pi), using: &self)
        let arc = metres / 6_371_000
        let latitude = place.latitudeDegrees * .pi / 180
        let sine = sin(latitude) * cos(arc) + cos(latitude) * sin(arc) * cos(azimuth)
        // The complement by its own tangent, which is good near a pole as well.
        let across = sin(azimuth) * sin(arc)
        let along = cos(arc) * cos(latitude) - sin(latitude) * sin(arc) * cos(azimuth)
        let target = atan2(sine, hypot(across, along))
        return Coordinate(
            latitude: Int32((target * 1.8e9 / .pi).rounded()),
            longitude: Self.wrapped(Int64(place.longitude) + Int64((atan2(across, along) * 1.8e9 / .pi).rounded())))
    }

    /// Brings a longitude in units of 1e-7 degree into range.
    static func wrapped(_ longitude: Int64) -> Int32 {
        let turn = Coordinate.turn
        let positive = ((longitude + turn / 2) % turn + turn) % turn
        return Int32(positive - turn / 2)
    }
}
