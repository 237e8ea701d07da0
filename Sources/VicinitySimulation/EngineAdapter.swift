// The engine as a simulation drives it. The only file that knows the engine's interface.

package import VicinityCore

/// The engine, taking the steps that the model takes.
package struct EngineAdapter: ~Copyable {
    private var engine: Engine
    private var isSliced = false
    private var changes = Changes()
    private var now: ClockReading
    private var batch = FixBatch(source: 1, firstLine: 1)
    private var nextLine: UInt64 = 1
    private var isStaging = false
    /// How much of a swap is worked out after each step.
    private let sweep: SweepLimit

    package init(
        rules: Rules, at now: ClockReading, seed: UInt64, sweep: SweepLimit = .all, precisionKey: SipHashKey = World.precisionKeyAtBeginning
    ) {
        self.sweep = sweep
        engine = Engine(rules: rules, hashSeed: seed, signOffKey: SipHashKey(seed, ~seed), precisionKey: precisionKey)
        self.now = now
    }

    package var userCount: Int { engine.userCount }
    package var subjectCount: Int { engine.subjectCount }
    package var pairCount: Int { engine.pairCount }
    package var tally: Tally { changes.tally }

    /// Takes one step.
    ///
    /// - Returns: its events, in order, and its errors.
    package mutating func perform(_ step: Step) -> (events: [Event], errors: [LineFault]) {
        changes.removeAll()
        switch step {
        case .lines(let lines):
            fill(lines)
            engine.apply(batch, now: now, into: &changes)
        case .put(let subjects):
            let slots = engine.put(subjects, now: now, into: &changes)
            if isStaging { precondition(engine.stage(subjects, now: now) == slots, "an id has one slot in both editions") }
        case .remove(let ids):
            _ = engine.unstage(ids)
            _ = engine.remove(ids, now: now, into: &changes)
        case .edition(let step): perform(step)
        case .suspend(let id, let sources): engine.suspend(id, by: sources, now: now, into: &changes)
        case .resume(let id, let sources): engine.resume(id, by: sources, now: now, into: &changes)
        case .rotate(let key):
            engine.takePrecisionKey(key)
            _ = engine.regrid(from: 0, .all, now: now, into: &changes)
        case .forget(let id):
            engine.catchUp(id, into: &changes)
            engine.forget(id, now: now, into: &changes)
        case .rules(let rules): engine.rules = rules
        case .clock(let span): now = ClockReading(wall: now.wall + span, steady: now.steady + span)
        case .jump(let span): now.wall += span
        }
        engine.prepare(2, now: now)
        let errors = changes.errors.map { LineFault(line: $0.line, code: $0.code) }
        var events = takeEvents()
        // The first call is of the pairs, the second of what is left behind.
        for _ in 0..<2 {
            _ = engine.settle(sweep, into: &changes)
            events += takeEvents()
        }
        // In one piece, and at the next step a moment at a time: that makes no difference.
        isSliced.toggle()
        repeat {
            engine.advance(to: now, into: &changes, atMost: isSliced ? 1 : .max)
            events += takeEvents()
        } while engine.isBehindClock
        return (events, errors)
    }

    private mutating func takeEvents() -> [Event] {
        let events = changes.transitions.map { engine.event($0) }
        changes.removeAll()
        engine.reclaim()
        return events
    }

    private mutating func perform(_ step: EditionStep) {
        switch step {
        case .begin:
            engine.beginEdition()
            isStaging = true
        case .put(let subjects): _ = engine.stage(subjects, now: now)
        case .commit:
            _ = engine.swapEditions(now: now)
            isStaging = false
        case .abort:
            engine.dropEdition()
            isStaging = false
        }
    }

    /// How a user stands to a subject; see ``Engine/nearness(user:subject:now:)``.
    package func nearness(user: [UInt8], subject: [UInt8]) -> Nearness { engine.nearness(user: user, subject: subject, now: now) }

    /// Whether a swap is not yet worked out for everybody.
    package var isSettling: Bool { engine.isSettling }

    /// Begins a cut; see ``Engine/beginCut()``.
    package mutating func beginCut() -> Int64 { engine.beginCut() }

    /// Reads a piece of a cut: every pair as the enter that opened it.
    ///
    /// - Returns: `nil` after the last piece.
    package mutating func readCut(_ name: Int64, visiting slots: Int) -> [Event]? {
        guard let piece = engine.readCut(name, visiting: slots) else { return nil }
        var events: [Event] = []
        piece.pairs.forEachView { events.append($0.event) }
        return events
    }

    /// Forgets a cut.
    package mutating func endCut(_ name: Int64) { engine.endCut(name) }

    private mutating func fill(_ lines: [Line]) {
        batch.reset(source: 1, firstLine: nextLine)
        for (index, line) in lines.enumerated() {
            var fix = Fix(
                kind: line.kind, idOffset: UInt32(batch.ids.count), idLength: UInt8(line.id.count), line: UInt32(index),
                hash: engine.hasher.hash(line.id))
            fix.latitude = line.position.latitude
            fix.longitude = line.position.longitude
            fix.time = line.time ?? Fix.absentTime
            fix.accuracy = line.accuracy ?? 0
            fix.radius = line.radius ?? 0
            batch.fixes.append(fix)
            batch.ids.append(contentsOf: line.id)
        }
        batch.lineCount = UInt32(lines.count)
        nextLine += UInt64(lines.count)
    }
}
