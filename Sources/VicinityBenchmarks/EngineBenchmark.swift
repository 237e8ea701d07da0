import VicinityCore

/// The engine alone: fixes in, transitions out.
struct EngineBenchmark {
    var name: String
    var users: Int
    var subjects: Int
    var kilometers: Double
    var step: Double
    var rounds: Int
    /// Whether the rules of time and noise are in force, as by default; else no fix is doubted and nobody falls silent.
    var isCareful = true

    func run() -> Measurement {
        var rules = Rules()
        rules.accuracyCap = 0
        if !isCareful {
            rules.maxSpeed = 0
            rules.expireAfter = 0
        }
        var engine = Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var crowd = Crowd(users: users, kilometers: kilometers, step: step, seed: 42)
        var changes = Changes()
        engine.put(crowd.subjects(subjects), now: Crowd.now, into: &changes)
        changes.removeAll()
        var digest = Digest()
        var events = 0
        var seconds = 0.0
        var journal: [UInt8] = []
        for round in 0...rounds {
            let batches = crowd.round(batch: 800, hasher: engine.hasher)
            let start = processorSeconds()
            for batch in batches {
                engine.apply(batch, now: Crowd.now, into: &changes)
                if round > 0 { events += changes.transitions.count }
                for transition in changes.transitions { digest.add(UInt64(transition.seq) &* UInt64(transition.subject &+ 1)) }
                changes.removeAll()
                journal.removeAll(keepingCapacity: true)
                engine.takeJournal(into: &journal)
            }
            if round > 0 { seconds += processorSeconds() - start }
        }
        let fixes = users * rounds
        return Measurement(
            name: name, work: fixes, unit: "fix", seconds: seconds,
            notes: "\(formatted(Double(events) / Double(fixes), 3)) events/fix, \(engine.pairCount) pairs open, journal included",
            digest: digest.value)
    }
}
