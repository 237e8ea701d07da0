// The disk is sound, but not ours to write to: it is read-only, or another program is in the way. Nothing is in doubt then, and all goes on when
// the cause is gone.

import Foundation
import Testing
import VicinityCore
import VicinityStore

extension FaultyDiskTests {
    @Suite("A disk that is read-only, and a database that another program holds")
    struct RefusalTests {
        private let log: PreparedLog
        private let place: Workplace

        init() throws {
            log = try PreparedLog()
            place = try log.copy(in: try Workplace())
        }

        private let readOnly: CInt = 8

        @Test("A log on a read-only file system is refused and left as it is")
        func readOnlyFileSystem() throws {
            try Disk.watching(place) { disk in
                let before = try place.bytes() + place.bytes("-wal")
                disk.fail(.open, with: readOnly)
                let fault = #expect(throws: StoreFault.self) { try place.open(.power) }
                guard case .notWritable(place.database, _) = fault else {
                    Issue.record("\(String(describing: fault))")
                    return
                }
                #expect(try place.bytes() + place.bytes("-wal") == before)
                #expect(disk.count(.write) == 0)
                disk.heal()
                #expect(try Snapshot(of: place.open(.power)) == log.before)
            }
        }

        /// Where a file system becomes read-only after an error of the disk, the calls themselves fail.
        @Test("A log that becomes read-only while it is open takes nothing more, and is read on")
        func becomesReadOnly() throws {
            try Disk.watching(place) { disk in
                let store = try place.open(.power)
                disk.fail([.write, .sync, .truncate, .delete], with: readOnly)
                let fault = #expect(throws: StoreFault.self) { try store.append(log.next) }
                guard case .notWritable(place.database, _) = fault else {
                    Issue.record("\(String(describing: fault))")
                    return
                }
                #expect(try Snapshot(of: store) == log.before)
                try? store.close()
                disk.heal()
                #expect(try Snapshot(of: place.open(.power)) == log.before)
            }
        }

        /// Root may write everywhere, so that there is nothing to see for it.
        @Test("A directory in which nothing may be created is named", .enabled(if: geteuid() != 0))
        func directory() throws {
            #expect(chmod(place.path, 0o500) == 0)
            defer { _ = chmod(place.path, 0o700) }
            let fault = #expect(throws: StoreFault.self) { try place.open(.power) }
            switch fault {
            case .cannotOpen(place.database, _), .notWritable(place.database, _): break
            default: Issue.record("\(String(describing: fault))")
            }
            #expect(chmod(place.path, 0o700) == 0)
            #expect(try Snapshot(of: place.open(.power)) == log.before)
        }

        @Test("While another program writes, nothing is taken; then the same commit is", arguments: ["IMMEDIATE", "EXCLUSIVE"])
        func writer(mode: String) throws {
            let store = try place.open(.power, busyTimeout: 0.02)
            let other = try OtherProgram(place)
            #expect(other.run("BEGIN \(mode)") == 0)
            let locked = StoreFault.locked(path: place.database)
            for _ in 0..<2 {
                #expect(throws: locked) { try store.append(log.next) }
                #expect(throws: locked) { try store.retain(log.retention) }
            }
            #expect(store.head == log.before.recovery.head)
            // Readers do not mind.
            #expect(try Snapshot(of: store) == log.before)
            #expect(other.run("ROLLBACK") == 0)
            try store.append(log.next)
            #expect(try Snapshot(of: store) == log.afterAppend)
        }

        /// Who is alone with a database in WAL mode stays so until it closes.
        @Test(
            "A log that another program holds is not opened, and is when that has ended",
            arguments: ["", "PRAGMA locking_mode = EXCLUSIVE;"])
        func opening(mode: String) throws {
            do {
                let other = try OtherProgram(place)
                #expect(other.run("\(mode) BEGIN IMMEDIATE") == 0)
                #expect(throws: StoreFault.locked(path: place.database)) { try place.open(.power, busyTimeout: 0.02) }
                withExtendedLifetime(other) {}
            }
            #expect(try Snapshot(of: place.open(.power)) == log.before)
        }

        @Test("A log that another program holds is not closed cleanly, and can be closed later")
        func closing() throws {
            let store = try place.open(.power, busyTimeout: 0.02)
            let other = try OtherProgram(place)
            #expect(other.run("BEGIN IMMEDIATE") == 0)
            #expect(throws: StoreFault.locked(path: place.database)) { try store.close() }
            #expect(other.run("ROLLBACK") == 0)
            try store.close()
            let again = try place.open(.power)
            #expect(again.wasClean)
            #expect(try Snapshot(of: again) == log.before)
        }

        @Test("A reader of another program that stays does not hold up the log, and the WAL goes into the file when it ends")
        func reader() throws {
            let store = try place.open(.power, busyTimeout: 0.02)
            let other = try OtherProgram(place)
            #expect(other.run("BEGIN; SELECT * FROM commits") == 0)
            try store.append(log.next)
            try store.close()
            let again = try place.open(.power, busyTimeout: 0.02)
            #expect(again.wasClean)
            #expect(try Snapshot(of: again) == log.afterAppend)
            #expect(other.run("COMMIT") == 0)
            try again.close()
            #expect(try place.bytes("-wal").isEmpty)
        }
    }
}
