import Testing
import VicinityCore
import VicinitySimulation

/// A swap of the register that is worked out bit by bit, while lines, timers and other requests go on.
struct SweepTests {
    /// What a user has seen, without the numbers that depend on what others have seen, and without kinds, which are those of the moment at which
    /// an event is written.
    private struct Seen: Equatable, CustomStringConvertible {
        let event: Event
        let lasted: Int64?

        init(_ event: Event) {
            self.event = event
            if case .leave(_, _, let lasted) = event.change { self.lasted = lasted } else { lasted = nil }
        }

        var description: String { Text.event(event) }

        static func == (one: Seen, other: Seen) -> Bool {
            let (mine, others) = (one.event, other.event)
            let isSameChange: Bool =
                switch (mine.change, others.change) {
                case (.enter(let cause, let disclosed), .enter(let other, let others)): cause == other && disclosed == others
                case (.leave(let cause, _, _), .leave(let other, _, _)): cause == other
                default: false
                }
            return isSameChange && one.lasted == other.lasted && mine.time == others.time && mine.subject == others.subject
        }
    }

    private func byUser(_ events: [Event]) -> [[UInt8]: [Seen]] {
        Dictionary(grouping: events) { $0.user ?? [] }.mapValues { $0.map(Seen.init) }
    }

    @Test(arguments: [(Scene.editions, 1), (.editions, 2), (.suspensions, 1), (.suspensions, 2)], UInt64(1)...25)
    func everyUserSeesWhatASwapInOneMomentGives(_ setting: (scene: Scene, steps: Int), seed: UInt64) {
        let steps = setting.steps
        var world = World(setting.scene, seed: seed)
        var model = Model(rules: world.rules, at: World.clockAtBeginning)
        var engine = EngineAdapter(
            rules: world.rules, at: World.clockAtBeginning, seed: seed, sweep: SweepLimit(steps: steps, events: 2))
        var events: [Event] = []
        var interleaved = 0
        func perform(_ step: Step) {
            model.perform(step)
            let answer = engine.perform(step)
            events += answer.events
            #expect(answer.errors == model.errors, "seed \(seed), after \(step)")
        }
        for _ in 0..<150 {
            let step = world.next()
            // There is one edition at a time.
            if case .edition(.begin) = step { while engine.isSettling { perform(.clock(0)) } }
            if engine.isSettling { interleaved += 1 }
            perform(step)
        }
        while engine.isSettling { perform(.clock(0)) }
        let expected = byUser(model.events)
        let found = byUser(events)
        for user in expected.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (mine, theirs) = (found[user] ?? [], expected[user] ?? [])
            let place = zip(mine, theirs).enumerated().first { $1.0 != $1.1 }?.offset ?? min(mine.count, theirs.count)
            #expect(
                mine.count == theirs.count && place == mine.count,
                """
                seed \(seed), event \(place) of \(Text.quoted(user)): \(theirs.dropFirst(place).first.map(\.description) ?? "nothing"), \
                got \(mine.dropFirst(place).first.map(\.description) ?? "nothing")
                """)
        }
        #expect(events.map(\.seq) == Array(1...Int64(events.count)))
        #expect(engine.pairCount == model.pairCount)
        #expect(engine.tally == model.tally)
        #expect(interleaved > 0 || steps > 1 || setting.scene == .suspensions, "a swap that is over at once shows nothing")
    }
}
