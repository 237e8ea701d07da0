import VicinityCore
import VicinitySimulation

/// What a step has brought forth, as far as anybody outside can see it.
struct Outcome: Equatable {
    /// Whole blocks, as the log would keep them.
    var blocks: [[UInt8]] = []
    var firstSeqs: [Int64] = []
    var errors: [LineError] = []
    /// The last that is said under each hash.
    var signOffs: [UInt64: SignOff] = [:]
    var tally = Tally()
    var head: Int64 = 0
    var counts: [Int] = []
}

/// One engine and several as one, which are given the same.
struct Twins: ~Copyable {
    private var one: Engine
    private var many: ShardedEngine
    private var now = World.clockAtBeginning
    private var oneChanges = Changes()
    private var manyChanges = Changes()
    private var batch = FixBatch(source: 1, firstLine: 1)
    /// All that the one engine has brought forth.
    private(set) var events: [Event] = []

    init(rules: Rules, seed: UInt64, shards: Int, crew: Crew? = nil) {
        let key = SipHashKey(seed, ~seed)
        one = Engine(rules: rules, hashSeed: ~seed, signOffKey: key, precisionKey: World.precisionKeyAtBeginning)
        many =
            if let crew {
                ShardedEngine(
                    shardCount: shards, rules: rules, hashSeed: seed, signOffKey: key, precisionKey: World.precisionKeyAtBeginning,
                    crew: crew)
            } else {
                ShardedEngine(
                    shardCount: shards, rules: rules, hashSeed: seed, signOffKey: key, precisionKey: World.precisionKeyAtBeginning)
            }
    }

    /// Takes a step, and then lets the clocks show what is due.
    ///
    /// - Returns: what each makes of it, the one engine first. Editions are passed over.
    mutating func perform(_ step: Step) -> (Outcome, Outcome) {
        oneChanges.removeAll()
        manyChanges.removeAll()
        var isNaming = true
        var slots: ([UInt32], [UInt32]) = ([], [])
        switch step {
        case .lines(let lines):
            fill(lines, one.hasher)
            one.apply(batch, now: now, into: &oneChanges)
            fill(lines, many.hasher)
            many.apply(batch, now: now, into: &manyChanges)
        case .put(let subjects):
            slots = (one.put(subjects, now: now, into: &oneChanges), many.put(subjects, now: now, into: &manyChanges))
        case .remove(let ids):
            slots = (one.remove(ids, now: now, into: &oneChanges), many.remove(ids, now: now, into: &manyChanges))
        case .edition: break
        case .suspend(let id, let sources):
            let isNew = one.suspend(id, by: sources, now: now, into: &oneChanges)
            slots = ([isNew ? 1 : 0], [many.suspend(id, by: sources, now: now, into: &manyChanges) ? 1 : 0])
        case .resume(let id, let sources):
            let wasSuspended = one.resume(id, by: sources, now: now, into: &oneChanges)
            slots = ([wasSuspended ? 1 : 0], [many.resume(id, by: sources, now: now, into: &manyChanges) ? 1 : 0])
        case .rotate(let key):
            one.takePrecisionKey(key)
            _ = one.regrid(from: 0, .all, now: now, into: &oneChanges)
            many.regrid(by: key, now: now, into: &manyChanges)
        case .forget(let id):
            one.forget(id, now: now, into: &oneChanges)
            many.forget(id, now: now, into: &manyChanges)
            isNaming = false
        case .rules(let rules):
            one.rules = rules
            many.rules = rules
        case .clock(let span): now = ClockReading(wall: now.wall + span, steady: now.steady + span)
        case .jump(let span): now.wall += span
        }
        var outcomes = (Outcome(), Outcome())
        outcomes.0.counts = slots.0.map(Int.init)
        outcomes.1.counts = slots.1.map(Int.init)
        take(&outcomes, isNaming: isNaming)
        one.advance(to: now, into: &oneChanges)
        many.advance(to: now, into: &manyChanges)
        take(&outcomes, isNaming: true)
        outcomes.0.counts += [one.userCount, one.subjectCount, one.pairCount]
        outcomes.1.counts += [many.userCount, many.subjectCount, many.pairCount]
        return outcomes
    }

    /// What is known of a user and a subject, by the one engine and by the shards.
    func views(user: [UInt8], subject: [UInt8]) -> (UserView?, UserView?, Nearness, Nearness) {
        let now = now
        return (
            one.user(user), many.ask(of: user) { $0.user(user) }, one.nearness(user: user, subject: subject, now: now),
            many.ask(of: user) { $0.nearness(user: user, subject: subject, now: now) }
        )
    }

    private mutating func take(_ outcomes: inout (Outcome, Outcome), isNaming: Bool) {
        events += oneChanges.transitions.map { one.event($0) }
        outcomes.0.add(oneChanges, head: one.head) { one.encode(oneChanges.transitions, into: &$0, finished: &$1, naming: isNaming) }
        outcomes.1.add(manyChanges, head: many.head) { many.encode(manyChanges.transitions, into: &$0, finished: &$1, naming: isNaming) }
        oneChanges.removeAll()
        manyChanges.removeAll()
        one.reclaim()
        many.reclaim()
    }

    private mutating func fill(_ lines: [Line], _ hasher: IDHasher) {
        batch.reset(source: 1, firstLine: 1)
        for (index, line) in lines.enumerated() {
            batch.fixes.append(
                Fix(
                    kind: line.kind, idOffset: UInt32(batch.ids.count), idLength: UInt8(line.id.count), line: UInt32(index),
                    hash: hasher.hash(line.id), latitude: line.position.latitude, longitude: line.position.longitude,
                    time: line.time ?? Fix.absentTime, accuracy: line.accuracy ?? 0, radius: line.radius ?? 0))
            batch.ids += line.id
        }
        batch.lineCount = UInt32(lines.count)
    }
}

extension Outcome {
    fileprivate mutating func add(_ changes: Changes, head: Int64, _ encode: (inout EventBlockBuilder, inout [EventBlock]) -> Void) {
        if let first = changes.transitions.first {
            var builder = EventBlockBuilder(firstSeq: first.seq)
            var finished: [EventBlock] = []
            encode(&builder, &finished)
            if let last = builder.finish() { finished.append(last) }
            blocks += finished.map(\.bytes)
            firstSeqs += finished.map(\.firstSeq)
        }
        errors += changes.errors
        for signOff in changes.signOffs { signOffs[signOff.hash] = signOff }
        tally = changes.tally
        self.head = head
    }

    /// The events, for a message.
    var text: String {
        var lines: [String] = []
        for (bytes, first) in zip(blocks, firstSeqs) {
            guard let block = try? EventBlock(firstSeq: first, stored: bytes) else { continue }
            try? block.forEachView { lines.append("\($0.seq) \(Text.event($0.event))") }
        }
        return (lines + ["\(errors)", "\(tally)", "head \(head), counts \(counts), \(signOffs.count) sign-offs"]).joined(separator: "\n")
    }
}
