// Where things are put: positions at a given offset or distance from others, without trigonometry. The exact geodesic is
// the only measure, so that what is placed at a threshold is at the threshold that the model will measure.

package import VicinityCore

extension Coordinate {
    private static let halfTurn = Int64(1_800_000_000)
    private static let quarterTurn = Int64(900_000_000)

    /// Metres; about as far as two places can lie apart.
    private static let halfwayRound = 2e7

    /// The place that any number of units name: past a pole it goes on down the other side, and longitude wraps.
    package static func wrapping(latitude: Int64, longitude: Int64) -> Coordinate {
        var latitude = latitude
        var longitude = longitude
        if latitude > quarterTurn {
            latitude = 2 * quarterTurn - latitude
            longitude += halfTurn
        } else if latitude < -quarterTurn {
            latitude = -2 * quarterTurn - latitude
            longitude += halfTurn
        }
        latitude = min(max(latitude, -quarterTurn), quarterTurn)
        longitude = (longitude + halfTurn) % turn
        if longitude < 0 { longitude += turn }
        return Coordinate(latitude: Int32(latitude), longitude: Int32(longitude - halfTurn))
    }

    /// The position so many units north and east.
    package func moved(north: Int64, east: Int64) -> Coordinate {
        .wrapping(latitude: Int64(latitude) + north, longitude: Int64(longitude) + east)
    }

    /// Metres that 1e-7 degree of latitude and of longitude are here; the latter is 0 at a pole.
    var metresPerUnit: (north: Double, east: Double) {
        let span: Int64 = 1_000
        let north = Geodesic.distance(from: self, to: moved(north: latitude > 0 ? -span : span, east: 0))
        let east = Geodesic.distance(from: self, to: moved(north: 0, east: span))
        return (north / Double(span), east / Double(span))
    }

    /// About so many metres north and east; exact enough for a walk, wrong by the curvature over long ways.
    package func offset(north: Double, east: Double) -> Coordinate {
        let scale = metresPerUnit
        let eastUnits = scale.east > 1e-9 ? east / scale.east : east * 1e6
        return moved(
            north: Int64((north / scale.north).rounded()),
            east: Int64(max(-1.8e9, min(1.8e9, eastUnits)).rounded()))
    }

    /// A position `metres` from here, to a few millimetres as far as the raster of 1e-7 degree has one: first along a
    /// direction of chance, then among the neighbours.
    package func atDistance(_ metres: Double, using random: inout SeededRandom) -> Coordinate {
        var start = self
        for _ in 0..<10 {  // hardly any way east from a pole leads away from it
            start = along(random.direction(), metres)
            if abs(Geodesic.distance(from: self, to: start) - metres) < 1 { break }
        }
        var best = start
        var bestError = abs(Geodesic.distance(from: self, to: start) - metres)
        for north in Int64(-2)...2 {
            for east in Int64(-2)...2 {
                let neighbour = start.moved(north: north, east: east)
                let error = abs(Geodesic.distance(from: self, to: neighbour) - metres)
                if error < bestError {
                    best = neighbour
                    bestError = error
                }
            }
        }
        return best
    }

    /// By the rule of three as long as that narrows the bracket, else by halves.
    private func along(_ direction: (north: Double, east: Double), _ metres: Double) -> Coordinate {
        var length = metres
        var tooShort = 0.0
        var tooLong = Double.infinity
        var place = self
        for _ in 0..<60 {
            place = offset(north: direction.north * length, east: direction.east * length)
            let found = Geodesic.distance(from: self, to: place)
            guard abs(found - metres) > 0.03 else { break }
            if found < metres { tooShort = length } else { tooLong = length }
            guard tooShort < Self.halfwayRound else { break }
            let proposal = found > 0 ? length * metres / found : .infinity
            let middle = tooLong.isFinite ? (tooShort + tooLong) / 2 : 2 * length
            length = min(tooShort < proposal && proposal < min(tooLong, 4 * length) ? proposal : middle, Self.halfwayRound)
        }
        return place
    }
}

/// Where a world takes place.
package enum Area: Sendable {
    case globe
    /// Within about so many metres of the centre.
    case disc(Coordinate, metres: Double)
    /// In any of several discs.
    case discs([Coordinate], metres: Double)

    package func place(using random: inout SeededRandom) -> Coordinate {
        switch self {
        case .globe:
            return Coordinate(
                latitude: Int32(random.whole(-900_000_000...900_000_000)), longitude: Int32(random.whole(-1_800_000_000...1_799_999_999)))
        case .disc(let centre, let metres):
            return Self.place(near: centre, metres: metres, using: &random)
        case .discs(let centres, let metres):
            return Self.place(near: random.pick(centres), metres: metres, using: &random)
        }
    }

    private static func place(near centre: Coordinate, metres: Double, using random: inout SeededRandom) -> Coordinate {
        let direction = random.direction()
        let length = random.chance(0.03) ? 0 : metres * random.fraction()
        if abs(centre.latitude) == 900_000_000 {  // every direction from a pole is a meridian
            let down = centre.offset(north: centre.latitude > 0 ? -length : length, east: 0)
            return down.moved(north: 0, east: random.whole(-1_800_000_000...1_799_999_999))
        }
        return centre.offset(north: direction.north * length, east: direction.east * length)
    }
}
