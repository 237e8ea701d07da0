import VicinityCore

/// Subjects that move among halos: only their fixes are timed.
struct MovingBenchmark {
    var name: String
    var users: Int
    var subjects: Int
    /// How many of the subjects move, once a round.
    var movers: Int
    var kilometers: Double
    /// Metres that a subject moves between two of its fixes.
    var step: Double
    var rounds: Int

    func run() -> Measurement {
        var rules = Rules()
        rules.accuracyCap = 0
        var engine = Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var crowd = Crowd(users: users, kilometers: kilometers, step: 7, seed: 42)
        var changes = Changes()
        let placements = crowd.subjects(subjects)
        engine.put(placements, now: Crowd.now, into: &changes)
        changes.removeAll()
        var journal: [UInt8] = []
        func settle(_ engine: inout Engine) {
            changes.removeAll()
            engine.reclaim()
            journal.removeAll(keepingCapacity: true)
            engine.takeJournal(into: &journal)
        }
        // Two rounds, so that everybody has an anchor as one has who moves.
        for _ in 0..<2 {
            for batch in crowd.round(batch: 800, hasher: engine.hasher) {
                engine.apply(batch, now: Crowd.now, into: &changes)
                settle(&engine)
            }
        }
        var fleet = Fleet(placements.prefix(movers), step: step, hasher: engine.hasher, seed: 7)
        var events = 0
        var seconds = 0.0
        var digest = Digest()
        for round in 0...rounds {
            let batches = fleet.round(batch: 800)
            let start = processorSeconds()
            for batch in batches {
                engine.apply(batch, now: Crowd.now, into: &changes)
                // The first fix of each finds nothing of its own to compare with, and is not what most are like.
                if round > 0 { events += changes.transitions.count }
                for transition in changes.transitions { digest.add(UInt64(transition.seq) &* UInt64(transition.subject &+ 1)) }
                settle(&engine)
            }
            if round > 0 { seconds += processorSeconds() - start }
        }
        let fixes = movers * rounds
        return Measurement(
            name: name, work: fixes, unit: "subject fix", seconds: seconds,
            notes: "\(formatted(Double(events) / Double(fixes), 3)) events/fix, journal included", digest: digest.value)
    }
}

/// Moving subjects, seeded: each goes straight on, and turns now and then.
private struct Fleet {
    private var positions: [Coordinate]
    private let ids: [[UInt8]]
    private let hasher: IDHasher
    private var headings: [Int]
    private let step: Int32
    private var dice: Crowd
    private var time: Int64 = 1_700_000_100_000

    init(_ placements: ArraySlice<SubjectPlacement>, step: Double, hasher: IDHasher, seed: UInt64) {
        positions = placements.map(\.position)
        ids = placements.map(\.id)
        self.hasher = hasher
        self.step = Int32(step / 0.0111)
        dice = Crowd(users: 0, kilometers: 1, step: 0, seed: seed)
        headings = placements.indices.map { $0 % 4 }
    }

    mutating func round(batch size: Int) -> [FixBatch] {
        time += 1000
        var batches: [FixBatch] = []
        var batch = FixBatch(source: 1, firstLine: 1)
        for index in positions.indices {
            if dice.fraction() < 0.05 { headings[index] = Int(dice.fraction() * 4) }
            let position = positions[index]
            let (north, east): (Int32, Int32) = [(step, 0), (0, step), (-step, 0), (0, -step)][headings[index] % 4]
            positions[index] = Coordinate(latitude: position.latitude + north, longitude: position.longitude + east)
            batch.fixes.append(
                Fix(
                    kind: .subject, idOffset: UInt32(batch.ids.count), idLength: UInt8(ids[index].count), line: UInt32(batch.fixes.count),
                    hash: hasher.hash(ids[index]), latitude: positions[index].latitude, longitude: positions[index].longitude, time: time))
            batch.ids += ids[index]
            if batch.fixes.count == size {
                batches.append(batch)
                batch = FixBatch(source: 1, firstLine: 1)
            }
        }
        if !batch.fixes.isEmpty { batches.append(batch) }
        return batches
    }
}
