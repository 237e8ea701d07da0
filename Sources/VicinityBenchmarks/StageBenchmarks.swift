import VicinityCore
import VicinityStore
import VicinityWire

/// Every stage of a fix's way by itself, with fixed seeds: the same work and the same answers everywhere.
public enum StageBenchmarks {
    /// Runs all of them.
    ///
    /// - Parameters:
    ///   - isSmoke: as small as it can be; for checking that they work.
    ///   - area: only those of one area: decode, index, engine, shards, moving, editions, encode, commit or log; `nil` is all.
    ///   - report: is given each result as it comes.
    public static func run(isSmoke: Bool, only area: String? = nil, report: (Measurement) -> Void) throws {
        let scale = isSmoke ? 100 : 1
        func isWanted(_ name: String) -> Bool { area == nil || area == name }
        if isWanted("decode") {
            report(decode(spaced: false, lines: 2_000_000 / scale))
            report(decode(spaced: true, lines: 1_000_000 / scale))
        }
        if isWanted("index") { report(lookUp(ids: 1_000_000 / scale)) }
        if isWanted("engine") { for benchmark in engines(scale: scale) { report(benchmark.run()) } }
        if isWanted("shards") { ShardBenchmark.run(scale: scale, report: report) }
        if isWanted("moving") { report(moving(scale: scale).run()) }
        if isWanted("editions") {
            let subjects = 1_000_000 / scale
            EditionBenchmark(users: 1_000_000 / scale, subjects: subjects, kilometers: 100, change: 100).run(report: report)
            EditionBenchmark(users: 100_000 / scale, subjects: subjects, kilometers: 100, change: 1).run(report: report)
        }
        if isWanted("encode") { report(try encodeLines(events: 1_000_000 / scale)) }
        if isWanted("commit") { report(try commit(blocks: 2_000 / scale)) }
        if isWanted("log") {
            let log = LogBenchmark(users: 1_000_000 / scale, subjects: 10_000 / scale, kilometers: 60, step: 7, rounds: 3)
            try log.run(report: report)
        }
    }

    private static func moving(scale: Int) -> MovingBenchmark {
        MovingBenchmark(
            name: "moving: 10 k of 100 k subjects, 1 M users", users: 1_000_000 / scale, subjects: 100_000 / scale, movers: 10_000 / scale,
            kilometers: 100, step: 10, rounds: 10)
    }

    private static func engines(scale: Int) -> [EngineBenchmark] {
        [
            EngineBenchmark(
                name: "engine: walk, 100 k users, 10 k subjects", users: 100_000 / scale, subjects: 10_000 / scale, kilometers: 60, step: 7,
                rounds: 10),
            EngineBenchmark(
                name: "engine: walk, 1 M users, 100 k subjects", users: 1_000_000 / scale, subjects: 100_000 / scale, kilometers: 100,
                step: 7,
                rounds: 3),
            EngineBenchmark(
                name: "engine: the same, no fix doubted, nobody silent", users: 1_000_000 / scale, subjects: 100_000 / scale,
                kilometers: 100, step: 7, rounds: 3, isCareful: false),
            EngineBenchmark(
                name: "engine: drive, 1 M users, 100 k subjects", users: 1_000_000 / scale, subjects: 100_000 / scale, kilometers: 100,
                step: 65, rounds: 2),
            EngineBenchmark(
                name: "engine: everything in one spot", users: 2_000 / min(scale, 10), subjects: 2_000 / min(scale, 10), kilometers: 0.5,
                step: 7, rounds: 3),
        ]
    }

    /// Lines of a gateway as bytes, decoded into batches.
    private static func decode(spaced: Bool, lines: Int) -> Measurement {
        var crowd = Crowd(users: lines, kilometers: 100, step: 7, seed: 7)
        let hasher = IDHasher(seed: 1)
        let text = crowd.text(hasher: hasher, spaced: spaced)
        var decoder = FixDecoder(hasher: hasher, radii: 50...50_000, parser: JSONParser(), shapes: FixShapes())
        var batch = FixBatch(source: 1, firstLine: 1)
        var digest = Digest()
        let start = processorSeconds()
        text.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                batch.reset(source: 1, firstLine: 1)
                offset += decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[offset..<min(bytes.count, offset + 65_536)]), into: &batch)
                digest.add(UInt64(batch.fixes.count))
            }
        }
        let seconds = processorSeconds() - start
        return Measurement(
            name: "decode: \(spaced ? "with spaces" : "compact")", work: lines, unit: "line", seconds: seconds,
            notes: "\(text.count / lines) bytes a line", digest: digest.value)
    }

    /// Ids found in a full table, in an order that has nothing to do with it: stale fixes, which the engine looks up and drops.
    private static func lookUp(ids: Int) -> Measurement {
        var engine = Engine(rules: Rules(), hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var crowd = Crowd(users: ids, kilometers: 100, step: 7, seed: 9)
        let batches = crowd.round(batch: 800, hasher: engine.hasher)
        var changes = Changes()
        for batch in batches { engine.apply(batch, now: Crowd.now, into: &changes) }
        let start = processorSeconds()
        for _ in 0..<3 { for batch in batches { engine.apply(batch, now: Crowd.now, into: &changes) } }
        let seconds = processorSeconds() - start
        return Measurement(
            name: "look up: \(ids) users", work: ids * 3, unit: "id", seconds: seconds, notes: "stale fixes",
            digest: UInt64(changes.tally.stale))
    }

    private static func sampleBlock(events: Int) -> EventBlock? {
        var builder = EventBlockBuilder(firstSeq: 1)
        for index in 0..<events {
            let isEnter = index % 2 == 0
            builder.append(
                Event(
                    seq: Int64(index + 1), time: 1_700_000_000_000 + Int64(index),
                    change: isEnter ? .enter(.user, .within(250)) : .leave(.user, encounter: Int64(index), lasted: 31_333),
                    user: Array("user-\(index % 1000)".utf8), subject: Array("subject-\(index % 777)".utf8), kind: Array("toll".utf8)))
        }
        return builder.finish()
    }

    /// Blocks of events as a subscriber's lines.
    private static func encodeLines(events: Int) throws -> Measurement {
        guard let block = sampleBlock(events: 2000) else { preconditionFailure("a block of events is not empty") }
        var digest = Digest()
        let rounds = max(1, events / 2000)
        let start = processorSeconds()
        for _ in 0..<rounds { digest.add(UInt64(try EventLineEncoder.lines(of: block).count)) }
        return Measurement(
            name: "encode: event to line", work: rounds * 2000, unit: "event", seconds: processorSeconds() - start, notes: "",
            digest: digest.value)
    }

    /// Commits of one block and one journal, durable to the process.
    private static func commit(blocks: Int) throws -> Measurement {
        guard let block = sampleBlock(events: 400) else { preconditionFailure("a block of events is not empty") }
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore.open(directory: directory.path, durability: .process, copying: .beside)
        let journal = [UInt8](repeating: 7, count: 65_536)
        let start = processorSeconds()
        for number in 1...Int64(max(1, blocks)) {
            let placed = EventBlock(firstSeq: (number - 1) * Int64(block.count) + 1, count: block.count, bytes: block.bytes)
            try store.append(
                Commit(number: number, blocks: [placed], journal: journal, journalNeededFrom: max(1, number - 100), wallTime: 0))
        }
        let seconds = processorSeconds() - start
        try store.close()
        return Measurement(
            name: "commit: 400 events, 64 KiB journal", work: max(1, blocks), unit: "commit", seconds: seconds,
            notes: "durability process, \(block.bytes.count + journal.count) bytes", digest: UInt64(blocks))
    }
}
