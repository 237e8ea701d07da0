/// What the daemon said of a part of the map.
package struct MapAnswer: Equatable, Sendable {
    package struct KindCount: Equatable, Sendable {
        /// Empty for subjects that have none.
        package var kind: String
        package var count: Int64
    }

    /// A cell in which there is something.
    package struct Cell: Equatable, Sendable {
        /// The column, from 180° W, 0 up to 2^level − 1.
        package var x: Int
        /// The row, from the north.
        package var y: Int
        /// At least so many; `nil` if too few are here to be told of, or none.
        package var users: Int64?
        /// In the daemon's order.
        package var kinds: [KindCount]
    }

    /// 0 to 24.
    package let level: Int
    /// Degrees; east is less than west across the antimeridian.
    package let west: Double
    package let south: Double
    package let east: Double
    package let north: Double
    /// The fewest users that are told of; 0: none are.
    package let floor: Int64
    /// Unix milliseconds: when it was counted.
    package let time: Int64
    package private(set) var cells: [Cell]

    /// - Parameters:
    ///   - answer: of the method `map`.
    ///   - kinds: those that matter; all if there are none.
    /// - Returns: `nil` for what is no such answer.
    package init?(_ answer: JSONValue, kinds: [String] = []) {
        guard let level = answer["level"]?.integer, (0...24).contains(level), let west = answer["west"]?.double,
            let south = answer["south"]?.double, let east = answer["east"]?.double, let north = answer["north"]?.double,
            let floor = answer["floor"]?.integer, let time = answer["ts"]?.integer, let array = answer["cells"]?.array
        else { return nil }
        (self.level, self.west, self.south, self.east, self.north) = (Int(level), west, south, east, north)
        (self.floor, self.time, cells) = (floor, time, [])
        let places = 0..<Int64(1) << level
        for cell in array {
            guard let x = cell["x"]?.integer, let y = cell["y"]?.integer, places.contains(x), places.contains(y) else { return nil }
            let counts = (cell["kinds"]?.members ?? []).compactMap { member in
                member.value.integer.map { KindCount(kind: member.key, count: $0) }
            }
            let wanted = kinds.isEmpty ? counts : counts.filter { kinds.contains($0.kind) }
            guard cell["users"] != nil || !wanted.isEmpty else { continue }
            cells.append(Cell(x: Int(x), y: Int(y), users: cell["users"]?.integer, kinds: wanted))
        }
    }

    /// The rectangle that was told of.
    package var bounds: MapBounds {
        let (x, y) = (Mercator.x(west), Mercator.y(north))
        let width = Mercator.x(east) - x
        return MapBounds(x: x, y: y, width: width > 0 ? width : width + 1, height: Mercator.y(south) - y)
    }

    /// Edges of a cell in degrees.
    package func edges(of cell: Cell) -> (west: Double, south: Double, east: Double, north: Double) {
        let side = Double(1 << level)
        return (
            Mercator.longitude(Double(cell.x) / side), Mercator.latitude(Double(cell.y + 1) / side),
            Mercator.longitude(Double(cell.x + 1) / side), Mercator.latitude(Double(cell.y) / side)
        )
    }

    /// Subjects by kind in all cells, the most frequent first.
    package var totals: [KindCount] {
        var counts: [String: Int64] = [:]
        for cell in cells { for kind in cell.kinds { counts[kind.kind, default: 0] += kind.count } }
        return counts.map { KindCount(kind: $0.key, count: $0.value) }.sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
    }
}

/// A user whose halo is drawn: somebody with the permission asked for the position.
package struct MapHalo: Equatable, Sendable {
    package let user: String
    package let center: MapPlace
    /// Metres.
    package let radius: Double
    /// Unix milliseconds of the last fix.
    package let time: Int64

    /// - Parameter answer: of `users.get` with the position.
    /// - Returns: `nil` for a user who has none, since nothing was heard of them for too long.
    package init?(_ answer: JSONValue) {
        guard let user = answer["user"]?.string, let latitude = answer["lat"]?.double, let longitude = answer["lon"]?.double,
            let radius = answer["radius"]?.double, let time = answer["ts"]?.integer
        else { return nil }
        (self.user, self.radius, self.time) = (user, radius, time)
        center = MapPlace(latitude: latitude, longitude: longitude)
    }
}

/// Which letter stands for which kind. A kind keeps its letter as long as one looks.
package struct MapLetters: Equatable, Sendable {
    private var letters: [String: Character] = [:]

    /// What stands for kinds when the letters are all taken.
    private static let other: Character = "?"
    /// What stands for subjects that have no kind.
    private static let none: Character = "*"

    package init() {}

    /// Gives letters to kinds that have none, in their order: one of their own, if it is free.
    package mutating func learn(_ kinds: some Sequence<String>) {
        for kind in kinds where letters[kind] == nil {
            guard !kind.isEmpty else {
                letters[kind] = Self.none
                continue
            }
            let taken = Set(letters.values)
            let own = kind.uppercased().filter { $0.isASCII && $0.isLetter }
            let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
            letters[kind] = (own + all + all.lowercased()).first { !taken.contains($0) } ?? Self.other
        }
    }

    package subscript(_ kind: String) -> Character { letters[kind] ?? Self.other }
}

/// All that is on the map.
package struct MapModel: Equatable, Sendable {
    package var answer: MapAnswer
    package var halos: [MapHalo] = []
    /// Users who were asked for and have no position.
    package var silent: [String] = []
    package private(set) var letters = MapLetters()

    package init(_ answer: MapAnswer) {
        self.answer = answer
        take(answer)
    }

    package mutating func take(_ answer: MapAnswer) {
        self.answer = answer
        letters.learn(answer.totals.map(\.kind))
    }
}

/// Numbers of users as classes that an eye can tell apart.
package enum MapShade {
    /// Where the classes begin.
    private static let bounds: [Int64] = [0, 50, 500, 5000]

    /// 0 to 3.
    package static func of(_ users: Int64) -> Int { (bounds.lastIndex { $0 <= users }) ?? 0 }

    /// The classes that there are above a floor, with the least number of each.
    package static func all(floor: Int64) -> [(shade: Int, least: Int64)] {
        bounds.indices.compactMap { shade in
            let least = max(floor, bounds[shade])
            return shade == of(least) ? (shade, least) : nil
        }
    }
}
