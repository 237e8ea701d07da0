// A copy of the log while it goes on, and what becomes of the copy when it is opened.

import Foundation
import Synchronization
import Testing
import VicinityCore
import VicinityStore

struct BackupTests {
    private let place: Workplace
    private let target: Workplace

    init() throws {
        place = try Workplace()
        target = try Workplace()
    }

    private func names(in directory: Workplace) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    }

    /// A writer that does not stop, and a journal of each commit that tells which it is.
    @Test
    func aBackupIsOneCommitOfALogThatGoesOn() async throws {
        let store = try place.open()
        try store.append(Commit(number: 1, journal: [UInt8](repeating: 1, count: 6_000_000), wallTime: 0))
        let isDone = Mutex(false)
        let directory = place.path
        async let last = Task.detached { () throws -> Int64 in
            var number: Int64 = 1
            while !isDone.withLock({ $0 }) || number < 50 {
                number += 1
                try store.append(Commit(number: number, blocks: [block(number - 1, count: 1)], journal: [1, 2, 3], wallTime: 0))
            }
            return number
        }.value
        for index in 0..<5 {
            let file = "\(target.path)/copy-\(index).db"
            let before = store.head.commit
            let steps = Mutex(0)
            let backup = try SQLiteStore.backUp(directory: directory, to: file) { _ in steps.withLock { $0 += 1 } }
            #expect(steps.withLock { $0 } > 1)
            #expect((before...store.head.commit).contains(backup.head.commit))
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.size] as? Int64 == backup.bytes)
            #expect(attributes[.posixPermissions] as? Int == 0o600)

            let restored = try target.another()
            try FileManager.default.copyItem(atPath: file, toPath: restored.database)
            let opened = try restored.open()
            #expect(opened.wasClean)
            #expect(opened.head == backup.head)
            #expect(opened.head.seq == opened.head.commit - 1)
            #expect(try Recovery(of: opened).items.count == Int(backup.head.commit))
            #expect(try events(of: opened).count == Int(backup.head.seq))
        }
        isDone.withLock { $0 = true }
        let number = try await last
        #expect(store.head.commit == number)
        #expect(try names(in: target).filter { $0.hasPrefix("copy") } == (0..<5).map { "copy-\($0).db" })
    }

    @Test
    func aBackupThatIsOpenedIsAnotherLogWithTheSameCursorsAndKey() throws {
        let store = try place.open()
        let cursor = Cursor(name: Array("relay".utf8), acked: 2, wallTime: 5)
        try store.append(Commit(number: 1, blocks: [block(1, count: 4)], journal: [1], cursors: [.set(cursor)], wallTime: 0))
        let expected = try Recovery(of: store)
        let restored = try target.another()
        let backup = try SQLiteStore.backUp(directory: place.path, to: restored.database)
        #expect(backup.head == LogHead(commit: 1, seq: 4))
        #expect(try names(in: restored) == ["vicinity.db"])
        let inspection = try Inspection(directory: restored.path)
        #expect(inspection.isBackup)
        #expect(try inspection.identity.get() == store.identity)

        let opened = try restored.open()
        #expect(opened.renewal == .isBackup)
        #expect(opened.identity.logID != store.identity.logID)
        #expect(opened.identity.signOffKey == store.identity.signOffKey)
        #expect(try Recovery(of: opened) == expected)
        #expect(try events(of: opened).map(\.seq) == [1, 2, 3, 4])
        try opened.append(Commit(number: 2, blocks: [block(5, count: 1)], wallTime: 0))
        // Once, and whatever ends the run.
        for place in [restored, try restored.crashed()] {
            if place === restored { try opened.close() }
            let again = try place.open()
            #expect(again.renewal == nil)
            #expect(again.identity == opened.identity)
            #expect(again.head.commit == 2)
        }
        #expect(try place.crashed().open().identity == store.identity)
    }

    /// Put in the place of the log that it came from, whose head file is still there.
    @Test
    func aBackupRestoredInPlaceIsAnotherLog() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        _ = try SQLiteStore.backUp(directory: place.path, to: "\(target.path)/b")
        try store.append(Commit(number: 2, wallTime: 0))
        let restored = try place.crashed()
        try FileManager.default.removeItem(atPath: restored.database + "-wal")
        try FileManager.default.removeItem(atPath: restored.database)
        try FileManager.default.moveItem(atPath: "\(target.path)/b", toPath: restored.database)
        let opened = try restored.open()
        #expect(opened.renewal == .isBackup)
        #expect(opened.head.commit == 1)
    }

    /// Without a daemon: after a clean stop, after a crash with what it leaves, and a copy without the shared memory.
    @Test(arguments: ["closed", "crashed", "copied"])
    func aLogThatRestsIsNotTouched(kind: String) throws {
        let store = try place.open()
        try store.append(Commit(number: 1, blocks: [block(1, count: 4)], journal: [1, 2], wallTime: 0))
        let source = kind == "closed" ? place : try place.crashed()
        if kind == "closed" { try store.close() }
        if kind == "crashed" { try FileManager.default.copyItem(atPath: place.database + "-shm", toPath: source.database + "-shm") }
        let before = try source.listing()
        let file = "\(target.path)/vicinity.db"
        #expect(try SQLiteStore.backUp(directory: source.path, to: file).head == LogHead(commit: 1, seq: 4))
        #expect(try source.listing() == before)
        #expect(try target.open().head == LogHead(commit: 1, seq: 4))
    }

    @Test
    func anExistingFileIsReplacedOnlyWhenTold() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        let file = "\(target.path)/copy"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: file))
        let fault = #expect(throws: StoreFault.self) { try SQLiteStore.backUp(directory: place.path, to: file) }
        #expect(fault == .cannotOpen(path: file, reason: "there is such a file already"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("precious".utf8))
        #expect(try SQLiteStore.backUp(directory: place.path, to: file, replaces: true).head.commit == 1)
        #expect(try names(in: target) == ["copy"])
    }

    @Test
    func theLogsOwnFilesAreNeverReplaced() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        let link = "\(target.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.database)
        for file in [place.database, place.database + "-wal", place.headFile, link] {
            #expect(throws: StoreFault.self) { try SQLiteStore.backUp(directory: place.path, to: file, replaces: true) }
        }
        try store.append(Commit(number: 2, wallTime: 0))
        #expect(try place.crashed().open().head.commit == 2)
    }

    /// A page of the register, which nothing but the check of the copy reads.
    @Test
    func aDamagedLogGivesNoBackup() throws {
        let store = try place.open()
        let register = (UInt32(0)..<300).map { RegisterChange.put(subject($0, "subject number \($0)")) }
        try store.append(Commit(number: 1, register: register, wallTime: 0))
        try store.close()
        var bytes = Data(try place.bytes())
        let range = try #require(bytes.range(of: Data("subject number 150".utf8)))
        let page = range.lowerBound / 4096 * 4096
        bytes.replaceSubrange(page..<page + 8, with: repeatElement(0xA5, count: 8))
        try place.write([UInt8](bytes))
        let file = "\(target.path)/copy"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: file))
        let fault = #expect(throws: StoreFault.self) {
            try SQLiteStore.backUp(directory: place.path, to: file, replaces: true)
        }
        guard case .damaged = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("precious".utf8))
        #expect(try names(in: target) == ["copy"])
    }

    @Test
    func whatCannotBeReadOrWrittenIsNamed() throws {
        let missing = #expect(throws: StoreFault.self) { try SQLiteStore.backUp(directory: place.path, to: "\(target.path)/copy") }
        #expect(missing == .cannotOpen(path: place.database, reason: "No such file or directory"))
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        #expect(throws: StoreFault.self) { try SQLiteStore.backUp(directory: place.path, to: "\(target.path)/none/copy") }
        #expect(try names(in: target) == [])
    }

    /// A log that is closed while something reads it is as complete, with its WAL.
    @Test
    func aCloseDoesNotWaitForAReader() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, wallTime: 0))
        let reader = try Inspection(directory: place.path)
        try store.append(Commit(number: 2, journal: [1], wallTime: 0))
        try store.close()
        #expect(try reader.head.get().commit == 1)
        let again = try place.open()
        #expect(again.wasClean)
        #expect(again.head.commit == 2)
    }
}
