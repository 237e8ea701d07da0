import Testing
import VicinitySimulation

@testable import VicinityCore

/// What the map tells, against the same said naively, cell by cell from the top.
struct MapReleaseTests {
    /// A crowd in an engine: towns of various sizes, and people in between.
    private struct Crowd {
        var users: [Coordinate] = []
        var subjects: [SubjectPlacement] = []

        init(seed: UInt64, users: Int = 600, subjects: Int = 80) {
            var random = SeededRandom(seed: seed)
            let towns = [(39.9, 116.4), (0, 0), (-17, 179.99), (84.9, 12), (51.5, -0.001), (-33, 18), (89, 5)]
            func place(_ random: inout SeededRandom) -> Coordinate {
                let town = random.pick(towns)
                let spread = random.pick([0, 0.01, 0.1, 1, 20])
                let latitude = max(-90, min(90, town.0 + random.real(-1...1) * spread))
                var longitude = town.1 + random.real(-1...1) * spread
                if longitude > 180 { longitude -= 360 }
                guard let place = Coordinate(latitudeDegrees: latitude, longitudeDegrees: longitude) else {
                    preconditionFailure("in range")
                }
                return place
            }
            for _ in 0..<users { self.users.append(place(&random)) }
            for number in 0..<subjects {
                let kind = random.pick([nil, "toll", "bus", "school"])
                self.subjects.append(
                    SubjectPlacement(
                        id: Array("s-\(number)".utf8), kind: kind.map { Array($0.utf8) }, position: place(&random),
                        precision: random.pick([0, 200, 20_000]), validFrom: random.pick([nil, 500, 5_000])))
            }
        }

        func engine(_ changes: inout Changes) -> Engine {
            var engine = Engine(rules: Rules(), hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
            engine.put(subjects, now: ClockReading(wall: 1000, steady: 1000), into: &changes)
            for (number, place) in users.enumerated() { engine.send(.user, number, place, at: 1000, &changes) }
            return engine
        }
    }

    private static func census(_ engine: inout Engine) -> Census {
        var census = Census()
        while !census.isComplete { engine.count(97, into: &census) }
        return census
    }

    // MARK: - Said naively

    /// How many users of a cell are told of in it, and how many of it are still to be told of, in a larger one.
    private static func tell(
        _ users: ArraySlice<MapCell>, in cell: MapCell, floor: Int, _ told: inout [MapCell: Int]
    ) -> (told: Int, left: Int) {
        guard !users.isEmpty else { return (0, 0) }
        var (sum, left) = (0, users.count)
        if let children = cell.children {
            left = 0
            for child in children {
                let shift = MapCell.finest - child.level
                let inside = users.filter { $0.x >> shift == child.x && $0.y >> shift == child.y }
                let (mine, rest) = tell(inside[...], in: child, floor: floor, &told)
                sum += mine
                left += rest
            }
        }
        if left >= floor { (sum, left) = (sum + left, 0) }
        if sum > 0 { told[cell] = sum }
        return (sum, left)
    }

    private static let bands = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]

    @Test("Every level tells what is naively told, rounded down", arguments: UInt64(0)..<40)
    func counts(seed: UInt64) throws {
        let crowd = Crowd(seed: seed)
        var changes = Changes()
        var engine = crowd.engine(&changes)
        let census = Self.census(&engine)
        let cells = crowd.users.compactMap { MapCell(holding: $0, level: MapCell.finest) }
        for floor in [1, 2, 3, 10, 15, 400] {
            let release = MapRelease(census, floor: floor)
            var told: [MapCell: Int] = [:]
            _ = Self.tell(cells[...], in: MapCell(level: 0, x: 0, y: 0), floor: floor, &told)
            for level in 0...MapCell.finest {
                let found = release.cells(in: MapWindow.world.coarsened(to: level))
                #expect(found.map(\.cell) == found.map(\.cell).sorted())
                var users: [MapCell: Int] = [:]
                for cell in found { users[cell.cell] = cell.users }
                let expected = told.filter { $0.key.level == level }.mapValues { count in
                    max(floor, Self.bands.last { $0 <= count } ?? 0)
                }
                #expect(users == expected, "seed \(seed), floor \(floor), level \(level)")
            }
        }
    }

    /// In which cells there are enough is no secret; and of those who are told of on one level and not on another, there are enough too.
    @Test("Nobody is told of with fewer than the floor, whatever is subtracted from whatever", arguments: UInt64(0)..<40)
    func differences(seed: UInt64) throws {
        let cells = Crowd(seed: seed).users.compactMap { MapCell(holding: $0, level: MapCell.finest) }
        for floor in [2, 10] {
            var told: [MapCell: Int] = [:]
            _ = Self.tell(cells[...], in: MapCell(level: 0, x: 0, y: 0), floor: floor, &told)
            for (cell, count) in told {
                #expect(count >= floor)
                let inside = cells.count { $0.x >> (14 - cell.level) == cell.x && $0.y >> (14 - cell.level) == cell.y }
                #expect(count <= inside && inside - count < floor * 4)
                // Against its descendants of every level, which between them are all that can be subtracted.
                for level in cell.level...MapCell.finest {
                    let shift = level - cell.level
                    let others = told.filter { $0.key.level == level && $0.key.x >> shift == cell.x && $0.key.y >> shift == cell.y }
                    let difference = count - others.values.reduce(0, +)
                    #expect(difference == 0 || difference >= floor, "\(cell) and level \(level): \(difference)")
                }
            }
        }
    }

    @Test("Subjects are counted by cell and kind, where they are shown, if they are active", arguments: UInt64(0)..<40)
    func subjects(seed: UInt64) throws {
        let crowd = Crowd(seed: seed)
        var changes = Changes()
        var engine = crowd.engine(&changes)
        engine.suspend(Array("s-3".utf8), by: .operator, now: ClockReading(wall: 1000, steady: 1000), into: &changes)
        engine.send(.subject, "s-5", Coordinate(latitude: 5, longitude: 5), at: 1001, &changes)
        engine.advance(to: ClockReading(wall: 1002, steady: 1002), into: &changes)
        let release = MapRelease(Self.census(&engine), floor: 0)
        for level in [0, 3, 9, MapCell.finest] {
            var expected: [MapCell: [[UInt8]: Int]] = [:]
            for subject in crowd.subjects where subject.validFrom != 5_000 && subject.id != Array("s-3".utf8) {
                let view = engine.subject(subject.id)
                guard let position = view?.position, let cell = MapCell(holding: position, level: level) else { continue }
                expected[cell, default: [:]][subject.kind ?? [], default: 0] += 1
            }
            var found: [MapCell: [[UInt8]: Int]] = [:]
            for cell in release.cells(in: MapWindow.world.coarsened(to: level)) {
                #expect(cell.users == nil && !cell.kinds.isEmpty)
                #expect(cell.kinds.map(\.kind) == cell.kinds.map(\.kind).sorted { $0.lexicographicallyPrecedes($1) })
                for kind in cell.kinds { found[cell.cell, default: [:]][kind.kind] = kind.count }
            }
            #expect(found == expected, "seed \(seed), level \(level)")
        }
    }

    // MARK: - Bands and the floor

    @Test(
        "Bands",
        arguments: [
            (0, 10, nil), (9, 10, nil), (10, 10, 10), (19, 10, 10), (20, 10, 20), (49, 10, 20), (50, 10, 50), (99, 10, 50), (100, 10, 100),
            (199, 10, 100), (1_999_999, 10, 1_000_000), (5_000_000_000, 10, 5_000_000_000), (14, 15, nil), (15, 15, 15), (19, 15, 15),
            (20, 15, 20), (1, 1, 1), (2, 1, 2), (4, 1, 2), (7, 7, 7), (9, 7, 7), (10, 7, 10), (300, 250, 250), (499, 250, 250),
            (500, 250, 500), (1_000_000, 0, nil),
        ] as [(Int, Int, Int?)])
    func band(count: Int, floor: Int, band: Int?) { #expect(MapRelease.band(count, floor: floor) == band) }

    /// Users at one place, and others at another, so far that they share no cell but the world's.
    private static func release(_ here: Int, _ there: Int = 0, floor: Int = 10) throws -> MapRelease {
        var crowd = Crowd(seed: 0, users: 0, subjects: 0)
        crowd.users += [Coordinate](repeating: Coordinate(latitude: 399_000_000, longitude: 1_164_000_000), count: here)
        crowd.users += [Coordinate](repeating: Coordinate(latitude: -399_000_000, longitude: -1_164_000_000), count: there)
        var changes = Changes()
        var engine = crowd.engine(&changes)
        return MapRelease(census(&engine), floor: floor)
    }

    private static func everything(_ release: MapRelease) -> [MapRelease.Cell] {
        (0...MapCell.finest).flatMap { release.cells(in: MapWindow.world.coarsened(to: $0)) }
    }

    @Test("Too few look like none, at every level; with one more they are there")
    func floor() throws {
        #expect(Self.everything(try Self.release(9)).isEmpty)
        #expect(Self.everything(try Self.release(10)).map(\.users) == [Int?](repeating: 10, count: MapCell.finest + 1))
        #expect(Self.everything(try Self.release(1000, floor: 0)).isEmpty)
        // Too few here and too few there are enough for the world, and for nothing smaller.
        let both = Self.everything(try Self.release(6, 7))
        #expect(both.count == 1 && both[0].cell.level == 0 && both[0].users == 10)
        // And beside enough they are nowhere: the world is no more than they are.
        #expect(Self.everything(try Self.release(6, 15)) == Self.everything(try Self.release(0, 15)))
    }

    // MARK: - What is not told

    @Test("Where in their cells users are changes nothing", arguments: UInt64(0)..<20)
    func withinACell(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let crowd = Crowd(seed: seed)
        var twins = crowd
        for (place, user) in crowd.users.enumerated() {
            guard let cell = MapCell(holding: user, level: MapCell.finest) else { continue }
            let moved = Coordinate(
                latitude: Int32(random.whole(Int64(MapEdges.north[cell.y + 1]) + 1...Int64(MapEdges.north[cell.y]))),
                longitude: Int32(max(-1_800_000_000, min(1_799_999_999, Int64(user.longitude) + random.whole(-300...300)))))
            if MapCell(holding: moved, level: MapCell.finest) == cell { twins.users[place] = moved }
        }
        #expect(twins.users != crowd.users)
        var changes = Changes()
        var one = crowd.engine(&changes)
        var other = twins.engine(&changes)
        let (first, second) = (MapRelease(Self.census(&one), floor: 3), MapRelease(Self.census(&other), floor: 3))
        #expect(Self.everything(first) == Self.everything(second))
    }

    @Test("Where in its cell of precision a subject is changes nothing, also where the map's cells are smaller", arguments: UInt64(0)..<20)
    func withinAPrecision(seed: UInt64) {
        let crowd = Crowd(seed: seed)
        var changes = Changes()
        var one = crowd.engine(&changes)
        var twins = crowd
        for (place, subject) in crowd.subjects.enumerated() {
            // The centre is in the same cell of precision as what it stands for.
            let view = one.subject(subject.id)
            if let shown = view?.position { twins.subjects[place].position = shown }
        }
        #expect(twins.subjects != crowd.subjects)
        var other = twins.engine(&changes)
        let (first, second) = (MapRelease(Self.census(&one), floor: 3), MapRelease(Self.census(&other), floor: 3))
        #expect(Self.everything(first) == Self.everything(second) && first.extent == second.extent)
    }

    // MARK: - Where the subjects are

    @Test(
        "The extent is the shortest way round the world",
        arguments: [
            ([(10.0, 20.0), (20, 30)], 20.0, 10.0, 30.0, 20.0), ([(-17, 178), (-18, -179)], 178, -18, -179, -17),
            ([(0, 0)], 0, 0, 0, 0), ([(0, -179.9), (0, 100), (1, 179.9)], 100, 0, -179.9, 1),
        ] as [([(Double, Double)], Double, Double, Double, Double)])
    func extent(places: [(Double, Double)], west: Double, south: Double, east: Double, north: Double) throws {
        var crowd = Crowd(seed: 0, users: 3, subjects: 0)
        crowd.subjects = try places.enumerated().map { number, place in
            SubjectPlacement(
                id: [UInt8(65 + number)], kind: nil,
                position: try #require(Coordinate(latitudeDegrees: place.0, longitudeDegrees: place.1)), precision: 0)
        }
        var changes = Changes()
        var engine = crowd.engine(&changes)
        let extent = try #require(MapRelease(Self.census(&engine), floor: 10).extent)
        #expect(abs(extent.west - west) < 0.03 && abs(extent.east - east) < 0.03, "\(extent.west) \(extent.east)")
        #expect(abs(extent.south - south) < 0.03 && abs(extent.north - north) < 0.03, "\(extent.south) \(extent.north)")
    }

    @Test func nobodyIsNowhere() {
        var engine = Engine(rules: Rules(), hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        let release = MapRelease(Self.census(&engine), floor: 10)
        #expect(release.extent == nil && Self.everything(release).isEmpty)
    }
}
