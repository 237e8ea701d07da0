// Ends of the process at any moment, and files that are not what was written. The truth is the store in memory, commit by commit.

import Foundation
import Testing
import VicinityCore
import VicinityStore

struct CrashTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// The file and the WAL as they lie there while the store is open: what kill -9 leaves.
    @Test(arguments: UInt64(0)..<3)
    func aCopyOpensToItsLastCommit(seed: UInt64) throws {
        let store = try place.open()
        let truth = memoryStore()
        var maker = CommitMaker(seed: seed)
        for _ in 0..<25 {
            let commit = maker.next()
            try store.append(commit)
            try truth.append(commit)
            let crashed = try place.crashed().open()
            #expect(!crashed.wasClean)
            #expect(try Recovery(of: crashed) == Recovery(of: truth), "seed \(seed), commit \(commit.number)")
            #expect(try events(of: crashed) == events(of: truth))
            #expect(try crashed.auditEntries(after: 0, limit: .max) == truth.auditEntries(after: 0, limit: .max))
            #expect(try crashed.verifyAudit() == truth.verifyAudit())
            #expect(crashed.auditStart == .continues)
            try crashed.close()
        }
    }

    /// A WAL that ends anywhere holds the commits that are whole in it, and nothing of the next.
    @Test(arguments: UInt64(0)..<4)
    func aTornWALOpensToAWholeCommit(seed: UInt64) throws {
        let store = try place.open()
        let truth = memoryStore()
        var recoveries = [try Recovery(of: truth)]
        var maker = CommitMaker(seed: seed)
        for _ in 0..<20 {
            let commit = maker.next()
            try store.append(commit)
            try truth.append(commit)
            recoveries.append(try Recovery(of: truth))
        }
        let wal = try place.bytes("-wal")
        var random = Seeded(seed)
        var reached: Set<Int64> = []
        for _ in 0..<20 {
            // Without the head file, which would tell that commits are missing.
            let crashed = try place.crashed(withHead: false)
            let length = Int.random(in: wal.count / 4...wal.count, using: &random)
            try crashed.write(Array(wal.prefix(length)), "-wal")
            let opened = try crashed.open()
            let recovery = try Recovery(of: opened)
            let expected = recoveries[Int(recovery.head.commit)]
            #expect(recovery == expected, "seed \(seed), \(length) of \(wal.count) bytes")
            #expect(try events(of: opened).count == Int(recovery.head.seq))
            // The audit log ends with the same commit as everything else.
            #expect(try opened.verifyAudit() == AuditVerification(entries: audited(expected)))
            reached.insert(recovery.head.commit)
            try opened.close()
        }
        #expect(reached.count > 3)
    }

    private func audited(_ recovery: Recovery) -> Int64 {
        recovery.items.compactMap { if case .audited(let number) = $0 { number } else { nil } }.first ?? 0
    }

    /// A bit that flipped is noticed, or it made no difference.
    @Test(arguments: UInt64(0)..<4)
    func aFlippedBitIsNeverBelieved(seed: UInt64) throws {
        let store = try place.open()
        var maker = CommitMaker(seed: seed)
        for _ in 0..<30 { try store.append(maker.next()) }
        let expected = try Recovery(of: store)
        let expectedEvents = try events(of: store)
        try store.close()
        let bytes = try place.bytes()
        var random = Seeded(seed)
        var refused = 0
        for _ in 0..<40 {
            let damaged = try place.another()
            var flipped = bytes
            let position = Int.random(in: 0..<bytes.count, using: &random)
            let bit = Int.random(in: 0..<8, using: &random)
            flipped[position] ^= 1 << bit
            try damaged.write(flipped)
            do throws(StoreFault) {
                let opened = try damaged.open()
                let recovery = try recovery(of: opened)
                #expect(recovery == expected, "seed \(seed), bit \(bit) of byte \(position)")
                let found = try readEvents(of: opened)
                #expect(found == expectedEvents, "seed \(seed), bit \(bit) of byte \(position)")
                try opened.close()
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    private func recovery(of store: SQLiteStore) throws(StoreFault) -> Recovery {
        do { return try Recovery(of: store) } catch { throw (error as? StoreFault) ?? .refused(path: "", reason: "\(error)") }
    }

    private func readEvents(of store: SQLiteStore) throws(StoreFault) -> [Event] {
        do { return try events(of: store) } catch { throw (error as? StoreFault) ?? .refused(path: "", reason: "\(error)") }
    }

    /// A bit of each kind of row, after a clean stop, so that no check of the whole file helps.
    @Test(arguments: [
        "page-bytes", "journal-bytes", "the name", "s-subject", "u-7", "cursor-name", "limits-bytes", "the reason", "the text",
    ])
    func aFlippedBitOfAValueIsNamed(marker: String) throws {
        let store = try place.open()
        var row = subject(3, "s-subject")
        row.name = "the name"
        try store.append(
            Commit(
                number: 1, blocks: [block(1, count: 9)], journal: Array("journal-bytes".utf8),
                pages: [StatePage(index: 0, bytes: Array("page-bytes".utf8))], register: [.put(row)],
                signOffs: [SignOff(hash: 1, time: 2, until: 3, limits: Array("limits-bytes".utf8))],
                cursors: [.set(Cursor(name: Array("cursor-name".utf8), acked: 3, wallTime: 4))],
                suspensions: [.set(SuspensionRow(subject: [1], source: .operator, reason: "the reason", wallTime: 0))],
                reports: [.create(ReportRow(number: 1, wallTime: 0, user: [2], subject: [1], kind: "tip", text: "the text"))],
                wallTime: 0))
        try store.append(Commit(number: 2, wallTime: 0))
        try store.close()
        var data = Data(try place.bytes())
        let range = try #require(data.range(of: Data(marker.utf8)))
        data[range.lowerBound] ^= 4
        try place.write([UInt8](data))
        let fault = #expect(throws: StoreFault.self) {
            let opened = try place.open()
            _ = try Recovery(of: opened)
            _ = try events(of: opened)
        }
        guard case .damaged(place.database, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    /// A row that a page no longer counts has no checksum that could be wrong.
    @Test
    func aHiddenRowIsNoticed() throws {
        let store = try place.open()
        let rows = (UInt32(0)..<3).map { slot in
            var row = subject(slot, "s-\(slot)")
            row.name = "name number \(slot)"
            return RegisterChange.put(row)
        }
        try store.append(Commit(number: 1, register: rows, wallTime: 0))
        try store.close()
        var data = Data(try place.bytes())
        let range = try #require(data.range(of: Data("name number 2".utf8)))
        let page = range.lowerBound / 4096 * 4096
        #expect(Array(data[page..<page + 5]) == [13, 0, 0, 0, 3])  // a leaf with three rows
        data[page + 4] = 2
        try place.write([UInt8](data))
        let fault = #expect(throws: StoreFault.self) { try place.open() }
        guard case .damaged(place.database, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }
}
