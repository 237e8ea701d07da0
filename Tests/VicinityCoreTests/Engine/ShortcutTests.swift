import CPrimitives
import Testing
import VicinitySimulation

@testable import VicinityCore

/// What the engine does to be fast changes nothing in what comes out: to the byte.
@Suite("Shortcuts: any of them, or none")
struct ShortcutTests {
    /// None first; all, and all but one.
    static let sets: [Shortcuts] = [
        [], .all, [.slack, .cover, .cuts], [.plans, .cover, .cuts], [.plans, .slack, .cuts], [.plans, .slack, .cover],
    ]

    @Test("A crowd that walks among subjects, some of which move, here and there on earth", arguments: UInt64(1)...12)
    func crowd(seed: UInt64) {
        var logs: [[[UInt8]]] = []
        for shortcuts in Self.sets {
            var crowd = WalkingCrowd(seed: seed)
            logs.append(crowd.log(with: shortcuts))
        }
        #expect(logs[0].joined().count > 2_000, "a log without events would prove nothing")
        for (shortcuts, log) in zip(Self.sets, logs) { #expect(log == logs[0], "shortcuts \(shortcuts.rawValue), seed \(seed)") }
    }

    /// The user stands 20 m east of the anchor when a subject in the east enters. The one in the west goes on where it is near at the old anchor and
    /// in the margin at the new one; whom it concerns was found out before.
    @Test("A user who gets a new anchor between two subjects' fixes is asked by the second", arguments: sets)
    func anchorBetweenSubjects(shortcuts: Shortcuts) {
        var equator = Equator(shortcuts)
        let places = [("eastern", 600.0), ("western", -475), ("far", 20_000), ("farther", 21_000)]
        equator.put(places)
        equator.take(places.map { (.subject, $0.0, $0.1) })
        equator.take([(.user, "u", 0), (.user, "u", 0.2), (.user, "u", 20)])
        equator.take([(.subject, "far", 20_010), (.subject, "farther", 21_010), (.subject, "eastern", 515), (.subject, "western", -485)])
        equator.take([(.user, "u", 10)])
        #expect(equator.changes == ["enter western", "enter eastern"])
    }

    /// The rules are set anew while the user stands 20 m east of the anchor, which ends the slack; then, for the first time, a subject moves: to where it is near
    /// the user, but not near the anchor.
    @Test("A user away from the anchor is found when cells begin to know more, though the slack has ended", arguments: sets)
    func awayWithoutSlack(shortcuts: Shortcuts) {
        var equator = Equator(shortcuts)
        equator.put([("eastern", 700)])
        equator.take([(.user, "u", 0), (.user, "u", 0.2), (.user, "u", 20)])
        equator.setRulesAnew()
        equator.take([(.subject, "eastern", 510)])
        #expect(equator.changes == ["enter eastern"])
        equator.take([(.user, "u", -1_000)])
        #expect(equator.changes == ["enter eastern", "leave eastern"])
    }

    /// As long as nothing moves, users stand in cells of 1.5 to 3 km; whoever is there when the first subject moves goes into smaller ones.
    @Test("Who stood in large cells is found by subjects that move", arguments: sets)
    func fromLargeCells(shortcuts: Shortcuts) {
        var equator = Equator(shortcuts)
        equator.put([("bus", 50_000), ("gate", -50_000)])
        let users = (0..<40).map { ("u\($0)", Double($0) * 150) }
        equator.take(users.map { (.user, $0.0, $0.1) })
        // One has come and gone meanwhile, and one goes to another large cell and back.
        equator.take([(.user, "u7", 9_000), (.gone, "u9", 0), (.user, "u7", 1_050)])
        equator.take([(.subject, "bus", -400)])
        #expect(equator.changes == ["enter bus"])
        for (number, place) in stride(from: -300.0, through: 6_500, by: 100).enumerated() {
            equator.take([(.subject, "bus", place), (.user, users[number % 7].0, users[number % 7].1 + Double(number % 3))])
        }
        let entered = equator.changes.count { $0 == "enter bus" }
        #expect(entered == 39 && equator.changes.count { $0 == "leave bus" } == entered)
    }

    @Test("The scan of a ring finds who changes sides, and who may do so next", arguments: [true, false])
    func scan(isPlain: Bool) {
        var random = SeededRandom(seed: 11)
        let metrics = MetricTable()
        var changedCount = 0
        for count in 0..<200 {
            let center = Coordinate(latitude: Int32(random.below(1_400_000_000) - 700_000_000), longitude: Int32(random.below(1_000_000)))
            let anchor = Coordinate(latitude: center.latitude + 2000, longitude: center.longitude - 3000)
            let latitudes = (0..<count + 7).map { _ in center.latitude + Int32(random.below(160_000) - 80_000) }
            let longitudes = (0..<count + 7).map { _ in center.longitude + Int32(random.below(160_000) - 80_000) }
            let slots = (0..<UInt32(count + 7)).map { $0 }
            let discs = [center, anchor].map { Disc($0, radius: 500, margin: 0, metrics: metrics) }
            var rings = discs.map { disc in
                vicinity_disc(
                    latitude: disc.viewpoint.center.latitude, longitude: disc.viewpoint.center.longitude,
                    meridian: Float(disc.viewpoint.metric.meridian), meridian_slope: Float(disc.viewpoint.metric.meridianSlope),
                    parallel: Float(disc.viewpoint.metric.parallel), parallel_slope: Float(disc.viewpoint.metric.parallelSlope),
                    edge: 250_000, doubt: 2)
            }
            let changed = UnsafeMutablePointer<UInt32>.allocate(capacity: count + 1)
            let neighbors = UnsafeMutablePointer<vicinity_neighbor>.allocate(capacity: count + 1)
            defer {
                changed.deallocate()
                neighbors.deallocate()
            }
            var ring = vicinity_ring(
                changed: changed, changed_count: 0, neighbors: neighbors, neighbor_count: 0, outer: 360_000, inner: 202_500)
            latitudes.withUnsafeBufferPointer { latitudes in
                longitudes.withUnsafeBufferPointer { longitudes in
                    slots.withUnsafeBufferPointer { slots in
                        guard let high = latitudes.baseAddress, let wide = longitudes.baseAddress, let names = slots.baseAddress else {
                            return
                        }
                        // In two runs, so that both ends of a run lie anywhere.
                        let cut = count / 3
                        var runs = [
                            vicinity_run(latitudes: high, longitudes: wide, slots: names, count: UInt32(cut)),
                            vicinity_run(latitudes: high + cut, longitudes: wide + cut, slots: names + cut, count: UInt32(count - cut)),
                        ]
                        if isPlain {
                            vicinity_scan_ring_plain(&runs, 2, &rings[0], &rings[1], &ring)
                        } else {
                            vicinity_scan_ring(&runs, 2, &rings[0], &rings[1], &ring)
                        }
                    }
                }
            }
            let reported = Set((0..<ring.changed_count).map { Int(changed[$0]) })
            #expect(reported.count == ring.changed_count)
            let found = Dictionary(uniqueKeysWithValues: (0..<ring.neighbor_count).map { (Int(neighbors[$0].slot), neighbors[$0]) })
            for place in 0..<count {
                let squared = discs.map { $0.squaredDistance(latitude: latitudes[place], longitude: longitudes[place]) }
                if (202_501..<359_999).contains(squared[0]) {
                    let offset = discs[0].viewpoint.offset(latitude: latitudes[place], longitude: longitudes[place])
                    #expect(found[place].map { abs(Double($0.squared) - squared[0]) < 1 } == true)
                    #expect(found[place].map { abs(Double($0.east) - offset.east) + abs(Double($0.north) - offset.north) < 0.01 } == true)
                }
                if !(202_499..<360_001).contains(squared[0]) { #expect(found[place] == nil) }
                let changes = (squared[0] <= 250_000) != (squared[1] <= 250_000)
                changedCount += changes ? 1 : 0
                if changes { #expect(reported.contains(place)) }
                if !changes, abs(squared[0] - 250_000) > 3, abs(squared[1] - 250_000) > 3 { #expect(!reported.contains(place)) }
            }
        }
        #expect(changedCount > 500)
    }
}

/// Users who walk, stand and jump round a few places, one of them on the antimeridian, among subjects that are near to each other, with several lines of one user in a batch.
private struct WalkingCrowd {
    private var random: SeededRandom
    private var places: [Coordinate] = []
    private var time: Int64 = 1_700_000_000_000
    private let rules: Rules

    private static let users = 60
    private static let centers = [
        Coordinate(latitude: 481_372_000, longitude: 115_755_000), Coordinate(latitude: 1_000, longitude: 1_799_990_000),
        Coordinate(latitude: 659_000_000, longitude: 0), Coordinate(latitude: -545_000_000, longitude: -683_000_000),
    ]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var rules = Rules()
        rules.radius = random.pick([100, 300, 500])
        rules.leaveMargin = random.pick([0, 30, 50])
        rules.accuracyCap = random.pick([0, 100])
        rules.maxSpeed = 0
        rules.leaveDwell = random.pick([0, 0, 3_000])
        rules.cooldown = random.pick([0, 0, 4_000])
        self.rules = rules
    }

    private mutating func near(_ place: Coordinate, _ units: Int) -> Coordinate {
        place.moved(north: Int64(random.below(2 * units + 1) - units), east: Int64(random.below(2 * units + 1) - units))
    }

    /// Whole blocks of what happens in a while.
    mutating func log(with shortcuts: Shortcuts) -> [[UInt8]] {
        var engine = Engine(rules: rules, hashSeed: 7, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        engine.shortcuts = shortcuts
        var changes = Changes()
        var blocks: [[UInt8]] = []
        let names = (0..<400).map { Array("s\($0)".utf8) }
        let subjects = names.enumerated().map { index, id in
            SubjectPlacement(id: id, kind: nil, position: near(Self.centers[index % Self.centers.count], 120_000))
        }
        places = (0..<Self.users).map { near(Self.centers[$0 % Self.centers.count], 60_000) }
        _ = engine.put(subjects, now: ClockReading(wall: time, steady: 0), into: &changes)
        for round in 0..<24 {
            if round == 12 {
                var rules = rules
                rules.leaveMargin = rules.leaveMargin / 2
                engine.rules = rules
            }
            var batch = FixBatch(source: 1, firstLine: 1)
            for _ in 0..<200 {
                time += 50
                let isSubject = random.chance(0.05)
                let index = random.below(isSubject ? 40 : random.chance(0.3) ? 3 : Self.users)
                let id = isSubject ? names[index] : Array("u\(index)".utf8)
                let place: Coordinate
                if isSubject {
                    place = near(subjects[index].position, 3_000)
                } else {
                    place = near(places[index], random.chance(0.02) ? 40_000 : random.pick([0, 50, 400, 2_000]))
                    places[index] = place
                }
                batch.fixes.append(
                    Fix(
                        kind: isSubject ? .subject : random.chance(0.01) ? .gone : .user, idOffset: UInt32(batch.ids.count),
                        idLength: UInt8(id.count), line: UInt32(batch.fixes.count), hash: engine.hasher.hash(id), latitude: place.latitude,
                        longitude: place.longitude, time: time, accuracy: Double(random.pick([5, 5, 5, 20, 150])),
                        radius: random.chance(0.02) ? Double(random.pick([80, 500, 900])) : 0))
                batch.ids += id
            }
            engine.apply(batch, now: ClockReading(wall: time, steady: time - 1_700_000_000_000), into: &changes)
            engine.advance(to: ClockReading(wall: time, steady: time - 1_700_000_000_000), into: &changes)
            if let first = changes.transitions.first {
                var builder = EventBlockBuilder(firstSeq: first.seq)
                var finished: [EventBlock] = []
                engine.encode(changes.transitions, into: &builder, finished: &finished)
                if let last = builder.finish() { finished.append(last) }
                blocks += finished.map(\.bytes)
            }
            changes.removeAll()
            engine.reclaim()
        }
        return blocks
    }
}

/// An engine of 500 m with a margin of 50, on a line: everybody is so many metres east of 0° N, 0° E.
private struct Equator: ~Copyable {
    private var engine: Engine
    private let rules: Rules
    private var clock = ClockReading(wall: 1_700_000_000_000, steady: 0)
    private(set) var changes: [String] = []

    init(_ shortcuts: Shortcuts) {
        var rules = Rules()
        rules.radius = 500
        rules.leaveMargin = 50
        rules.accuracyCap = 0
        rules.maxSpeed = 0
        self.rules = rules
        engine = Engine(rules: rules, hashSeed: 7, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        engine.shortcuts = shortcuts
    }

    private static func east(_ metres: Double) -> Coordinate { Coordinate(latitude: 0, longitude: Int32(metres / 0.011_131_949)) }

    mutating func put(_ places: [(id: String, metres: Double)]) {
        var changes = Changes()
        let placements = places.map { SubjectPlacement(id: Array($0.id.utf8), kind: nil, position: Self.east($0.metres)) }
        _ = engine.put(placements, now: clock, into: &changes)
        note(changes)
    }

    mutating func setRulesAnew() { engine.rules = rules }

    /// Takes lines in one batch, a second apart.
    mutating func take(_ lines: [(kind: Fix.Kind, id: String, metres: Double)]) {
        var batch = FixBatch(source: 1, firstLine: 1)
        for (number, line) in lines.enumerated() {
            clock = ClockReading(wall: clock.wall + 1_000, steady: clock.steady + 1_000)
            let (id, place) = (Array(line.id.utf8), Self.east(line.metres))
            batch.fixes.append(
                Fix(
                    kind: line.kind, idOffset: UInt32(batch.ids.count), idLength: UInt8(id.count), line: UInt32(number),
                    hash: engine.hasher.hash(id), latitude: place.latitude, longitude: place.longitude, time: clock.wall, accuracy: 5))
            batch.ids += id
        }
        var changes = Changes()
        engine.apply(batch, now: clock, into: &changes)
        note(changes)
        engine.reclaim()
    }

    private mutating func note(_ changes: Changes) {
        for transition in changes.transitions {
            let subject = String(decoding: engine.event(transition).subject, as: UTF8.self)
            switch transition.change {
            case .enter: self.changes.append("enter \(subject)")
            case .leave: self.changes.append("leave \(subject)")
            default: self.changes.append("another change")
            }
        }
    }
}
