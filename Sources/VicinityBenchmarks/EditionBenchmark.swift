import VicinityCore

/// A register that is replaced as a whole: what each piece takes, and the longest that anybody would wait for one.
struct EditionBenchmark {
    var users: Int
    var subjects: Int
    var kilometers: Double
    /// One subject in so many is another, at another place, in the new edition.
    var change: Int
    /// Subjects in one request.
    var request = 2_000

    func run(report: (Measurement) -> Void) {
        var engine = Engine(rules: Rules(), hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var crowd = Crowd(users: users, kilometers: kilometers, step: 7, seed: 42)
        var changes = Changes()
        var placements = crowd.subjects(subjects)
        engine.put(placements, now: Crowd.now, into: &changes)
        let rounds = (0..<2).map { _ in crowd.round(batch: 800, hasher: engine.hasher) }
        var journal: [UInt8] = []
        func take(_ engine: inout Engine, _ digest: inout Digest) {
            for transition in changes.transitions { digest.add(UInt64(transition.seq) &* UInt64(transition.subject &+ 1)) }
            changes.removeAll()
            engine.reclaim()
            journal.removeAll(keepingCapacity: true)
            engine.takeJournal(into: &journal)
        }
        var digest = Digest()
        for batch in rounds.joined() {
            engine.apply(batch, now: Crowd.now, into: &changes)
            take(&engine, &digest)
        }
        for (index, other) in crowd.subjects(subjects).enumerated() where index.isMultiple(of: change) {
            placements[index] = SubjectPlacement(id: [UInt8]("other-\(index)".utf8), kind: other.kind, position: other.position)
        }
        let pairs = engine.pairCount
        let events = engine.head

        var timer = Timer()
        engine.beginEdition()
        while engine.isBehind { timer.time { engine.prepare(500, now: Crowd.now) } }
        for start in stride(from: 0, to: placements.count, by: request) {
            let part = Array(placements[start..<min(placements.count, start + request)])
            timer.time {
                _ = engine.stage(part, now: Crowd.now)
                take(&engine, &digest)
            }
        }
        let kind = "1 in \(change) is new"
        report(timer.measurement("edition: stage, \(kind)", work: subjects, unit: "subject", "requests of \(request)", digest))

        timer = Timer()
        timer.time { _ = engine.swapEditions(now: Crowd.now) }
        report(timer.measurement("edition: swap, \(kind)", work: 1, unit: "swap", "\(subjects) subjects", digest))

        timer = Timer()
        var isSettled = false
        while !isSettled {
            timer.time {
                isSettled = engine.settle(.slice, into: &changes)
                take(&engine, &digest)
            }
        }
        report(
            timer.measurement(
                "edition: work the swap out, \(kind)", work: users, unit: "user",
                "\(engine.head - events) events, \(pairs) → \(engine.pairCount) pairs", digest))
    }

    /// Adds up times of one thread, and keeps the longest.
    private struct Timer {
        private var seconds = 0.0
        private var longest = 0.0

        mutating func time(_ body: () -> Void) {
            let start = processorSeconds()
            body()
            let taken = processorSeconds() - start
            seconds += taken
            longest = max(longest, taken)
        }

        func measurement(_ name: String, work: Int, unit: String, _ notes: String, _ digest: Digest) -> Measurement {
            Measurement(
                name: name, work: work, unit: unit, seconds: seconds, notes: "\(notes), longest \(formatted(longest * 1000, 1)) ms",
                digest: digest.value)
        }
    }
}
