import Synchronization
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

/// What the log costs: lines to durable commits on one thread, once with the log on disk and once with one that only counts.
///
/// Of the whole daemon only the sockets are missing, about a tenth of a fix's cost; so the ratio is a little worse here than there.
struct LogBenchmark {
    var users: Int
    var subjects: Int
    var kilometers: Double
    var step: Double
    var rounds: Int

    func run(report: (Measurement) -> Void) throws {
        let counting = CountingStore()
        let without = try measure("log: one that only counts", counting)
        report(without)
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore.open(directory: directory.path, durability: .process, copying: .beside)
        var with = try measure("log: on disk, process", store)
        try store.close()
        with.notes += ", \(formatted(with.nanosecondsPerUnit / without.nanosecondsPerUnit, 2)) times the one that counts"
        report(with)
    }

    private func measure(_ name: String, _ store: any LogStore) throws -> Measurement {
        var rules = Rules()
        rules.accuracyCap = 0
        let hasher = IDHasher(seed: 1)
        guard let key = PrecisionKey(bytes: [UInt8](repeating: 0, count: PrecisionKey.size)) else {
            preconditionFailure("a secret of its own size is one")
        }
        var writer = Writer(try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: key, now: Crowd.now))
        let committer = Committer(store: store, feed: Feed(head: 0, oldest: 1), statistics: Statistics())
        var crowd = Crowd(users: users, kilometers: kilometers, step: step, seed: 42)
        let rows = crowd.subjects(subjects).map { place in
            SubjectRow(
                slot: 0, id: place.id, kind: place.kind, latitude: place.position.latitudeDegrees,
                longitude: place.position.longitudeDegrees)
        }
        writer.handle(.put(rows, Reply { _ in }), now: Crowd.now)
        var seconds = 0.0
        var decoder = FixDecoder(hasher: hasher, radii: 50...50_000, parser: JSONParser(), shapes: FixShapes())
        var first: UInt64 = 1
        for round in 0...rounds {
            let text = crowd.text(hasher: hasher, spaced: false)
            let start = processorSeconds()
            var pending = 0
            text.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    var batch = FixBatch(source: 1, firstLine: first)
                    offset += decoder.decode(
                        UnsafeRawBufferPointer(rebasing: bytes[offset..<min(bytes.count, offset + 65_536)]), into: &batch)
                    first += UInt64(batch.lineCount)
                    pending += Int(batch.lineCount)
                    writer.handle(.fixes(batch, Gateway(id: 1) { _ in }), now: Crowd.now)
                    // What comes in 5 ms at a million fixes a second.
                    if pending >= 5000 {
                        pending = 0
                        commit(&writer, committer)
                    }
                }
            }
            commit(&writer, committer)
            if round > 0 { seconds += processorSeconds() - start }
        }
        let fixes = users * rounds
        return Measurement(
            name: name, work: fixes, unit: "fix", seconds: seconds,
            notes: "\(formatted(Double(store.head.seq) / Double(users * (rounds + 1)), 3)) events/fix", digest: UInt64(store.head.seq))
    }

    private func commit(_ writer: inout Writer, _ committer: Committer) {
        switch committer.attempt(writer.takeCommit(now: Crowd.now.wall)) {
        case .done: break
        case .waits(let fault), .failed(let fault): preconditionFailure("the log failed: \(fault)")
        }
    }
}

/// A log that only counts.
final class CountingStore: LogStore {
    let identity = LogIdentity(logID: String(repeating: "0", count: 32), signOffKey: [UInt8](repeating: 0, count: 16))
    private let state = Mutex(LogHead(commit: 0, seq: 0))

    var head: LogHead { state.withLock { $0 } }

    func append(_ commit: Commit) throws(StoreFault) {
        state.withLock { head in
            head.commit = commit.number
            head.seq = commit.blocks.last?.lastSeq ?? head.seq
        }
    }

    func retain(_ retention: Retention) throws(StoreFault) -> RetentionStep {
        RetentionStep(oldest: 1, removed: 0, isDone: true)
    }

    var erasures: [Erasure] { [] }

    func erase() throws(StoreFault) -> ErasureStep { .idle }

    func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead { head }

    func blocks(committedSince time: Int64, maxBytes: Int) throws(StoreFault) -> [CommittedBlock] { [] }
}
