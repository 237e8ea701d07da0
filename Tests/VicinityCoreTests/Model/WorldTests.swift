import Testing
import VicinityCore
import VicinitySimulation

struct WorldTests {
    @Test(arguments: [50.0, 500, 5_000, 50_000, 1_000_000], [0, 483_000_000, 899_000_000, 899_999_999, 900_000_000] as [Int32])
    func aPositionIsPlacedAtADistance(metres: Double, latitude: Int32) {
        var random = SeededRandom(seed: 3)
        for longitude in [0, 1_799_999_999, -1_800_000_000] as [Int32] {
            let centre = Coordinate(latitude: latitude, longitude: longitude)
            for _ in 0..<3 {
                let place = centre.atDistance(metres, using: &random)
                #expect(abs(Geodesic.distance(from: centre, to: place) - metres) < 0.03)
            }
        }
    }

    @Test func placesBeyondPolesAndTheAntimeridianAreWrapped() {
        let pole = Coordinate(latitude: 900_000_000, longitude: 10)
        #expect(pole.moved(north: 5, east: 0) == Coordinate(latitude: 899_999_995, longitude: -1_799_999_990))
        let edge = Coordinate(latitude: -900_000_000, longitude: 1_799_999_999)
        #expect(edge.moved(north: -5, east: 0) == Coordinate(latitude: -899_999_995, longitude: -1))
        #expect(edge.moved(north: 0, east: 1) == Coordinate(latitude: -900_000_000, longitude: -1_800_000_000))
        #expect(edge.moved(north: 0, east: -3_600_000_000) == edge)
    }

    /// A fifth of what happens at an edge is decided within 2 cm of it, or the scene does not do its work.
    @Test func theSceneOfEdgesComesWithinTwoCentimetresOfThresholds() {
        var world = World(.edges, seed: 1)
        var places: [[UInt8]: Coordinate] = [:]
        var radii: [[UInt8]: Double] = [:]
        var close = 0
        var all = 0
        for _ in 0..<60 {
            switch world.next() {
            case .lines(let lines):
                for line in lines where line.kind == .user {
                    let radius = line.radius ?? radii[line.id] ?? world.rules.radius
                    radii[line.id] = radius
                    let distances = places.values.map { Geodesic.distance(from: line.position, to: $0) }
                    all += 1
                    if distances.contains(where: { abs($0 - radius) < 0.025 || abs($0 - radius - world.rules.leaveMargin) < 0.025 }) {
                        close += 1
                    }
                }
            case .put(let subjects): for subject in subjects { places[subject.id] = subject.position }
            case .remove(let ids): for id in ids { places[id] = nil }
            case .edition, .rotate, .suspend, .resume, .forget, .rules, .clock, .jump: break
            }
        }
        #expect(all > 300)
        #expect(close * 5 > all)
    }

    /// What a scene of time is there for happens in it, again and again.
    @Test(arguments: [
        (scene: Scene.noise, leaves: [Cause.user, .subject, .removed, .expired, .gone], errors: [LineErrorCode.radiusTooSoon]),
        (.dwell, [.user, .subject, .expired], []),
        (.silence, [.user, .expired], [.radiusTooSoon]),
        (.movers, [.user, .subject, .expired, .removed], [.unknownSubject]),
        (.validity, [.user, .subject, .expired, .removed], []),
        (.editions, [.user, .subject, .expired, .removed], [.unknownSubject]),
        (.budget, [.user, .subject, .expired, .gone], []),
        (.follow, [.user, .subject, .expired, .gone, .muted], []),
        (.suspensions, [.user, .subject, .removed, .suspended], []),
    ])
    func scenesOfTimeDoTheirWork(scene: Scene, leaves: [Cause], errors: [LineErrorCode]) {
        var leavesFound: [Cause: Int] = [:]
        var errorsFound: [LineErrorCode: Int] = [:]
        var tally = Tally()
        var shownByClock = 0
        for seed in UInt64(1)...30 {
            var world = World(scene, seed: seed)
            var model = Model(rules: world.rules, at: World.clockAtBeginning)
            for _ in 0..<120 {
                let step = world.next()
                let seen = model.events.count
                model.perform(step)
                for event in model.events[seen...] {
                    if case .leave(let cause, _, _) = event.change { leavesFound[cause, default: 0] += 1 }
                }
                for error in model.errors { errorsFound[error.code, default: 0] += 1 }
                if case .clock = step { shownByClock += model.events.count - seen }
            }
            tally.accepted += model.tally.accepted
            tally.stale += model.tally.stale
            tally.inaccurate += model.tally.inaccurate
            tally.implausible += model.tally.implausible
        }
        for cause in leaves { #expect(leavesFound[cause, default: 0] > 20, "leaves with cause \(cause)") }
        for code in errors { #expect(errorsFound[code, default: 0] > 10, "errors \(code)") }
        #expect(shownByClock > 200)
        #expect(min(tally.stale, tally.inaccurate, tally.implausible) > 100)
        #expect(tally.accepted > 2_000)
    }

    @Test func movingCrowdsAreRepeatable() {
        func lines(seed: UInt64) -> [String] {
            var crowd = MovingCrowd(users: 20, subjects: 5, side: 1_000, step: 30, seed: seed)
            var lines = crowd.register().map(Text.subject)
            for round in Int64(0)..<5 { crowd.walk(at: round * 1_000, within: 1_000) { lines.append($0.description) } }
            return lines
        }
        let first = lines(seed: 1)
        #expect(first.count == 105)
        #expect(first == lines(seed: 1))
        #expect(first != lines(seed: 2))
    }
}
