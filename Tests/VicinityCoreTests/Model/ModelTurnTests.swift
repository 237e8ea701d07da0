// A distance knows differences of longitude only. So a world that is turned round the axis of the earth, by whatever angle,
// has the same log: to the byte, for a difference of integers has no rounding.
//
// What could break it is what knows where longitudes begin: the seam at ±180°, the columns of a grid, the order within a row.
// Round a pole all of these are within a few steps of everybody.

import Testing
import VicinityCore
import VicinitySimulation

struct ModelTurnTests {
    private static let polarSeeds = UInt64(1)...40

    @Test(arguments: Player.all, Scene.allCases.filter { !$0.isLarge && !$0.hasCells })
    func aTurnOfTheWorldChangesNothing(player: Player, scene: Scene) {
        for seed in UInt64(1)...4 {
            let (rules, steps) = World.opening(scene, seed, steps: 80)
            var random = SeededRandom(seed: seed)
            let angle = seed == 1 ? Coordinate.turn / 2 : random.whole(1...Coordinate.turn - 1)
            let expected = player.play(rules, World.clockAtBeginning, steps)
            let got = player.play(rules, World.clockAtBeginning, steps.map { $0.turned(by: angle) })
            #expect(got.events == expected.events, "seed \(seed), turned by \(angle)")
            #expect(got.tally == expected.tally, "seed \(seed), turned by \(angle)")
        }
    }

    /// The settings and the steps of a world within half a degree of the poles.
    private func polarWorld(_ seed: UInt64) -> (rules: Rules, steps: [Step]) {
        let world = World.opening(.poles, seed, steps: 60)
        func isPolar(_ line: Line) -> Bool { line.kind == .gone || abs(line.position.latitude) > 895_000_000 }
        let steps = world.steps.map { step in
            guard case .lines(let lines) = step else { return step }
            return Step.lines(lines.filter(isPolar))  // now and then somebody is said to be where they cannot be
        }
        return (world.rules, steps)
    }

    /// Engine and model, turned or not: all logs are one.
    @Test(arguments: polarSeeds)
    func aTurnRoundThePolesChangesNothing(seed: UInt64) {
        let (rules, steps) = polarWorld(seed)
        var random = SeededRandom(seed: seed)
        let expected = Player.model.play(rules, World.clockAtBeginning, steps)
        // By next to nothing, by anything, and so that some subject stands at the seam, just behind it or just before.
        let onSeam = Coordinate.turn / 2 - Int64(random.pick(placements(steps)).position.longitude)
        for angle in [random.pick([1, -1]), random.whole(1...Coordinate.turn - 1), onSeam + random.pick([0, -1])] {
            let turned = steps.map { $0.turned(by: angle) }
            for player in Player.all {
                let got = player.play(rules, World.clockAtBeginning, turned)
                #expect(got.events == expected.events, "\(player.name), seed \(seed), turned by \(angle)")
                #expect(got.tally == expected.tally, "\(player.name), seed \(seed), turned by \(angle)")
            }
        }
    }

    private func placements(_ steps: [Step]) -> [SubjectPlacement] {
        steps.flatMap { step -> [SubjectPlacement] in
            if case .put(let placements) = step { placements } else { [] }
        }
    }

    /// The property says something of both poles only if something happens there.
    @Test func thereIsMuchToTurnRoundBothPoles() {
        var events = (north: 0, south: 0)
        var kinds: Set<String> = []
        for seed in Self.polarSeeds {
            let (rules, steps) = polarWorld(seed)
            let poles = polesOfSubjects(steps)
            for event in Player.engine.play(rules, World.clockAtBeginning, steps).events {
                switch event.change {
                case .enter(let cause, _): kinds.insert("enter \(cause.word)")
                case .leave(let cause, _, _): kinds.insert("leave \(cause.word)")
                case .report, .following: break
                }
                switch poles[event.subject] {
                case [1]: events.north += 1
                case [-1]: events.south += 1
                default: break  // a subject that was at both counts for neither
                }
            }
        }
        #expect(min(events.north, events.south) > 1_000, "\(events)")
        #expect(kinds.isSuperset(of: ["enter user", "enter subject", "leave user", "leave subject", "leave removed", "leave gone"]))
    }

    /// Where each subject ever was: 1 for the north pole, −1 for the south pole.
    private func polesOfSubjects(_ steps: [Step]) -> [[UInt8]: Set<Int32>] {
        var poles: [[UInt8]: Set<Int32>] = [:]
        func note(_ id: [UInt8], _ place: Coordinate) { poles[id, default: []].insert(place.latitude.signum()) }
        for step in steps {
            switch step {
            case .lines(let lines): for line in lines where line.kind == .subject { note(line.id, line.position) }
            case .put(let placements): for placement in placements { note(placement.id, placement.position) }
            case .remove, .edition, .rotate, .suspend, .resume, .forget, .rules, .clock, .jump: break
            }
        }
        return poles
    }
}

extension Step {
    /// The same with every place turned east round the axis of the earth.
    ///
    /// - Parameter angle: units of 1e-7 degree.
    fileprivate func turned(by angle: Int64) -> Step {
        func turned(_ placements: [SubjectPlacement]) -> [SubjectPlacement] {
            placements.map { placement in
                var placement = placement
                placement.position = placement.position.moved(north: 0, east: angle)
                return placement
            }
        }
        switch self {
        case .lines(var lines):
            for index in lines.indices { lines[index].position = lines[index].position.moved(north: 0, east: angle) }
            return .lines(lines)
        case .put(let placements): return .put(turned(placements))
        case .edition(.put(let placements)): return .edition(.put(turned(placements)))
        case .remove, .edition, .rotate, .suspend, .resume, .forget, .rules, .clock, .jump: return self
        }
    }
}
