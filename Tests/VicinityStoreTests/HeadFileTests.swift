// The record beside the database: commits that were announced and are not there are noticed, whatever SQLite thinks of the file.

import Foundation
import Testing
import VicinityStore

struct HeadFileTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func expectDamaged(_ fault: StoreFault?, _ part: String) {
        guard case .damaged(_, let what) = fault, what.contains(part) else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test
    func aRecordComesBackAndEveryBitOfItCounts() throws {
        let record = HeadRecord(
            logID: "244d117d3c8be5e3f85265d35af931a0", head: LogHead(commit: 12345, seq: 1 << 52), bootID: .thisTest, durability: .power)
        let bytes = record.bytes
        #expect(bytes.count == 88)
        #expect(HeadRecord(bytes) == record)
        #expect(HeadRecord(bytes + [0]) == nil)
        #expect(HeadRecord(bytes.dropLast()) == nil)
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= 8
            #expect(HeadRecord(flipped) == nil, "byte \(position)")
        }
        let unknown = HeadRecord(logID: record.logID, head: record.head, bootID: nil, durability: .process)
        #expect(HeadRecord(unknown.bytes) == unknown)
    }

    @Test
    func theKernelNamesItsStart() {
        #expect(BootID("00112233-4455-6677-8899-aabbccddeeff\n")?.bytes.prefix(3) == [0x00, 0x11, 0x22])
        #expect(BootID("0011223344556677889a") == nil)
        #expect(BootID("zz112233445566778899aabbccddeeff") == nil)
        #expect(BootID.current() == BootID.current())
    }

    @Test(arguments: Durability.allCases)
    func everyAppendIsRecorded(durability: Durability) throws {
        let store = try place.open(durability)
        for number in Int64(1)...3 {
            try store.append(Commit(number: number, blocks: [block(number, count: 1)], wallTime: 0))
            let expected = HeadRecord(logID: store.identity.logID, head: store.head, bootID: .thisTest, durability: durability)
            #expect(HeadRecord.read(directory: place.path) == expected)
        }
        let mode = try FileManager.default.attributesOfItem(atPath: place.headFile)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try store.close()
        #expect(HeadRecord.read(directory: place.path)?.head == LogHead(commit: 3, seq: 3))
        #expect(try place.open().renewal == nil)
    }

    /// After frames and at odd places, with everything in the WAL and with a part in the file already; of a new log, and of one that was
    /// closed well before.
    @Test(arguments: [(commits: 12, page: 20), (commits: 14, page: 1_500_000)], [false, true])
    func aWALThatWasCutOffIsRefusedOrHasEverything(log: (commits: Int64, page: Int), wasClosed: Bool) throws {
        var store = try place.open()
        for number in 1...log.commits {
            if number == 3, wasClosed {
                try store.close()
                store = try place.open()
            }
            let page = StatePage(index: 0, bytes: [UInt8](repeating: UInt8(number), count: log.page))
            try store.append(Commit(number: number, blocks: [block(number, count: 1)], journal: [1], pages: [page], wallTime: 0))
        }
        let expected = try Recovery(of: store)
        let wal = try place.bytes("-wal")
        let frame = 24 + 4096
        let frames = (wal.count - 32) / frame
        var lengths: Set<Int> = [0, 1, 31, wal.count - 1, wal.count]
        for number in stride(from: 0, through: frames, by: max(1, frames / 8)) {
            let end = 32 + number * frame
            lengths.formUnion(frames > 1000 ? [end] : [end - 1, end, end + 100])
        }
        var refused = 0
        var whole = 0
        for length in lengths where length <= wal.count {
            let cut = try place.crashed()
            try cut.write(Array(wal.prefix(length)), "-wal")
            do throws(StoreFault) {
                let opened = try cut.open()
                let isWhole = try recovery(of: opened) == expected
                #expect(isWhole, "\(length) of \(wal.count) bytes")
                whole += 1
            } catch {
                expectDamaged(error, "but commit \(log.commits) was made durable: the WAL was cut off, or the file was replaced")
                refused += 1
            }
            try FileManager.default.removeItem(atPath: cut.path)
        }
        #expect(whole > 0)
        #expect(refused > 3)
    }

    private func recovery(of store: SQLiteStore) throws(StoreFault) -> Recovery {
        do { return try Recovery(of: store) } catch { throw (error as? StoreFault) ?? .refused(path: "", reason: "\(error)") }
    }

    @Test
    func aRefusedLogIsLeftAsItIs() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, journal: [1], wallTime: 0))
        let cut = try place.crashed()
        try store.append(Commit(number: 2, journal: [2], wallTime: 0))
        try FileManager.default.removeItem(atPath: cut.headFile)
        try FileManager.default.copyItem(atPath: place.headFile, toPath: cut.headFile)
        let before = try (cut.bytes(), cut.bytes("-wal"))
        for _ in 0..<2 {
            expectDamaged(#expect(throws: StoreFault.self) { try cut.open() }, "the log ends with commit 1, but commit 2")
            #expect(try cut.bytes() == before.0)
            #expect(try cut.bytes("-wal") == before.1)
        }
    }

    /// The file was made empty, or the operator took it away to begin anew.
    @Test(arguments: [false, true])
    func aFileThatIsEmptyIsMissedAndOneThatWasTakenAwayIsNot(isTaken: Bool) throws {
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        try store.close()
        if isTaken { try FileManager.default.removeItem(atPath: place.database) } else { try place.write([]) }
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: place.database + suffix) }
        if isTaken {
            let opened = try place.open()
            #expect(opened.head.commit == 0)
            #expect(opened.identity.logID != store.identity.logID)
        } else {
            expectDamaged(#expect(throws: StoreFault.self) { try place.open() }, "the log ends with commit 0, but commit 1")
        }
    }

    /// The machine was started anew: what `process` does not keep is lost, and seqs will be given a second time, so that it is another log.
    @Test(arguments: [BootID.another, nil])
    func whatPowerTookMakesAnotherLog(bootID: BootID?) throws {
        let store = try place.open(.process)
        try store.append(Commit(number: 1, blocks: [block(1, count: 2)], wallTime: 0))
        let behind = try place.crashed()
        try store.append(Commit(number: 2, blocks: [block(3, count: 2)], wallTime: 0))
        try Data(contentsOf: URL(fileURLWithPath: place.headFile)).write(to: URL(fileURLWithPath: behind.headFile))
        let opened = try behind.open(.process, bootID: bootID)
        #expect(opened.renewal == .lostWithPower(announced: LogHead(commit: 2, seq: 4)))
        #expect(opened.identity.logID != store.identity.logID)
        #expect(opened.identity.signOffKey == store.identity.signOffKey)
        #expect(opened.head == LogHead(commit: 1, seq: 2))
        // Once: from then on the record is of the other log.
        let again = try behind.crashed().open(.process, bootID: bootID)
        #expect(again.renewal == nil)
        #expect(again.identity == opened.identity)
    }

    @Test
    func whatPowerMustNotTakeIsMissed() throws {
        let store = try place.open(.power)
        try store.append(Commit(number: 1, wallTime: 0))
        let behind = try place.crashed()
        try store.append(Commit(number: 2, wallTime: 0))
        try Data(contentsOf: URL(fileURLWithPath: place.headFile)).write(to: URL(fileURLWithPath: behind.headFile))
        expectDamaged(#expect(throws: StoreFault.self) { try behind.open(.power, bootID: .another) }, "commit 2 was made durable")
    }

    @Test
    func anOlderCopyThatWasClosedWellIsAnotherLog() throws {
        let first = try place.open()
        let cursor = Cursor(name: [65], acked: 1, wallTime: 0)
        try first.append(Commit(number: 1, blocks: [block(1, count: 1)], cursors: [.set(cursor)], wallTime: 0))
        try first.close()
        let copy = try place.bytes()
        let second = try place.open()
        #expect(second.identity == first.identity)
        try second.append(Commit(number: 2, blocks: [block(2, count: 1)], wallTime: 0))
        try second.close()
        try place.write(copy)
        let third = try place.open()
        #expect(third.renewal == .isOlderCopy(announced: LogHead(commit: 2, seq: 2)))
        #expect(third.identity.logID != first.identity.logID)
        #expect(third.identity.signOffKey == first.identity.signOffKey)
        #expect(try Recovery(of: third).items.contains(.cursor(cursor)))
        try third.close()
        #expect(try place.open().identity == third.identity)
    }

    /// Missing, torn, older, of another log: nothing can be told from it, and the log is as good as without.
    @Test(arguments: ["missing", "torn", "empty", "older", "foreign", "directory"])
    func aRecordThatSaysNothingChangesNothing(kind: String) throws {
        let store = try place.open()
        try store.append(Commit(number: 1, journal: [1], wallTime: 0))
        let older = try Data(contentsOf: URL(fileURLWithPath: place.headFile))
        try store.append(Commit(number: 2, journal: [2], wallTime: 0))
        let crashed = try place.crashed()
        let file = URL(fileURLWithPath: crashed.headFile)
        let foreign = HeadRecord(
            logID: String(repeating: "0", count: 32), head: LogHead(commit: 99, seq: 99), bootID: .thisTest, durability: .power)
        try FileManager.default.removeItem(at: file)
        switch kind {
        case "torn": try (older.prefix(70) + Data(repeating: 0, count: 18)).write(to: file)
        case "empty": try Data().write(to: file)
        case "older": try older.write(to: file)
        case "foreign": try Data(foreign.bytes).write(to: file)
        case "directory": try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        default: break
        }
        let opened = try crashed.open()
        #expect(opened.renewal == nil)
        #expect(opened.identity == store.identity)
        #expect(opened.head.commit == 2)
        try opened.append(Commit(number: 3, journal: [3], wallTime: 0))
        #expect(HeadRecord.read(directory: crashed.path)?.head.commit == (kind == "directory" ? nil : 3))
        try opened.close()
        #expect(try crashed.open().head.commit == 3)
    }
}
