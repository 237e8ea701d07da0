// The daemon's engine as a rehearsal drives it. The only file here that knows the engine's interface.

package import VicinityCore
internal import VicinityWire

/// The engine of the daemon.
package struct RehearsedEngine: ~Copyable, RehearsalEngine {
    private var engine: Engine
    private var changes = Changes()
    private var events: [Event] = []
    private var errors: [LineError] = []

    /// - Parameter rules: of the whole rehearsal.
    package init(rules: Rules) {
        // No event depends on the seed, and what the first key hashes goes with the process. The key of the daemon's cells is nobody's
        // business here: places are as inexact as there, but other ones.
        engine = Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
    }

    package var hasher: IDHasher { engine.hasher }
    package var tally: Tally { changes.tally }

    package mutating func put(_ placements: [SubjectPlacement], at now: ClockReading) {
        engine.put(placements, now: now, into: &changes)
        keep()
    }

    package mutating func apply(_ batch: FixBatch, at now: ClockReading) {
        engine.apply(batch, now: now, into: &changes)
        keep()
    }

    package mutating func advance(to now: ClockReading) {
        engine.advance(to: now, into: &changes)
        keep()
    }

    package mutating func finish(at now: ClockReading) {
        var now = now
        while let next = engine.wake(now: now) {
            let span = max(1, next - now.steady)
            now = ClockReading(wall: now.wall + span, steady: now.steady + span)
            advance(to: now)
        }
    }

    /// Takes over what a step brought forth: transitions can be resolved only until the slots are reclaimed.
    private mutating func keep() {
        for transition in changes.transitions { events.append(engine.event(transition)) }
        errors += changes.errors
        changes.removeAll()
        engine.reclaim()
    }

    package mutating func takeEvents() -> [Event] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    package mutating func takeErrors() -> [LineError] {
        defer { errors.removeAll(keepingCapacity: true) }
        return errors
    }

    package func explanation(of user: [UInt8], subject: [UInt8]?, at now: ClockReading) -> String? {
        engine.explain(user: user, subject: subject, now: now).map { ExplanationText($0).lines.joined(separator: "\n") }
    }
}
