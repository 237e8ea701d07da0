import Testing
import VicinityCore
import VicinitySimulation

/// All pairs that are inside at one seq, read piece by piece while everything goes on.
@Suite("A cut through the open pairs")
struct CutTests {
    /// A pair, and the enter that opened it, as far as it says what never changes.
    private struct Inside: Hashable {
        let seq: Int64
        let user: [UInt8]
        let subject: [UInt8]
        let time: Int64
        let cause: Cause
    }

    /// What the events so far say is inside.
    private struct Tracker {
        private(set) var inside: [Int64: Inside] = [:]

        mutating func take(_ events: [Event]) {
            for event in events {
                switch event.change {
                case .enter(let cause, _): inside[event.seq] = CutTests.inside(event, cause)
                case .leave(_, let encounter, _): inside[encounter] = nil
                case .report, .following: break
                }
            }
        }
    }

    private static func inside(_ event: Event, _ cause: Cause) -> Inside {
        Inside(seq: event.seq, user: event.user ?? [], subject: event.subject, time: event.time, cause: cause)
    }

    @Test("holds each pair that was inside when it began, once, and nothing else", arguments: Scene.allCases)
    func exact(scene: Scene) {
        var hasCrossed = false
        for seed in UInt64(0)..<4 {
            var random = SeededRandom(seed: seed)
            var world = World(scene, seed: seed)
            var engine = EngineAdapter(rules: world.rules, at: World.clockAtBeginning, seed: seed)
            var tracker = Tracker()
            for _ in 0..<12 {
                for _ in 0..<10 { tracker.take(engine.perform(world.next()).events) }
                let expected = Set(tracker.inside.values)
                let cut = engine.beginCut()
                var seen: [Inside] = []
                while let piece = engine.readCut(cut, visiting: 1 + random.below(5)) {
                    for event in piece {
                        guard case .enter(let cause, _) = event.change else { continue }
                        seen.append(Self.inside(event, cause))
                    }
                    tracker.take(engine.perform(world.next()).events)
                }
                #expect(seen.count == Set(seen).count, "\(scene), seed \(seed): a pair came twice")
                #expect(Set(seen) == expected, "\(scene), seed \(seed)")
                hasCrossed = hasCrossed || !expected.subtracting(tracker.inside.values).isEmpty
            }
        }
        // Scenes without a leave show nothing here, but most have one in the middle of a cut.
        if scene == Scene.allCases.first { #expect(hasCrossed) }
    }

    @Test("that nobody reads to its end is forgotten")
    func abandoned() {
        var engine = EngineAdapter(rules: Rules(), at: World.clockAtBeginning, seed: 1)
        let cut = engine.beginCut()
        engine.endCut(cut)
        #expect(engine.readCut(cut, visiting: 1) == nil)
    }
}
