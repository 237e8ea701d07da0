// A log that is only looked at, whole or damaged: what can be had is right, and nothing is touched.

import Foundation
import Synchronization
import Testing
import VicinityCore
import VicinityStore

struct InspectionTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func addReports(to commit: inout Commit, part: Int, audited: Int64, random: inout Seeded) {
        commit.suspensions = (0..<10).map { index in
            let reason = "suspended as number \(part * 10 + index)"
            return .set(SuspensionRow(subject: Array("x-\(part)-\(index)".utf8), source: .dispute, reason: reason, wallTime: 5))
        }
        commit.reports = (0..<10).map { index in
            let number = Int64(1000 + part * 10 + index)
            let text = "report number \(part * 10 + index)"
            return .create(ReportRow(number: number, wallTime: 5, user: nil, subject: Array("s-9".utf8), kind: "tip", text: text))
        }
        commit.audit = (0..<10).map { index in
            var entry = auditEntry(audited + Int64(index + 1), wallTime: 5, using: &random)
            entry.detail = "audited as number \(part * 10 + index)"
            return entry
        }
    }

    /// What an inspection should give of a store that is whole.
    private func inspected(_ store: SQLiteStore) throws -> [Recovered] {
        let reports = try store.reports(after: 0, limit: .max, state: nil).map { Recovered.report($0) }
        var items = try Recovery(of: store).items.filter { piece in
            switch piece {
            case .report, .audited: false
            default: true
            }
        }
        let place = items.firstIndex { if case .page = $0 { true } else { false } } ?? items.count
        items.insert(contentsOf: reports, at: place)
        return items
    }

    /// What an inspection gives of a log.
    private struct Findings {
        var pieces: [Recovered] = []
        var pieceFaults: [StoreFault] = []
        var blocks: [Inspection.Block] = []
        var blockFaults: [StoreFault] = []
        var audit: [AuditEntry] = []
        var auditFaults: [StoreFault] = []

        var reports: [ReportRow] { pieces.compactMap { if case .report(let row) = $0 { row } else { nil } } }

        init(_ inspection: Inspection, from seq: Int64 = 0) throws {
            func take(_ piece: Result<Recovered, StoreFault>) {
                switch piece {
                case .success(let piece): pieces.append(piece)
                case .failure(let fault): pieceFaults.append(fault)
                }
            }
            try inspection.forEach(take)
            try inspection.forEachAuditEntry { entry in
                switch entry {
                case .success(let entry): audit.append(entry.entry)
                case .failure(let fault): auditFaults.append(fault)
                }
            }
            try inspection.forEachBlock(from: seq) { block in
                switch block {
                case .success(let block): blocks.append(block)
                case .failure(let fault): blockFaults.append(fault)
                }
            }
        }

        var seqs: [Int64] { blocks.flatMap { $0.events.firstSeq...$0.events.lastSeq } }
    }

    /// A store with enough of everything that each table has several pages.
    private func filled(seed: UInt64, commits: Int = 40) throws -> SQLiteStore {
        let store = try place.open()
        var maker = CommitMaker(seed: seed)
        for _ in 0..<commits { try store.append(maker.next()) }
        var random = maker.random
        var last = store.head
        for part in 0..<20 {
            let slots = UInt32(1000 + part * 20)..<UInt32(1020 + part * 20)
            let register = slots.map { RegisterChange.put(subject($0, "subject number \($0)")) }
            let signOffs = (0..<20).map { _ in SignOff(hash: random.next(), time: 1, until: 1 << 50, limits: [1, 2]) }
            let cursors = (0..<20).map {
                CursorChange.set(
                    Cursor(name: Array("relay-\(part)-\($0)-\(String(repeating: "x", count: 50))".utf8), acked: 1, wallTime: 1))
            }
            let blocks = (0..<6).map { block(last.seq + 1 + $0 * 30, count: 30) }
            var commit = Commit(
                number: last.commit + 1, blocks: blocks, register: register, signOffs: signOffs, cursors: cursors, wallTime: 5)
            addReports(to: &commit, part: part, audited: maker.audited + Int64(part * 10), random: &random)
            try store.append(commit)
            last = store.head
        }
        return store
    }

    @Test(arguments: ["closed", "crashed", "copied", "open"])
    func aWholeLogIsSeenAsItIsAndNotTouched(kind: String) throws {
        let store = try filled(seed: 1)
        _ = try store.retain(Retention(beforeSeq: 200))
        let expected = try Recovery(of: store)
        let blocks = try store.blocks(after: 0, maxBytes: 1 << 30)
        let size = try store.size()
        let reports = try store.reports(after: 0, limit: .max, state: nil)
        let audit = try store.auditEntries(after: 0, limit: .max)
        let pieces = try inspected(store)
        if kind == "closed" { try store.close() }
        let seen = kind == "closed" || kind == "open" ? place : try place.crashed()
        if kind == "crashed" { try FileManager.default.copyItem(atPath: place.database + "-shm", toPath: seen.database + "-shm") }
        let before = try seen.listing()
        do {
            let inspection = try Inspection(directory: seen.path)
            let found = try Findings(inspection)
            #expect(found.pieceFaults == [])
            #expect(found.blockFaults == [])
            #expect(found.pieces == pieces)
            #expect(found.reports == reports)
            #expect(found.audit == audit)
            #expect(try inspection.verifyAudit(#require(.ofTheTests)) == AuditVerification(entries: Int64(audit.count)))
            #expect(found.blocks.map(\.events.bytes) == blocks.map(\.bytes))
            #expect(found.blocks.first?.wallTime == size.oldestCommit)
            #expect(found.blocks.last?.wallTime == 5)
            #expect(inspection.integrity() == [])
            #expect(inspection.schemaVersion == Inspection.knownVersion)
            #expect(try inspection.identity.get() == store.identity)
            #expect(try inspection.head.get() == expected.head)
            #expect(try inspection.oldest.get() == 200)
            #expect(inspection.headFile?.head == expected.head)
            #expect(inspection.verdict(bootID: .thisTest) == .agrees)
            #expect(inspection.wasClean == (kind == "closed"))
            #expect(!inspection.isBackup)
            #expect(inspection.isUndisturbed)
            #expect(inspection.bytes > 100_000)
            // From the block that holds the event.
            let part = try Findings(inspection, from: 300)
            #expect(part.blocks.first.map { $0.events.firstSeq <= 300 && $0.events.lastSeq >= 300 } == true)
            #expect(part.seqs.last == expected.head.seq)
        }
        #expect(try seen.listing() == before)
    }

    /// It stays at the commit at which it was opened, and a writer that does not stop never makes it fail.
    @Test
    func aLogThatGoesOnIsSeenAtOneCommit() async throws {
        let store = try filled(seed: 2, commits: 10)
        let isDone = Mutex(false)
        async let writer: Void = Task.detached {
            var next = store.head
            while !isDone.withLock({ $0 }) {
                try store.append(Commit(number: next.commit + 1, blocks: [block(next.seq + 1, count: 3)], journal: [1], wallTime: 0))
                _ = try store.retain(Retention(beforeSeq: next.seq - 500))
                next = store.head
            }
        }.value
        for _ in 0..<40 {
            let inspection = try Inspection(directory: place.path)
            let head = try inspection.head.get()
            let found = try Findings(inspection)
            #expect(found.pieceFaults == [])
            #expect(found.blockFaults == [])
            #expect(found.seqs.last == head.seq)
            #expect(try inspection.head.get() == head)
            #expect(inspection.verdict(bootID: .thisTest) == .agrees)
        }
        isDone.withLock { $0 = true }
        try await writer
        try store.close()
    }

    /// Whole pages are overwritten. What is found is a part of what was there, in order; what is missing was told; and the copy stays as
    /// damaged as it was.
    @Test(arguments: UInt64(0)..<30)
    func aDamagedLogGivesWhatCanBeRead(seed: UInt64) throws {
        let store = try filled(seed: 3)
        let expected = try inspected(store)
        let blocks = try store.blocks(after: 0, maxBytes: 1 << 30)
        let audit = try store.auditEntries(after: 0, limit: .max)
        try store.close()
        var random = Seeded(seed)
        let damaged = try place.another()
        var bytes = try place.bytes()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // Not the first pages: they hold the schema, without which nothing can be read.
            let page = Int.random(in: 4..<bytes.count / 4096, using: &random)
            bytes.replaceSubrange(page * 4096..<(page + 1) * 4096, with: random.bytes(4096))
        }
        try damaged.write(bytes)
        let before = try damaged.listing()
        let inspection = try Inspection(directory: damaged.path)
        let found = try Findings(inspection)
        var rest = expected[...]
        for piece in found.pieces {
            // Whose row in the live edition cannot be read may come from the one that departs.
            if case .departing = piece, !found.pieceFaults.isEmpty, !rest.contains(piece) { continue }
            guard let index = rest.firstIndex(of: piece) else {
                Issue.record("seed \(seed): a piece that was not there, or not in this order")
                return
            }
            rest = rest[(index + 1)...]
        }
        let truth = Dictionary(uniqueKeysWithValues: blocks.map { ($0.firstSeq, $0.bytes) })
        #expect(found.blocks.allSatisfy { truth[$0.events.firstSeq] == $0.events.bytes }, "seed \(seed)")
        #expect(found.seqs == found.seqs.sorted())
        let numbers = Dictionary(uniqueKeysWithValues: audit.map { ($0.number, $0) })
        #expect(found.audit.allSatisfy { numbers[$0.number] == $0 }, "seed \(seed)")
        let isComplete = found.pieces.count == expected.count && found.blocks.count == blocks.count && found.audit.count == audit.count
        if !isComplete {
            #expect(!(found.pieceFaults + found.blockFaults + found.auditFaults).isEmpty, "seed \(seed)")
            #expect(!inspection.integrity().isEmpty, "seed \(seed)")
        }
        #expect(try damaged.listing() == before)
    }

    /// One leaf of one table: all others come, and what is missing is a range.
    @Test
    func oneBadPageHidesNoOther() throws {
        let store = try filled(seed: 4)
        let blocks = try store.blocks(after: 0, maxBytes: 1 << 30)
        try store.close()
        var bytes = Data(try place.bytes())
        // A leaf of `blocks`: it holds events that stand nowhere else.
        let middle = blocks[blocks.count / 2]
        let range = try #require(bytes.range(of: Data("u-\(middle.firstSeq)".utf8)))
        let page = range.lowerBound / 4096 * 4096
        #expect(bytes[page] == 13)
        bytes.replaceSubrange(page..<page + 8, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
        try place.write([UInt8](bytes))
        let found = try Findings(Inspection(directory: place.path))
        #expect(found.pieceFaults == [])
        #expect(!found.blockFaults.isEmpty)
        let seqs = Set(found.seqs)
        let lost = (blocks[0].firstSeq...blocks[blocks.count - 1].lastSeq).filter { !seqs.contains($0) }
        #expect(lost.contains(middle.firstSeq))
        #expect(lost.count < 300)
        #expect(lost.last.map { $0 - (lost.first ?? 0) + 1 } == Int64(lost.count))
    }

    /// A row that its page no longer counts is no fault of any row that can be read: it is missing between two others.
    @Test
    func hiddenEventsAreTold() throws {
        let store = try filled(seed: 6)
        let blocks = try store.blocks(after: 0, maxBytes: 1 << 30)
        try store.close()
        var bytes = Data(try place.bytes())
        let range = try #require(bytes.range(of: Data("u-\(blocks[blocks.count / 2].firstSeq)".utf8)))
        let page = range.lowerBound / 4096 * 4096
        #expect(bytes[page] == 13 && bytes[page + 4] > 1)
        bytes[page + 4] -= 1
        try place.write([UInt8](bytes))
        let found = try Findings(Inspection(directory: place.path))
        let hidden = try #require(blocks.first { block in !found.blocks.contains { $0.events.firstSeq == block.firstSeq } })
        #expect(found.blocks.count == blocks.count - 1)
        let what = "the events \(hidden.firstSeq) to \(hidden.lastSeq) are missing"
        #expect(found.blockFaults == [.damaged(path: place.database, what: what)])
    }

    /// A checksum that is wrong costs the row and nothing else.
    @Test
    func oneBadRowHidesNoOther() throws {
        let store = try filled(seed: 5)
        let expected = try inspected(store)
        let audit = try store.auditEntries(after: 0, limit: .max)
        try store.close()
        var bytes = Data(try place.bytes())
        for text in ["subject number 1100", "relay-7-7-x", "report number 3", "suspended as number 3", "audited as number 3"] {
            let range = try #require(bytes.range(of: Data(text.utf8)))
            bytes[range.lowerBound] ^= 1
        }
        try place.write([UInt8](bytes))
        let inspection = try Inspection(directory: place.path)
        let found = try Findings(inspection)
        #expect(found.pieces.count == expected.count - 4)
        #expect(found.pieceFaults.count == 4)
        #expect(found.audit.count == audit.count - 1)
        #expect(found.auditFaults.count == 1)
        #expect(found.blockFaults == [])
    }

    @Test
    func missingCommitsAreToldApart() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        let behind = try place.crashed()
        try store.append(Commit(number: 2, wallTime: 0))
        try Data(contentsOf: URL(fileURLWithPath: place.headFile)).write(to: URL(fileURLWithPath: behind.headFile))
        let inspection = try Inspection(directory: behind.path)
        #expect(inspection.verdict(bootID: .thisTest) == .cutOff)
        #expect(inspection.verdict(bootID: .another) == .lostWithPower)
        #expect(inspection.headFile?.head.commit == 2)
    }

    @Test
    func whatIsNoLogIsRefused() throws {
        let path = place.database
        #expect(throws: StoreFault.cannotOpen(path: path, reason: "No such file or directory")) { try Inspection(directory: place.path) }
        try place.write([])
        #expect(throws: StoreFault.cannotOpen(path: path, reason: "it is empty, no log was ever begun in it")) {
            try Inspection(directory: place.path)
        }
        try place.write(Array(String(repeating: "This is a letter to my mother. ", count: 300).utf8))
        #expect(throws: StoreFault.notADatabase(path: path)) { try Inspection(directory: place.path) }
        try FileManager.default.removeItem(atPath: path)
        try place.open().close()
        var bytes = try place.bytes()
        bytes.replaceSubrange(68..<72, with: [1, 2, 3, 4])  // application_id
        try place.write(bytes)
        #expect(throws: StoreFault.foreign(path: path)) { try Inspection(directory: place.path) }
    }

    /// Names that mean something in a URI.
    @Test
    func anyDirectoryCanBeInspected() throws {
        let odd = "\(place.path)/100% sure? #1 ü"
        try FileManager.default.createDirectory(atPath: odd, withIntermediateDirectories: false)
        let store = try SQLiteStore.open(directory: odd, durability: .process)
        try store.append(Commit(number: 1, wallTime: 0))
        #expect(try Inspection(directory: odd).head.get().commit == 1)
        try store.close()
        #expect(try Inspection(directory: odd).head.get().commit == 1)
    }
}
