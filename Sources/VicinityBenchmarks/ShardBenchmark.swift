import VicinityCore

/// The same crowd on one engine, and on several that share it, each on a thread of its own.
///
/// Beside the processor time of all threads stands that of the longest way through each batch: the longest part, and what one thread does
/// before and after it. A machine with a core for each thread would take so long; one that is busy with other things says the same.
/// No journal is taken, since shards write none. The digest is that of the events: it is the same however many there are.
struct ShardBenchmark {
    var name: String
    var users: Int
    var subjects: Int
    /// Side of the square.
    var kilometers: Double
    /// Metres between two fixes of a user.
    var step: Double
    var rounds: Int

    /// - Parameter shardCount: `nil` is an engine that is no shard.
    func run(shardCount: Int?) -> Measurement {
        var rules = Rules()
        rules.accuracyCap = 0
        var crowd = Crowd(users: users, kilometers: kilometers, step: step, seed: 42)
        let crew = ThreadCrew(count: shardCount ?? 1)
        defer { crew.dismiss() }
        var tested = Tested(rules: rules, shardCount: shardCount, crew: crew)
        tested.put(crowd.subjects(subjects))
        var times = Times()
        var digest = Digest()
        var first: Int64 = 0
        for round in 0...rounds {
            let batches = crowd.round(batch: 800, hasher: tested.hasher)
            if round == 1 {
                crew.resetTimes()
                first = tested.head
            }
            for batch in batches {
                let (taken, blocks) = tested.take(batch)
                if round > 0 { times.add(taken) }
                for block in blocks { digest.add(block.bytes) }
            }
        }
        let fixes = users * rounds
        func each(_ seconds: Double) -> String { formatted(seconds * 1e9 / Double(fixes), 1) }
        // What the caller's thread did beside its own part is the merge.
        let merge = shardCount == nil ? 0 : times.applied - crew.callers
        let part = shardCount == nil ? times.applied : crew.longest
        return Measurement(
            name: "\(name), \(shardCount.map { "\($0) shards" } ?? "one engine")", work: fixes, unit: "fix", seconds: times.processor,
            notes: "longest way \(each(part + merge + times.encoded)): part \(each(part)), merge \(each(merge)), "
                + "encode \(each(times.encoded)); \(formatted(Double(tested.head - first) / Double(fixes), 3)) events/fix",
            digest: digest.value)
    }

    /// Processor time, in seconds.
    private struct Times {
        /// Of the process.
        var processor = 0.0
        /// Of the caller's thread.
        var applied = 0.0
        var encoded = 0.0

        mutating func add(_ other: Times) {
            processor += other.processor
            applied += other.applied
            encoded += other.encoded
        }
    }

    /// What is measured; either has the same interface.
    private struct Tested: ~Copyable {
        private var one: Engine
        private var many: ShardedEngine
        private let isSharded: Bool
        private var changes = Changes()
        private var journal: [UInt8] = []

        init(rules: Rules, shardCount: Int?, crew: ThreadCrew) {
            let keys = (SipHashKey(1, 2), SipHashKey(3, 4))
            isSharded = shardCount != nil
            one = Engine(rules: rules, hashSeed: 1, signOffKey: keys.0, precisionKey: keys.1)
            many = ShardedEngine(
                shardCount: shardCount ?? 1, rules: rules, hashSeed: 1, signOffKey: keys.0, precisionKey: keys.1, crew: crew.run)
        }

        var hasher: IDHasher { many.hasher }
        var head: Int64 { isSharded ? many.head : one.head }

        mutating func put(_ subjects: [SubjectPlacement]) {
            if isSharded {
                many.put(subjects, now: Crowd.now, into: &changes)
            } else {
                one.put(subjects, now: Crowd.now, into: &changes)
            }
            changes.removeAll()
        }

        mutating func take(_ batch: FixBatch) -> (Times, [EventBlock]) {
            let processor = processorSeconds()
            let start = threadSeconds()
            if isSharded {
                many.apply(batch, now: Crowd.now, into: &changes)
            } else {
                one.apply(batch, now: Crowd.now, into: &changes)
            }
            let applied = threadSeconds()
            var finished: [EventBlock] = []
            if let first = changes.transitions.first {
                var builder = EventBlockBuilder(firstSeq: first.seq)
                if isSharded {
                    many.encode(changes.transitions, into: &builder, finished: &finished)
                } else {
                    one.encode(changes.transitions, into: &builder, finished: &finished)
                }
                if let last = builder.finish() { finished.append(last) }
            }
            changes.removeAll()
            let times = Times(
                processor: processorSeconds() - processor, applied: applied - start, encoded: threadSeconds() - applied)
            if isSharded {
                many.reclaim()
            } else {
                one.reclaim()
                // Not measured: only so that it does not grow.
                journal.removeAll(keepingCapacity: true)
                one.takeJournal(into: &journal)
            }
            return (times, finished)
        }
    }
}

extension ShardBenchmark {
    /// - Parameter scale: how much smaller than life.
    static func all(scale: Int) -> [ShardBenchmark] {
        [
            ShardBenchmark(
                name: "shards: walk, 1 M users", users: 1_000_000 / scale, subjects: 100_000 / scale, kilometers: 100, step: 7, rounds: 3),
            ShardBenchmark(
                name: "shards: car, 1 M users", users: 1_000_000 / scale, subjects: 100_000 / scale, kilometers: 100, step: 65, rounds: 3),
        ]
    }

    /// Each crowd on one engine, on one that is a shard, and on two.
    static func run(scale: Int, report: (Measurement) -> Void) {
        for benchmark in all(scale: scale) { for count in [nil, 1, 2] { report(benchmark.run(shardCount: count)) } }
    }
}
