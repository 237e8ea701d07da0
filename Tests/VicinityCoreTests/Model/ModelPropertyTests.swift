// What must hold of any log, whoever wrote it: tests over a player of steps, so that the same can be asked of the engine.

import Testing
import VicinityCore
import VicinitySimulation

/// Plays steps from one reading of the clocks on.
struct Player: Sendable, CustomTestStringConvertible {
    struct Played: Sendable {
        var events: [Event] = []
        /// The codes, in order.
        var errors: [LineErrorCode] = []
        var tally = Tally()
        var users = 0
        var pairs = 0
    }

    static let all = [model, engine]

    let name: String
    let play: @Sendable (Rules, ClockReading, [Step]) -> Played

    var testDescription: String { name }

    static let model = Player(name: "model") { rules, clock, steps in
        var model = Model(rules: rules, at: clock)
        var played = Played()
        for step in steps {
            model.perform(step)
            played.errors += model.errors.map(\.code)
        }
        played.events = model.events
        played.tally = model.tally
        played.users = model.userCount
        played.pairs = model.pairCount
        return played
    }

    static let engine = Player(name: "engine") { rules, clock, steps in
        var engine = EngineAdapter(rules: rules, at: clock, seed: 1)
        var played = Played()
        for step in steps {
            let answer = engine.perform(step)
            played.events += answer.events
            played.errors += answer.errors.map(\.code)
        }
        played.tally = engine.tally
        played.users = engine.userCount
        played.pairs = engine.pairCount
        return played
    }
}

extension World {
    /// The settings of a world, and the first of its steps.
    static func opening(_ scene: Scene, _ seed: UInt64, steps: Int) -> (rules: Rules, steps: [Step]) {
        var world = World(scene, seed: seed)
        let rules = world.rules
        return (rules, (0..<steps).map { _ in world.next() })
    }
}

struct ModelPropertyTests {
    private static let scenes = Scene.allCases.filter { !$0.isLarge }
    private static let scenesOfTime: [Scene] = [.noise, .dwell, .silence, .movers, .validity, .editions]

    @Test(arguments: Player.all, scenesOfTime)
    func everyPairAlternatesAndEveryLeaveNamesItsEnter(player: Player, scene: Scene) {
        for seed in UInt64(1)...20 {
            let (rules, steps) = World.opening(scene, seed, steps: 150)
            let played = player.play(rules, World.clockAtBeginning, steps)
            var open: [[[UInt8]]: Event] = [:]
            for event in played.events {
                let pair = [event.user ?? [], event.subject]
                switch event.change {
                case .enter:
                    #expect(open[pair] == nil, "seed \(seed), \(Text.event(event))")
                    open[pair] = event
                case .leave(_, let encounter, let lasted):
                    let enter = open.removeValue(forKey: pair)
                    #expect(enter?.seq == encounter, "seed \(seed), \(Text.event(event))")
                    #expect(lasted == max(0, event.time - (enter?.time ?? 0)), "seed \(seed), \(Text.event(event))")
                case .following: #expect(open[pair] == nil, "seed \(seed), \(Text.event(event))")
                case .report: break
                }
            }
            #expect(open.count == played.pairs, "seed \(seed)")
            #expect(played.events.map(\.seq) == Array(1..<Int64(played.events.count) + 1), "seed \(seed)")
        }
    }

    /// What is no error, brings a `ts` and is not inaccurate (which is never stale by itself) changes nothing a second time.
    @Test(arguments: Player.all, scenes)
    func resentLinesChangeNothing(player: Player, scene: Scene) {
        for seed in UInt64(1)...8 {
            let (rules, steps) = World.opening(scene, seed, steps: 80)
            var resent: [Step] = []
            var once: [Step] = []
            for step in steps {
                guard case .lines(let lines) = step else {
                    resent.append(step)
                    once.append(step)
                    continue
                }
                let sent = lines.filter { $0.time != nil && ($0.accuracy ?? 0) <= 30 && $0.radius == nil && $0.kind == .user }
                once.append(.lines(sent))
                resent += [.lines(sent), .lines(sent), .lines(Array(sent.prefix(sent.count / 2)))]
            }
            let expected = player.play(rules, World.clockAtBeginning, once)
            let got = player.play(rules, World.clockAtBeginning, resent)
            #expect(got.events == expected.events, "seed \(seed)")
            #expect(got.tally.implausible == expected.tally.implausible, "seed \(seed)")
            #expect(got.users == expected.users, "seed \(seed)")
        }
    }

    @Test(arguments: Player.all, scenes)
    func howLinesAreCutIntoBatchesChangesNothing(player: Player, scene: Scene) {
        for seed in UInt64(1)...4 {
            let (rules, steps) = World.opening(scene, seed, steps: 80)
            var random = SeededRandom(seed: seed)
            var cut: [Step] = []
            for step in steps {
                guard case .lines(var lines) = step else {
                    cut.append(step)
                    continue
                }
                while !lines.isEmpty {
                    let count = 1 + random.below(lines.count)
                    cut.append(.lines(Array(lines.prefix(count))))
                    lines.removeFirst(count)
                }
            }
            let expected = player.play(rules, World.clockAtBeginning, steps)
            let got = player.play(rules, World.clockAtBeginning, cut)
            #expect(got.events == expected.events, "seed \(seed)")
            #expect(got.errors == expected.errors, "seed \(seed)")
            #expect(got.tally == expected.tally, "seed \(seed)")
        }
    }
}

// MARK: - The two sides of a pair, and the two ways of time

extension ModelPropertyTests {
    /// One stay, whichever side is called the user.
    private struct Stay: Hashable {
        var sides: Set<[UInt8]>
        var enter: Int64
        /// `nil` while it lasts.
        var leave: Int64?
    }

    private func stays(_ events: [Event]) -> [Stay: Int] {
        var open: [Int64: Stay] = [:]
        var closed: [Stay] = []
        for event in events {
            switch event.change {
            case .enter: open[event.seq] = Stay(sides: [event.user ?? [], event.subject], enter: event.time)
            case .leave(_, let encounter, _):
                guard var stay = open.removeValue(forKey: encounter) else { continue }
                stay.leave = event.time
                closed.append(stay)
            case .report, .following: break
            }
        }
        return Dictionary((closed + open.values).map { ($0, 1) }) { $0 + $1 }
    }

    /// What two sides that walk round one place report; `isLive`: as it happens, else long afterwards and at once.
    private func walks(_ random: inout SeededRandom, _ rules: Rules, isLive: Bool) -> [Step] {
        let place = Coordinate(latitude: 481_372_000, longitude: 115_755_000)
        var positions: [[UInt8]: Coordinate] = [:]
        var steps: [Step] = []
        var now = World.beginning
        let spans = [rules.enterDwell, rules.leaveDwell, rules.cooldown, rules.expireAfter].filter { $0 > 0 }
        for _ in 0..<250 {
            let span = random.chance(0.3) && !spans.isEmpty ? random.pick(spans) + random.pick([-1, 0, 1]) : random.whole(0...3_000)
            now += max(0, span)
            if isLive { steps.append(.clock(max(0, span))) }
            let isUser = random.chance(0.5)
            let id = [UInt8]("\(isUser ? "u" : "s")\(random.below(3))".utf8)
            let start = positions[id] ?? place
            let direction = random.direction()
            let length = random.chance(0.1) ? 5_000 : random.real(0...500)
            let there = random.chance(0.2) ? place : start.offset(north: direction.north * length, east: direction.east * length)
            positions[id] = there
            let accuracy: Double? = random.chance(0.3) ? random.real(1...250) : nil
            steps.append(.lines([Line(isUser ? .user : .subject, id, at: there, time: now, accuracy: accuracy)]))
        }
        return steps
    }

    private func timedRules(_ random: inout SeededRandom) -> Rules {
        var rules = Rules()
        rules.accuracyCap = 0
        rules.enterDwell = random.pick([0, 0, 1_000, 4_000])
        rules.leaveDwell = random.pick([0, 0, 1_000, 4_000])
        rules.cooldown = random.pick([0, 0, 2_000, 7_000])
        rules.maxSpeed = random.pick([0, 50, 300])
        rules.expireAfter = random.pick([0, 6_000, 20_000])
        return rules
    }

    /// With equal halos, and accuracy left out of pairs, users and moving subjects are each other's mirror.
    @Test(arguments: Player.all, [false, true])
    func usersAndMovingSubjectsAreMirrors(player: Player, isLive: Bool) {
        for seed in UInt64(0)..<60 {
            var random = SeededRandom(seed: seed)
            let rules = timedRules(&random)
            let steps = walks(&random, rules, isLive: isLive)
            let pole = Coordinate(latitude: 900_000_000, longitude: 0)
            func register(_ mark: String) -> Step {
                .put((0..<3).map { SubjectPlacement(id: [UInt8]("\(mark)\($0)".utf8), kind: nil, position: pole) })
            }
            let mirrored = steps.map { step in
                guard case .lines(let lines) = step else { return step }
                return .lines(
                    lines.map { line in
                        var line = line
                        line.kind = line.kind == .user ? .subject : .user
                        return line
                    })
            }
            let clock = ClockReading(wall: isLive ? World.beginning : World.beginning + 9_000_000, steady: 0)
            let expected = player.play(rules, clock, [register("s")] + steps)
            let got = player.play(rules, clock, [register("u")] + mirrored)
            #expect(stays(got.events) == stays(expected.events), "seed \(seed)")
            #expect(got.tally == expected.tally, "seed \(seed)")
        }
    }

    /// A replay of old fixes, however fast, gives the events that the live stream gave, for pairs with subjects of fixed
    /// position: each user's in their order.
    ///
    /// Held fixes and dwells (or cooldowns) are not played together: what a timer showed between a held fix and the line that
    /// confirms it is shown after the held fix by a replay, since a line unfolds in the order of `ts`.
    @Test(arguments: Player.all)
    func aReplayGivesTheEventsOfTheLiveStream(player: Player) {
        for seed in UInt64(0)..<60 {
            var random = SeededRandom(seed: seed)
            var rules = timedRules(&random)
            rules.accuracyCap = 100
            if rules.enterDwell + rules.leaveDwell + rules.cooldown > 0 { rules.maxSpeed = 0 }
            let live = walks(&random, rules, isLive: true).map { step in
                guard case .lines(var lines) = step else { return step }
                for index in lines.indices { lines[index].kind = .user }
                return Step.lines(lines)
            }
            let place = Coordinate(latitude: 481_372_000, longitude: 115_755_000)
            let register = Step.put(
                (0..<5).map { index in
                    SubjectPlacement(id: [UInt8]("s\(index)".utf8), kind: nil, position: place.offset(north: 150 * Double(index), east: 0))
                })
            let flush = Step.clock(3_600_000)
            let lines = live.filter { step in
                if case .lines = step { true } else { false }
            }
            let expected = player.play(rules, ClockReading(wall: World.beginning, steady: 0), [register] + live + [flush])
            let got = player.play(rules, ClockReading(wall: World.beginning + 9_000_000, steady: 0), [register] + lines + [flush])
            #expect(byUser(got.events) == byUser(expected.events), "seed \(seed)")
            #expect(expected.events.count > 20, "seed \(seed)")
        }
    }

    /// Each user's events in their order, without their numbers.
    private func byUser(_ events: [Event]) -> [[UInt8]: [String]] {
        var stories: [[UInt8]: [String]] = [:]
        for event in events {
            let change: String
            switch event.change {
            case .enter(let cause, let disclosed): change = "enter \(cause.word) \(disclosed)"
            case .leave(let cause, _, let lasted): change = "leave \(cause.word) \(lasted)"
            case .report(let number, let kind): change = "report \(number) \(kind)"
            case .following: change = "following"
            }
            stories[event.user ?? [], default: []].append("\(Text.quoted(event.subject)) \(event.time) \(change)")
        }
        return stories
    }
}
