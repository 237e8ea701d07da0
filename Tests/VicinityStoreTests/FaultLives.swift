// One log that lives through losses of power, one after the other, and the truth beside it. Each life opens what the last loss has left, compares
// it with everything that it may be, works on, and ends: between two steps, in the middle of one, or while it opens.

import Foundation
import Testing
import VicinityCore
import VicinityStore

/// All that a log says of itself.
struct Snapshot: Equatable {
    let recovery: Recovery
    let oldest: Int64
    let events: [Event]
    let reports: [ReportRow]
    let audit: [AuditEntry]
    let auditBreak: AuditVerification.Break?

    init(of store: some LogStore & LogReader & ReportReader & AuditReader) throws {
        recovery = try Recovery(of: store)
        oldest = try store.oldest()
        events = try VicinityStoreTests.events(of: store, after: oldest - 1)
        reports = try store.reports(after: 0, limit: .max, state: nil)
        audit = try store.auditEntries(after: 0, limit: .max)
        auditBreak = try store.verifyAudit().firstBreak
    }
}

/// A log in the hands of a machine that loses power.
struct Lives {
    /// A state that the log has come to, and how it goes on from there.
    private struct Moment {
        var snapshot: Snapshot
        var contents: MemoryStore.Contents
        var maker: CommitMaker

        init(_ truth: MemoryStore, _ maker: CommitMaker) throws {
            snapshot = try Snapshot(of: truth)
            contents = truth.contents
            self.maker = maker
        }
    }

    /// What was left is nothing that may be.
    struct Contradiction: Error, CustomStringConvertible {
        let description: String
    }

    /// A commit after which the WAL is copied into the file, in bytes; two of them, where that happens beside the commits, make it begin anew.
    private static let flood = 17 << 20

    private let durability: Durability
    private let copying: WALCopying
    /// One of so many steps is a flood; `nil` is none.
    private let floodsEvery: Int?
    private let root: Workplace
    private var place: Workplace
    private var random: Seeded
    /// What the log may be, as far as it is known: the states since one that is surely there, in order.
    private var moments: [Moment]
    /// The first of ``moments`` that may be left.
    private var durable = 0
    /// `nil` if it is not known: before the first opening, and if the loss came while the log was made another one.
    private var identity: LogIdentity?
    /// Each life is another start of the machine.
    private var boots = 0
    /// The file beside the database as the last step that was completed has left it.
    private var headFile: Data?
    /// For whoever has to find out what went wrong.
    private var story: [String] = []
    /// Steps that were done and then lost.
    private(set) var lost = 0
    /// Losses while a step was under way, and while the log was opened.
    private(set) var interrupted = 0
    private(set) var interruptedOpenings = 0
    /// Commits that were long enough for the WAL to be copied.
    private(set) var floods = 0

    init(seed: UInt64, durability: Durability, copying: WALCopying = .byWriter, floodsEvery: Int? = nil) throws {
        self.durability = durability
        self.copying = copying
        self.floodsEvery = floodsEvery
        root = try Workplace()
        place = try root.another()
        random = Seeded(seed)
        moments = [try Moment(memoryStore(), CommitMaker(seed: seed))]
    }

    /// One life, from what the last has left to what this one leaves.
    mutating func live() throws {
        let image = try root.another()
        let seed = random.next()
        let steps = Int.random(in: 0...8, using: &random)
        // An opening makes some 40 calls that change something, a step about as many.
        let calls: Int64? =
            switch Int.random(in: 0..<8, using: &random) {
            case 0: Int64.random(in: 1...50, using: &random)
            case 1...4: Int64.random(in: 1...Int64(40 * (steps + 1)), using: &random)
            case 5 where floodsEvery != nil: Int64.random(in: 1...30_000, using: &random)
            default: nil
            }
        story.append("a life of \(steps) steps, \(calls.map { "until call \($0)" } ?? "to the end"), image \(seed)")
        do {
            try Disk.watching(place, seed: seed) { disk in
                if let calls { disk.losePower(atCall: calls, into: image, seed: seed) }
                try work(steps, on: disk)
                disk.keepPower()
                if try !disk.hasLostPower() { try disk.losePower(into: image, seed: seed) }
            }
        } catch {
            throw Contradiction(description: "\(error)\n\(story.joined(separator: "\n"))")
        }
        // The file beside the database is never synced: it may be there as it was, or not at all.
        if let headFile, Bool.random(using: &random) {
            try headFile.write(to: URL(fileURLWithPath: "\(image.path)/\(HeadRecord.fileName)"))
        } else {
            headFile = nil
        }
        place = image
    }

    private mutating func work(_ steps: Int, on disk: Disk) throws {
        boots += 1
        var store = try open()
        try recognize(store)
        if try disk.hasLostPower() {
            interruptedOpenings += 1
            if store.renewal != nil { identity = nil }
            return
        }
        identity = store.identity
        let truth = MemoryStore(moments[0].contents, auditKey: .ofTheTests)
        var maker = moments[0].maker
        maker.restarted()
        for _ in 0..<steps {
            let isClosed = try step(&store, truth, &maker)
            moments.append(try Moment(truth, maker))
            if try disk.hasLostPower() {
                interrupted += 1
                return
            }
            if durability == .power || isClosed { durable = moments.count - 1 }
            headFile = try? Data(contentsOf: URL(fileURLWithPath: "\(place.path)/\(HeadRecord.fileName)"))
        }
    }

    /// Opens what was left, and finds out which moment it is.
    private mutating func open() throws -> SQLiteStore {
        let store = try start()
        let found = try Snapshot(of: store)
        guard let index = moments.lastIndex(where: { $0.snapshot == found }), index >= durable else {
            throw Contradiction(description: "left is \(found.recovery.head), oldest \(found.oldest), not of \(durable)..<\(moments.count)")
        }
        story.append("left is step \(index) of \(moments.count - 1), \(found.recovery.head)")
        lost += max(0, moments.count - 1 - index)
        moments = [moments[index]]
        durable = 0
        return store
    }

    private func start() throws -> SQLiteStore {
        let bootID = BootID(String(repeating: "0", count: 28) + String(boots + 1000))
        return try place.open(durability, bootID: bootID, copying: copying)
    }

    /// The log is the one that it was, unless it ends before what was announced.
    private func recognize(_ store: SQLiteStore) throws {
        guard let identity else { return }
        let isShort = headFile.flatMap { HeadRecord(Array($0)) }.map { record in
            record.logID == identity.logID && record.head.commit > store.head.commit
        }
        guard (store.renewal != nil) == (isShort ?? false), (store.identity != identity) == (isShort ?? false) else {
            throw Contradiction(description: "\(store.identity.logID) after \(identity.logID), \(String(describing: store.renewal))")
        }
    }

    /// - Returns: whether everything is durable now, whatever the durability of commits.
    private mutating func step(_ store: inout SQLiteStore, _ truth: MemoryStore, _ maker: inout CommitMaker) throws -> Bool {
        if let floodsEvery, Int.random(in: 0..<floodsEvery, using: &random) == 0 {
            var commit = maker.next()
            commit.journal = Array(repeating: UInt8(truncatingIfNeeded: commit.number), count: Self.flood)
            try append(commit, to: store, truth)
            floods += 1
            return false
        }
        switch Int.random(in: 0..<20, using: &random) {
        case 0...11:
            try append(maker.next(), to: store, truth)
        case 12...14:
            let before = Int64.random(in: 0...truth.head.seq + 1, using: &random)
            let auditedBefore = truth.contents.audit.randomElement(using: &random)?.entry.wallTime
            let retention = Retention(beforeSeq: before, auditedBefore: Bool.random(using: &random) ? auditedBefore : nil)
            story.append("retain \(retention)")
            let step = try store.retain(retention)
            // Between the two removals there is a moment, in which power can be lost.
            _ = try truth.retain(Retention(beforeSeq: before))
            moments.append(try Moment(truth, maker))
            let expected = try truth.retain(retention)
            guard step.oldest == expected.oldest, step.auditRemoved == expected.auditRemoved else {
                throw Contradiction(description: "\(step), not \(expected)")
            }
        case 15...17:
            let mode = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"].randomElement(using: &random) ?? "PASSIVE"
            story.append("checkpoint \(mode)")
            try OtherProgram(place).run("PRAGMA wal_checkpoint(\(mode))")
        case 18:
            story.append("read")
            guard try Snapshot(of: store) == Snapshot(of: truth) else { throw Contradiction(description: "a reader sees something else") }
        default:
            story.append("close and open")
            try store.close()
            store = try start()
            maker.restarted()
            return true
        }
        return false
    }

    private mutating func append(_ drawn: Commit, to store: SQLiteStore, _ truth: MemoryStore) throws {
        var commit = drawn
        // So that a commit that is lost is not made again to the bit.
        commit.journal.append(UInt8(truncatingIfNeeded: story.count))
        if commit.cursors.isEmpty {
            let name = Array("relay-\(commit.number % 3)".utf8)
            commit.cursors = [.set(Cursor(name: name, acked: truth.head.seq, wallTime: commit.wallTime))]
        }
        story.append("append \(commit.number)")
        try store.append(commit)
        try truth.append(commit)
    }
}
