import Testing
import VicinityCore

/// What is durable is enough: an engine that is put together again from journals and pages goes on exactly like the one that wrote them.
struct RestorationTests {
    /// The steady clock stands still: what is due is shown by lines alone, so that no timer tells the two engines apart.
    private static func clock(_ wall: Int64) -> ClockReading { ClockReading(wall: wall, steady: 0) }

    @Test(arguments: UInt64(0)..<40)
    func goesOnWhereItWas(seed: UInt64) throws {
        var random = SmallRandom(seed: seed)
        var disk = Disk()
        var world = World(random: &random)
        var engine = world.makeEngine()
        var changes = Changes()
        var commit: Int64 = 0
        for _ in 0..<120 {
            let step = world.step(&random)
            apply(step, to: &engine, &changes)
            commit += 1
            disk.write(&engine, commit: commit, pages: Int.random(in: 0...2, using: &random))
            disk.take(changes.signOffs)
            changes.removeAll()
            guard Int.random(in: 0..<15, using: &random) == 0 else { continue }
            var restored = try disk.restore(world.makeEngine(), register: world.register)
            #expect(restored.head == engine.head)
            #expect(restored.userCount == engine.userCount)
            #expect(restored.pairCount == engine.pairCount)
            // Both take the same steps; then the restored one is the engine.
            for _ in 0..<5 {
                let step = world.step(&random)
                var original = Changes()
                var copy = Changes()
                let first = events(step, &engine, &original)
                let second = events(step, &restored, &copy)
                #expect(first == second, "seed \(seed)")
                disk.take(original.signOffs)
                commit += 1
                disk.write(&engine, commit: commit, pages: 1)
            }
        }
    }

    /// Whoever gets a slot after a subject that moved stands where it was put, also after a restart.
    @Test func aReusedSlotForgetsTheMotion() throws {
        var random = SmallRandom(seed: 1)
        let world = World(random: &random)
        var engine = world.makeEngine()
        var changes = Changes()
        let put = { (name: UInt8, latitude: Int32) in
            SubjectPlacement(id: [name], kind: nil, position: Coordinate(latitude: latitude, longitude: 0))
        }
        let first = engine.put([put(65, 100_000_000)], now: Self.clock(1), into: &changes)
        var batch = FixBatch(source: 1, firstLine: 1)
        batch.ids = [65]
        batch.fixes = [Fix(kind: .subject, idOffset: 0, idLength: 1, line: 0, hash: engine.hasher.hash([65]), latitude: 5, time: 1000)]
        engine.apply(batch, now: Self.clock(2_000_000_000_000), into: &changes)
        var disk = Disk()
        disk.write(&engine, commit: 1, pages: 2)
        engine.remove([[65]], now: Self.clock(2), into: &changes)
        engine.reclaim()
        disk.write(&engine, commit: 2, pages: 0)
        let second = engine.put([put(66, 300_000_000)], now: Self.clock(3), into: &changes)
        #expect(first == second)
        disk.write(&engine, commit: 3, pages: 0)
        let restored = try disk.restore(world.makeEngine(), register: [second[0]: put(66, 300_000_000)])
        let found = restored.subject([66])
        let subject = try #require(found)
        #expect(subject.position == Coordinate(latitude: 300_000_000, longitude: 0))
        #expect(!subject.isMoving)
    }

    @Test func damagedBytesAreRefused() throws {
        var random = SmallRandom(seed: 1)
        var world = World(random: &random)
        var engine = world.makeEngine()
        var changes = Changes()
        for _ in 0..<30 { apply(world.step(&random), to: &engine, &changes) }
        var journal: [UInt8] = []
        engine.takeJournal(into: &journal)
        for cut in 0..<journal.count {
            var restoration = Restoration(world.makeEngine())
            for (slot, placement) in world.register { restoration.subject(slot: slot, placement, shown: nil) }
            #expect(throws: Restoration.Damaged.self) { try restoration.journal(commit: 1, Array(journal[..<cut])) }
        }
    }

    private func apply(_ step: World.Step, to engine: inout Engine, _ changes: inout Changes) {
        _ = events(step, &engine, &changes)
    }

    private func events(_ step: World.Step, _ engine: inout Engine, _ changes: inout Changes) -> [Event] {
        switch step {
        case .fixes(let batch): engine.apply(batch, now: Self.clock(2_000_000_000_000), into: &changes)
        case .put(let placements): engine.put(placements, now: Self.clock(2_000_000_000_000), into: &changes)
        case .remove(let ids): engine.remove(ids, now: Self.clock(2_000_000_000_000), into: &changes)
        }
        var events: [Event] = []
        for transition in changes.transitions { events.append(engine.event(transition)) }
        engine.reclaim()
        return events
    }
}

/// What a store would keep.
private struct Disk {
    private var journals: [(commit: Int64, bytes: [UInt8])] = []
    private var pages: [Int: [UInt8]] = [:]
    private var signOffs: [SignOff] = []
    private var next = 0

    mutating func take(_ signOffs: [SignOff]) { self.signOffs.append(contentsOf: signOffs) }

    mutating func write(_ engine: inout Engine, commit: Int64, pages count: Int) {
        var bytes: [UInt8] = []
        engine.takeJournal(into: &bytes)
        journals.append((commit, bytes))
        for _ in 0..<count where engine.pageCount > 0 {
            next = (next + 1) % engine.pageCount
            var page: [UInt8] = []
            engine.encodePage(next, commit: commit, into: &page)
            pages[engine.pageName(next)] = page
        }
    }

    func restore(_ fresh: consuming Engine, register: [UInt32: SubjectPlacement]) throws -> Engine {
        var restoration = Restoration(fresh)
        for (slot, placement) in register.sorted(by: { $0.key < $1.key }) { restoration.subject(slot: slot, placement, shown: nil) }
        for signOff in signOffs { restoration.signOff(signOff) }
        for (name, bytes) in pages.sorted(by: { $0.key < $1.key }) { try restoration.page(name: name, bytes) }
        for journal in journals { try restoration.journal(commit: journal.commit, journal.bytes) }
        return try restoration.finish(now: ClockReading(wall: 2_000_000_000_000, steady: 0))
    }
}

/// A few users and subjects in a small place, so that everything meets everything.
private struct World {
    enum Step {
        case fixes(FixBatch)
        case put([SubjectPlacement])
        case remove([[UInt8]])
    }

    private(set) var register: [UInt32: SubjectPlacement] = [:]
    /// Gives the slots, as the daemon's register does.
    private var shadow: [[UInt8]: UInt32] = [:]
    private var freeSlots: [UInt32] = []
    private var time: Int64 = 1_000_000
    private let hasher = IDHasher(seed: 5)

    private let isSlow: Bool
    private let isLimited: Bool

    init(random: inout SmallRandom) {
        isSlow = Bool.random(using: &random)
        isLimited = Bool.random(using: &random)
    }

    /// Every other world has pairs that wait, and everybody doubts and forgets quickly; and in every other one users have limits.
    func makeEngine() -> Engine {
        var rules = Rules()
        if isLimited {
            rules.subjectsPerUser = Rules.Limit(count: 4, span: 60_000)
            rules.follow = Rules.FollowGuard(places: 2, apart: 80, within: 120_000, mute: 40_000)
        }
        if isSlow {
            rules.enterDwell = 1_500
            rules.leaveDwell = 2_500
            rules.cooldown = 4_000
            rules.expireAfter = 20_000
            rules.radiusInterval = 3_000
            rules.maxSpeed = 200
        }
        return Engine(rules: rules, hashSeed: 5, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
    }

    mutating func step(_ random: inout SmallRandom) -> Step {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            var ids: Set<Int> = []
            while ids.count < 5 { ids.insert(Int.random(in: 0..<30, using: &random)) }
            return put(ids.sorted().map { placement($0, &random) })
        case 1:
            return remove([id("s", Int.random(in: 0..<30, using: &random))])
        default:
            return .fixes(batch(&random))
        }
    }

    private mutating func put(_ placements: [SubjectPlacement]) -> Step {
        for placement in placements {
            let slot = shadow[placement.id] ?? freeSlots.popLast() ?? UInt32(shadow.count + freeSlots.count)
            shadow[placement.id] = slot
            register[slot] = placement
        }
        return .put(placements)
    }

    private mutating func remove(_ ids: [[UInt8]]) -> Step {
        for id in ids {
            guard let slot = shadow.removeValue(forKey: id) else { continue }
            register[slot] = nil
            freeSlots.append(slot)
        }
        return .remove(ids)
    }

    private mutating func batch(_ random: inout SmallRandom) -> FixBatch {
        var batch = FixBatch(source: 1, firstLine: 1)
        for line in 0..<UInt32(20) {
            time += 1000
            let isSubject = Int.random(in: 0..<8, using: &random) == 0
            let name = isSubject ? id("s", Int.random(in: 0..<30, using: &random)) : id("u", Int.random(in: 0..<12, using: &random))
            let isGone = !isSubject && Int.random(in: 0..<15, using: &random) == 0
            let position = coordinate(&random)
            batch.fixes.append(
                Fix(
                    kind: isSubject ? .subject : isGone ? .gone : .user, idOffset: UInt32(batch.ids.count), idLength: UInt8(name.count),
                    line: line, hash: hasher.hash(name), latitude: position.latitude, longitude: position.longitude, time: time,
                    accuracy: Double(Int.random(in: 0..<4, using: &random)) * 60,
                    radius: !isSubject && Int.random(in: 0..<4, using: &random) == 0 ? Double(Int.random(in: 50...900, using: &random)) : 0)
            )
            batch.ids.append(contentsOf: name)
        }
        return batch
    }

    private func id(_ letter: String, _ number: Int) -> [UInt8] {
        // Some longer than what lies in a record.
        Array((letter + String(number) + (number % 5 == 0 ? "-with-a-name-that-is-long" : "")).utf8)
    }

    private func placement(_ number: Int, _ random: inout SmallRandom) -> SubjectPlacement {
        SubjectPlacement(id: id("s", number), kind: number % 3 == 0 ? nil : Array("kind".utf8), position: coordinate(&random))
    }

    /// Within 1 km around a place on the antimeridian.
    private func coordinate(_ random: inout SmallRandom) -> Coordinate {
        let east = Int32.random(in: -100_000...100_000, using: &random)
        return Coordinate(
            latitude: 450_000_000 + Int32.random(in: -100_000...100_000, using: &random),
            longitude: east >= 0 ? -1_800_000_000 + east : 1_800_000_000 + east)
    }
}

/// SplitMix64.
struct SmallRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x1234_5678_9abc_def0 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
