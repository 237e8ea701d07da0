import Foundation
import Testing
import VicinityCore
import VicinitySimulation

/// Several engines that share the users make the log of one, to the byte.
struct ShardingTests {
    /// How many shards there are.
    static let counts = [1, 2, 3, 7]

    /// Takes a step with both, and holds the answers against each other.
    ///
    /// - Returns: whether they agree.
    private func agree(_ twins: inout Twins, on step: Step, _ context: String) -> Bool {
        let (one, many) = twins.perform(step)
        #expect(one == many, "\(context)\nexpected\n\(one.text)\ngot\n\(many.text)\nafter\n\(step)")
        for event in twins.events.suffix(4) {
            guard let user = event.user else { continue }
            let (view, other, nearness, otherNearness) = twins.views(user: user, subject: event.subject)
            #expect(view == other && nearness == otherNearness, "\(context)\nafter\n\(step)")
        }
        return one == many
    }

    @Test(arguments: Scene.allCases.filter { !$0.isLarge }, UInt64(1)...3)
    func worlds(scene: Scene, seed: UInt64) {
        for count in Self.counts {
            var world = World(scene, seed: seed)
            var twins = Twins(rules: world.rules, seed: seed, shards: count)
            for number in 0..<60 where !agree(&twins, on: world.next(), "\(scene), seed \(seed), \(count) shards, step \(number)") {
                return
            }
            #expect(!twins.events.isEmpty || scene == .empty)
        }
    }

    @Test(arguments: Scene.allCases.filter(\.isLarge), counts)
    func largeWorlds(scene: Scene, count: Int) {
        var world = World(scene, seed: 5)
        var twins = Twins(rules: world.rules, seed: 5, shards: count)
        for number in 0..<20 where !agree(&twins, on: world.next(), "\(scene), \(count) shards, step \(number)") { return }
        #expect(twins.events.count > 1_000)
    }

    /// Where a moment is that of many users: everybody in one place, and everything on the full second.
    @Test(arguments: UInt64(1)...12)
    func stadium(seed: UInt64) {
        for count in Self.counts {
            var stadium = Stadium(seed: seed)
            var twins = Twins(rules: stadium.rules, seed: seed, shards: count)
            for number in 0..<150 where !agree(&twins, on: stadium.next(), "seed \(seed), \(count) shards, step \(number)") { return }
            let shared = zip(twins.events, twins.events.dropFirst()).count { one, next in
                one.time == next.time && one.user != next.user && one.subject == next.subject
            }
            #expect(shared > 50, "moments of one user each would prove nothing")
        }
    }

    @Test("Every shard has its share of the users", arguments: counts)
    func dealing(count: Int) {
        var many = ShardedEngine(
            shardCount: count, rules: Rules(), hashSeed: 5, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var changes = Changes()
        let ids = (0..<4_000).map { Array("user-\($0)".utf8) }
        for id in ids {
            var batch = FixBatch(source: 1, firstLine: 1)
            batch.ids = id
            batch.fixes = [Fix(kind: .user, idOffset: 0, idLength: UInt8(id.count), line: 0, hash: many.hasher.hash(id), time: 1_000)]
            many.apply(batch, now: ClockReading(wall: 1_000, steady: 0), into: &changes)
        }
        #expect(many.userCount == ids.count)
        let shares = Set(ids.map { id in many.ask(of: id) { $0.userCount } })
        #expect(shares.allSatisfy { abs($0 * count - ids.count) < ids.count / 5 })
    }

    @Test("The shards' parts are done at once, by threads", arguments: UInt64(21)...23)
    func threads(seed: UInt64) {
        var stadium = Stadium(seed: seed)
        var twins = Twins(rules: stadium.rules, seed: seed, shards: 4) { count, work in
            DispatchQueue.concurrentPerform(iterations: count, execute: work)
        }
        for number in 0..<150 where !agree(&twins, on: stadium.next(), "seed \(seed), step \(number)") { return }
        #expect(twins.events.count > 500)
    }
}

/// Users who all stand round one place, a few subjects that come and go there, and times that coincide.
private struct Stadium {
    let rules: Rules
    private var random: SeededRandom
    private var wall = World.clockAtBeginning.wall
    private var suspended: [Int: Bool] = [:]

    private static let center = Coordinate(latitude: 481_372_000, longitude: 115_755_000)
    private static let users = 40
    private static let subjects = 8

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var rules = Rules()
        rules.radius = 300
        rules.maxSpeed = random.pick([0, 0, 100])
        rules.enterDwell = random.pick([0, 0, 1_000, 2_000])
        rules.leaveDwell = random.pick([0, 0, 1_000, 2_000])
        rules.cooldown = random.pick([0, 2_000, 3_000])
        rules.expireAfter = random.pick([0, 4_000, 7_000])
        rules.forgetAfter = random.pick([1_000, 5_000, 86_400_000])
        rules.subjectsPerUser = random.pick([nil, nil, Rules.Limit(count: 3, span: 20_000)])
        rules.follow = random.pick([nil, nil, Rules.FollowGuard(places: 2, apart: 60, within: 30_000, mute: 5_000)])
        rules.disclosure = random.pick([.exact, .bands([100, 200])])
        self.rules = rules
    }

    mutating func next() -> Step {
        switch random.below(12) {
        case 0...5: return .lines((0..<1 + random.below(60)).map { _ in line() })
        case 6...8:
            let span = Int64(random.pick([1_000, 1_000, 2_000, 4_000]))
            wall += span
            return .clock(span)
        case 9: return .put((0..<Self.subjects).filter { _ in random.chance(0.4) }.map { placement($0) })
        case 10: return .remove((0..<Self.subjects).filter { _ in random.chance(0.15) }.map(subject))
        default:
            let index = random.below(Self.subjects)
            let isSuspended = suspended[index] ?? false
            suspended[index] = !isSuspended
            return isSuspended ? .resume(subject(index), .operator) : .suspend(subject(index), .operator)
        }
    }

    private func subject(_ index: Int) -> [UInt8] { Array("s\(index * 37 % 11)".utf8) }

    private mutating func placement(_ index: Int) -> SubjectPlacement {
        var placement = SubjectPlacement(id: subject(index), kind: index.isMultiple(of: 2) ? Array("bus".utf8) : nil, position: place())
        if random.chance(0.2) { placement.validUntil = wall + 3_000 }
        return placement
    }

    private mutating func place() -> Coordinate {
        let (north, east) = (random.below(80_000) - 40_000, random.below(80_000) - 40_000)
        return Self.center.moved(north: Int64(north), east: Int64(east))
    }

    private mutating func line() -> Line {
        let time = random.chance(0.05) ? nil : wall + Int64(random.pick([-1_000, 0, 0, 0, 1_000, 20_000]))
        if random.chance(0.25) { return Line(.subject, subject(random.below(Self.subjects + 1)), at: place(), time: time) }
        let id = Array("u\(random.below(Self.users) * 7919 % 1009)".utf8)
        if random.chance(0.03) { return Line(.gone, id, at: Self.center, time: time) }
        return Line(
            .user, id, at: place(), time: time, accuracy: random.chance(0.2) ? Double(random.below(400)) : nil,
            radius: random.chance(0.1) ? Double(100 + random.below(300)) : nil)
    }
}
