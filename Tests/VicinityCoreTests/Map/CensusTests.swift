import Testing
import VicinitySimulation

@testable import VicinityCore

extension Engine {
    /// One line of a user with this number.
    mutating func send(_ kind: Fix.Kind, _ user: Int, _ place: Coordinate, at time: Int64, _ changes: inout Changes) {
        send(kind, "u-\(user)", place, at: time, &changes)
    }

    /// One line, and what is done when a step is over.
    mutating func send(_ kind: Fix.Kind, _ name: String, _ place: Coordinate, at time: Int64, _ changes: inout Changes) {
        let id = Array(name.utf8)
        var batch = FixBatch(source: 1, firstLine: 1)
        batch.ids = id
        batch.fixes = [
            Fix(
                kind: kind, idOffset: 0, idLength: UInt8(id.count), line: 0, hash: hasher.hash(id), latitude: place.latitude,
                longitude: place.longitude, time: time)
        ]
        batch.lineCount = 1
        apply(batch, now: ClockReading(wall: time, steady: time), into: &changes)
        changes.removeAll()
        reclaim()
    }
}

/// A census in slices, while users and subjects come, move and go.
struct CensusTests {
    /// Each user has a row of cells of their own, so that a cell says whose it is.
    private static func cell(of user: Int, step: Int) -> MapCell { MapCell(level: MapCell.finest, x: step % MapEdges.side, y: 6000 + user) }

    private static func place(in cell: MapCell) -> Coordinate {
        let longitude = (Double(cell.x) + 0.5) * 3.6e9 / Double(MapEdges.side) - 1.8e9
        return Coordinate(latitude: MapEdges.north[cell.y] - 10, longitude: Int32(longitude))
    }

    private static func engine() -> Engine {
        var rules = Rules()
        rules.maxSpeed = 0
        return Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
    }

    @Test(
        "Who is there all the while is counted once, where they were meanwhile; who is not there is not counted", arguments: UInt64(0)..<60)
    func slices(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var engine = Self.engine()
        var changes = Changes()
        let users = 120
        /// The cells in which each user was since the census began, and whether they were away at some time since.
        var visited = [Set<MapCell>](repeating: [], count: users)
        var isHere = [Bool](repeating: false, count: users)
        var wasAway = [Bool](repeating: false, count: users)
        var time: Int64 = 1_000
        func step(_ random: inout SeededRandom) {
            time += 1
            let user = random.below(users)
            let cell = Self.cell(of: user, step: Int(time))
            if random.chance(0.3) {
                engine.send(.gone, user, Self.place(in: cell), at: time, &changes)
                (isHere[user], wasAway[user]) = (false, true)
            } else {
                engine.send(.user, user, Self.place(in: cell), at: time, &changes)
                isHere[user] = true
                visited[user].insert(cell)
            }
        }
        for _ in 0..<400 { step(&random) }
        // The present is where the census begins.
        for user in 0..<users {
            let last = visited[user].max { $0.x < $1.x }
            visited[user] = isHere[user] ? Set([last].compactMap { $0 }) : []
            wasAway[user] = !isHere[user]
        }
        var census = Census()
        while !census.isComplete {
            engine.count(1 + random.below(20), into: &census)
            for _ in 0..<random.below(12) { step(&random) }
        }
        var counted = [[MapCell]](repeating: [], count: users)
        for code in census.users {
            let cell = code.cell(at: MapCell.finest)
            counted[cell.y - 6000].append(cell)
        }
        for user in 0..<users {
            #expect(Set(counted[user]).isSubset(of: visited[user]), "seed \(seed), user \(user)")
            if !wasAway[user] { #expect(counted[user].count == 1, "seed \(seed), user \(user)") }
            #expect(counted[user].count <= 2)
        }
        #expect(census.users.count == census.userCount)
    }

    @Test("Silent users, and those who are gone, are not counted; who is heard of again is")
    func silence() {
        var engine = Self.engine()
        var changes = Changes()
        func count() -> Int {
            var census = Census()
            engine.count(.max, into: &census)
            #expect(census.isComplete)
            return census.userCount
        }
        for user in 0..<5 { engine.send(.user, user, Coordinate(latitude: 5, longitude: 5), at: 1_000, &changes) }
        engine.send(.gone, 0, Coordinate(latitude: 5, longitude: 5), at: 1_001, &changes)
        #expect(count() == 4 && engine.userCount == 4)
        engine.send(.user, 1, Coordinate(latitude: 5, longitude: 5), at: 800_000, &changes)
        engine.advance(to: ClockReading(wall: 1_000_000, steady: 1_000_000), into: &changes)
        changes.removeAll()
        engine.reclaim()
        #expect(count() == 1 && engine.userCount == 1)
        engine.send(.user, 3, Coordinate(latitude: 5, longitude: 5), at: 1_000_001, &changes)
        #expect(count() == 2)
    }

    @Test("A swap of the register between two slices loses and doubles no subject that both editions have")
    func swap() {
        var engine = Self.engine()
        var changes = Changes()
        func subject(_ number: Int) -> SubjectPlacement {
            SubjectPlacement(
                id: Array("s-\(number)".utf8), kind: nil, position: Self.place(in: Self.cell(of: number, step: number)), precision: 0)
        }
        let now = ClockReading(wall: 1_000, steady: 1_000)
        engine.put((0..<100).map(subject), now: now, into: &changes)
        engine.beginEdition()
        // Fewer of them, and others behind.
        _ = engine.stage((20..<70).map(subject) + (200..<210).map(subject), now: now)
        var census = Census()
        engine.count(40, into: &census)
        _ = engine.swapEditions(now: now)
        engine.count(7, into: &census)
        while !engine.settle(.all, into: &changes) {}
        engine.reclaim()
        while !census.isComplete { engine.count(13, into: &census) }
        var counts: [Int: Int] = [:]
        for (code, _) in census.subjects { counts[code.cell(at: MapCell.finest).y - 6000, default: 0] += 1 }
        for number in 20..<70 { #expect(counts[number] == 1, "s-\(number)") }
        #expect(counts.values.allSatisfy { $0 == 1 })
    }
}
