import Testing
import VicinityCore
import VicinitySimulation

/// The grid looked at from outside: where the centre changes is an edge, and nothing else is known of it.
@Suite("The centre that is shown instead of a place")
struct PrecisionGridTests {
    private static let pole: Int32 = 900_000_000
    private static let sides: [Double] = [1, 3.7, 25, 100, 200, 777.7, 5_000, 30_000, 100_000]

    private static func grid(_ side: Double, _ id: String, _ key: SipHashKey = SipHashKey(1, 2)) -> PrecisionGrid {
        [UInt8](id.utf8).withUnsafeBytes { PrecisionGrid(side: side, id: $0, key: key) }
    }

    /// Anywhere; often near a pole, the equator or the antimeridian.
    private static func place(near side: Double, using random: inout SeededRandom) -> Coordinate {
        let reach = min(8e8, side / 0.011 * 4)
        let latitude: Double
        switch random.below(5) {
        case 0: latitude = Double(pole) - random.fraction() * reach
        case 1: latitude = -Double(pole) + random.fraction() * reach
        case 2: latitude = random.real(-reach...reach)
        default: latitude = random.real(-9e8...9e8)
        }
        let longitude = random.chance(0.3) ? random.real(-reach...reach) + 1.8e9 : random.real(-1.8e9...1.8e9)
        return Coordinate(latitude: Int32(latitude), longitude: wrapped(Int64(longitude)))
    }

    private static func wrapped(_ longitude: Int64) -> Int32 {
        let turn = Coordinate.turn
        let positive = ((longitude + turn / 2) % turn + turn) % turn
        return Int32(positive - turn / 2)
    }

    /// How far one can go from a place, a unit at a time, with the same centre.
    private static func reach(_ limit: Int64, while isSame: (Int64) -> Bool) -> Int64 {
        var (least, most) = (Int64(0), limit)
        while least < most {
            let middle = (least + most + 1) / 2
            if isSame(middle) { least = middle } else { most = middle - 1 }
        }
        return least
    }

    /// A cell as found from one of its positions, in units; `nil` for that round a pole.
    private struct Cell {
        let south: Int32
        let north: Int32
        let west: Int64
        let east: Int64

        init?(_ grid: PrecisionGrid, around place: Coordinate) {
            let center = grid.center(of: place)
            guard abs(center.latitude) < pole else { return nil }
            func isSame(_ latitude: Int64, _ longitude: Int64) -> Bool {
                grid.center(of: Coordinate(latitude: Int32(latitude), longitude: wrapped(longitude))) == center
            }
            let (latitude, longitude) = (Int64(place.latitude), Int64(place.longitude))
            let up = reach(Int64(pole) - latitude) { isSame(latitude + $0, longitude) }
            let down = reach(Int64(pole) + latitude) { isSame(latitude - $0, longitude) }
            north = Int32(latitude + up)
            south = Int32(latitude - down)
            // No column of three or more is wider than a third of a turn.
            let half = Coordinate.turn / 2
            east = longitude + reach(half) { isSame(latitude, longitude + $0) }
            west = longitude - reach(half) { isSame(latitude, longitude - $0) }
        }

        /// Metres from edge to edge; an edge lies half a unit beyond the last position.
        var height: Double {
            let way = Geodesic.distance(
                from: Coordinate(latitude: south, longitude: 0), to: Coordinate(latitude: north, longitude: 0))
            return way + 0.0112
        }

        /// Metres along the parallel, at the south and at the north.
        var widths: [Double] { [south, north].map { Self.parallel(at: $0) * Double(east - west + 1) / 1.8e9 * Double.pi } }

        /// Metres from the axis.
        static func parallel(at latitude: Int32) -> Double {
            let angle = Double(latitude) / 1.8e9 * Double.pi
            let (sine, cosine) = (Double(angle).sine, Double(angle).cosine)
            return 6_378_137 * cosine / (1 - 0.00669437999014 * sine * sine).squareRoot()
        }
    }

    @Test("One cell has one centre, which lies in it, and is as large as promised", arguments: UInt64(0)..<120)
    func cells(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for side in Self.sides {
            let grid = Self.grid(side, "s-\(seed)", SipHashKey(seed, ~seed))
            let place = Self.place(near: side, using: &random)
            let center = grid.center(of: place)
            #expect(grid.center(of: center) == center, "\(side) m, \(place)")
            guard let cell = Cell(grid, around: place) else {
                // Three columns of a side do not fit round the inner edge of the outermost row.
                let way = Geodesic.distance(from: place, to: center)
                #expect(way <= side * (1 + 3 / (2 * Double.pi)) + 0.02, "\(side) m, \(place)")
                continue
            }
            let doubt = 0.0225
            #expect(abs(cell.height - side) <= doubt, "\(side) m, \(place): \(cell.height) m high")
            for width in cell.widths {
                #expect(width >= side / 2 - doubt && width <= 2 * side + doubt, "\(side) m, \(place): \(width) m wide")
            }
            #expect(cell.height * (cell.widths.min() ?? 0) >= side * side / 2 - side * doubt * 2)
            #expect(center.latitude >= cell.south && center.latitude <= cell.north)
            for _ in 0..<20 {
                let other = Coordinate(
                    latitude: Int32(random.whole(Int64(cell.south)...Int64(cell.north))),
                    longitude: Self.wrapped(random.whole(cell.west...cell.east)))
                #expect(grid.center(of: other) == center, "\(side) m, \(place) and \(other)")
            }
            for corner in [(cell.south, cell.west), (cell.south, cell.east), (cell.north, cell.west), (cell.north, cell.east)] {
                let other = Coordinate(latitude: corner.0, longitude: Self.wrapped(corner.1))
                #expect(grid.center(of: other) == center, "\(side) m, \(place) and its corner \(other)")
            }
            // The middle of the cell, to the unit.
            #expect(abs(2 * Int64(center.latitude) - Int64(cell.south) - Int64(cell.north)) <= 2 + Int64(side / 30))
            let middle = Coordinate.longitudeDifference(from: Self.wrapped((cell.west + cell.east) / 2), to: center.longitude)
            #expect(abs(middle) <= 1)
        }
    }

    @Test("Round a pole all longitudes have one centre", arguments: [Int32(900_000_000), -900_000_000])
    func poles(latitude: Int32) {
        for side in Self.sides {
            for number in 0..<50 {
                let grid = Self.grid(side, "s-\(number)")
                for longitude in stride(from: Int32(-1_800_000_000), through: 1_700_000_000, by: 100_000_000) {
                    #expect(
                        grid.center(of: Coordinate(latitude: latitude, longitude: longitude))
                            == Coordinate(latitude: latitude, longitude: 0))
                }
            }
        }
    }

    @Test("The antimeridian is no edge", arguments: UInt64(0)..<40)
    func antimeridian(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var together = 0
        for number in 0..<50 {
            let grid = Self.grid(1_000, "s-\(seed)-\(number)")
            let latitude = Int32(random.real(-8e8...8e8))
            let west = Coordinate(latitude: latitude, longitude: 1_799_999_999)
            let east = Coordinate(latitude: latitude, longitude: -1_800_000_000)
            if grid.center(of: west) == grid.center(of: east) { together += 1 }
        }
        #expect(together >= 49, "two positions a centimetre apart have an edge between them once in 100,000 times")
    }

    @Test("A side of next to nothing is a side as well")
    func tiny() {
        var random = SeededRandom(seed: 7)
        for side in [Double.leastNonzeroMagnitude, 1e-9, 0.001, 0.004, 0.01, 0.02, 0.05, 0.3] {
            for number in 0..<200 {
                let grid = Self.grid(side, "s-\(number)")
                let place = Coordinate(latitude: Int32(random.real(-9e8...9e8)), longitude: Int32(random.real(-1.8e9...1.79e9)))
                let center = grid.center(of: place)
                #expect(grid.center(of: center) == center)
                #expect(Geodesic.distance(from: place, to: center) <= 2 * side + 0.012)
            }
        }
    }

    @Test("The grid follows from the id and the key, and from nothing else")
    func keyed() {
        let place = Coordinate(latitude: 399_042_110, longitude: 1_164_073_950)
        var centers: Set<Coordinate> = []
        for number in 0..<2_000 {
            #expect(Self.grid(200, "s-\(number)").center(of: place) == Self.grid(200, "s-\(number)").center(of: place))
            centers.insert(Self.grid(200, "s-\(number)").center(of: place))
            centers.insert(Self.grid(200, "s", SipHashKey(UInt64(number), 9)).center(of: place))
        }
        // Two of the 3e8 positions of a centre within a cell are the same now and then.
        #expect(centers.count >= 3_995)
    }

    @Test("A place is anywhere in its cell, all parts alike, so that the centre tells nothing but the cell")
    func uniform() {
        let place = Coordinate(latitude: 523_456_789, longitude: 1_799_999_000)
        let cells = 8
        let count = 32_000
        var tally = [Int](repeating: 0, count: cells * cells)
        for number in 0..<count {
            let grid = Self.grid(1_000, "s-\(number)")
            let center = grid.center(of: place)
            // 1,000 m are 89,850 units of latitude there.
            let north = Double(place.latitude - center.latitude) / 89_850 + 0.5
            let width = 1_000 / (Cell.parallel(at: center.latitude) * Double.pi / 1.8e9)
            let east = Double(Coordinate.longitudeDifference(from: center.longitude, to: place.longitude)) / width + 0.5
            let row = min(cells - 1, max(0, Int(north * Double(cells))))
            let column = min(cells - 1, max(0, Int(east * Double(cells))))
            tally[row * cells + column] += 1
        }
        let expected = Double(count) / Double(cells * cells)
        let square = tally.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // Chi square with 63 degrees of freedom passes 114 once in 10,000 times; the seed is fixed.
        #expect(square < 114, "\(tally)")
    }
}

extension Double {
    /// Of an angle in radians, by the power series.
    fileprivate var sine: Double { (self - .pi / 2).cosine }

    fileprivate var cosine: Double {
        var (sum, term) = (1.0, 1.0)
        for order in 1..<20 {
            term *= -self * self / Double((2 * order - 1) * (2 * order))
            sum += term
        }
        return sum
    }
}
