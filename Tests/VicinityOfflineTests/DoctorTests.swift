// The doctor on directories with one fault each, and on sound ones.

import Foundation
import GRDB
import Testing
import VicinityCore
import VicinityOffline
import VicinityStore

@Suite("The doctor")
struct DoctorTests {
    private let place: Place
    private let directory: String

    init() throws {
        place = try Place()
        directory = "\(place.path)/state"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    /// Fills the directory, and closes it.
    private func fill(seed: UInt64 = 1, steps: Int = 10) throws {
        var daemon = try MiniDaemon(directory)
        var crowd = Crowd(seed: seed)
        try crowd.begin(&daemon)
        for _ in 0..<steps { try crowd.step(&daemon) }
        daemon.cursor("relay-1", at: daemon.head / 2)
        daemon.cursor("relay-2", at: daemon.head)
        try daemon.append()
        try daemon.store.close()
    }

    private func examine() throws -> Report { try Examination(directory: directory).run() }

    @Test("A log that is sound is called sound, with its figures", arguments: UInt64(0)..<8)
    func sound(seed: UInt64) throws {
        try fill(seed: seed)
        let before = try Place.contents(of: directory)
        let report = try examine()
        #expect(report.verdict == .sound, "\(report.text)")
        #expect(report.lock == .free && report.figures.wasClean && report.notes.isEmpty)
        #expect(try Place.contents(of: directory) == before)
        let truth = try Reading(try place.copy(of: directory, as: "copy"))
        #expect(report.figures.head == truth.head.seq && report.figures.commit == truth.head.commit)
        #expect(report.figures.events == Int64(truth.events.count) && report.figures.oldest == 1)
        #expect(report.figures.users == truth.users && report.figures.pairs == truth.openPairs.count)
        #expect(report.figures.cursors == 2 && report.figures.subjects == 12 && report.figures.logID == truth.logID)
    }

    @Test("Nobody gets a verdict on a part of it", arguments: 1...3)
    func interrupted(calls: Int) throws {
        try fill(steps: 40)
        var seen = 0
        let failure = #expect(throws: Unexaminable.self) {
            _ = try Examination(directory: directory) { _ in
                seen += 1
                if seen == calls { throw Interruption() }
            }.run()
        }
        #expect(failure?.description == "interrupted" && seen == calls)
    }

    @Test("A log that no commit was ever made in is sound")
    func empty() throws {
        try SQLiteStore.open(directory: directory, durability: .process).close()
        let report = try examine()
        #expect(report.verdict == .sound, "\(report.text)")
        #expect(report.figures.head == 0 && report.figures.events == 0)
    }

    @Test("A log whose oldest events were removed is sound, even in the middle of a block, and when all are")
    func pruned() throws {
        try fill()
        for seq: Int64 in [70, 333, .max] {
            let store = try SQLiteStore.open(directory: directory, durability: .process)
            let bound = min(seq, store.head.seq + 1)
            while try !store.retain(Retention(beforeSeq: bound)).isDone {}
            try store.close()
            let report = try examine()
            #expect(report.verdict == .sound, "\(report.text)")
            #expect(report.figures.oldest == bound)
        }
    }

    @Test("A daemon at work is told of, and its last commit is examined")
    func working() throws {
        var daemon = try MiniDaemon(directory)
        var crowd = Crowd(seed: 3)
        try crowd.begin(&daemon)
        for _ in 0..<6 { try crowd.step(&daemon) }
        let lock = open("\(directory)/vicinity.lock", O_RDWR | O_CREAT, 0o600)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
        let pid = "4711\n"
        try #require(write(lock, pid, pid.utf8.count) == pid.utf8.count)
        let report = try examine()
        #expect(report.lock == .held(process: 4711))
        #expect(report.verdict == .sound, "\(report.text)")
        #expect(report.figures.head == daemon.head)
        try crowd.step(&daemon)
        #expect(try examine().figures.head == daemon.head)
        try daemon.store.close()
    }

    @Test(
        "One row that is not as it was written is found and named",
        arguments: [
            ("blocks", 3, Finding.Part.log), ("blocks", 0, .log), ("blocks", -1, .log), ("commits", -1, .head), ("commits", -2, .state),
            ("pages", 0, .state), ("subjects", 5, .register), ("sign_offs", 0, .signOffs), ("cursors", 1, .cursors), ("meta", 1, .identity),
        ])
    func spoiled(table: String, row: Int, part: Finding.Part) throws {
        try fill()
        try edit(directory) { database in try database.spoil(table, row: row) }
        let report = try examine()
        #expect(report.verdict == .damaged)
        #expect(report.findings.holds(part), "\(report.text)")
        #expect(throws: (any Error).self) { try Reading(try place.copy(of: directory, as: "copy")) }
    }

    /// Fills the directory, and leaves it in the middle of a swap.
    private func fillAndSwap() throws {
        var daemon = try MiniDaemon(directory)
        var crowd = Crowd(seed: 1)
        try crowd.begin(&daemon)
        for _ in 0..<10 { try crowd.step(&daemon) }
        try daemon.swapRegister(without: ["s-1", "s-2", "s-7"])
        try daemon.store.close()
    }

    @Test("A log whose register is being swapped is sound, with a note; what was staged, or is garbage, does not matter")
    func swapped() throws {
        try fillAndSwap()
        for isGarbageSpoiled in [false, true] {
            if isGarbageSpoiled {
                try edit(directory) { database in
                    try database.execute(sql: "UPDATE subjects SET checksum = 0 WHERE generation = 2 OR generation = 0 AND slot = 0")
                    #expect(database.changesCount == 4)
                }
            }
            let report = try examine()
            #expect(report.verdict == .sound, "\(report.text)")
            #expect(report.figures.subjects == 9)
            #expect(
                report.notes == [
                    "the register was swapped, and 3 subjects of the edition before may still have open pairs: the daemon goes on closing "
                        + "them when it starts"
                ])
            #expect(try Reading(try place.copy(of: directory, as: "copy-\(isGarbageSpoiled)")).openPairs.count == report.figures.pairs)
        }
    }

    @Test(
        "One row of an edition that is not as it was written is found and named",
        arguments: [
            "subjects SET checksum = 0 WHERE generation = 1 AND slot = 3", "subjects SET checksum = 0 WHERE generation = 0 AND slot = 2",
            "subjects SET latitude = 91 WHERE generation = 0 AND slot = 1", "meta SET checksum = 0 WHERE key = 'generation'",
            "meta SET checksum = 0 WHERE key = 'departing_generation'", "meta SET checksum = 0 WHERE key = 'staged_generation'",
        ])
    func spoiledEdition(change: String) throws {
        try fillAndSwap()
        try edit(directory) { database in
            try database.execute(sql: "UPDATE \(change)")
            #expect(database.changesCount == 1)
        }
        let report = try examine()
        #expect(report.findings.holds(.register), "\(report.text)")
        #expect(throws: (any Error).self) { try Reading(try place.copy(of: directory, as: "copy")) }
    }

    @Test("Events that are missing are named by their seqs")
    func hole() throws {
        try fill()
        var gap: (Int64, Int64) = (0, 0)
        try edit(directory) { database in
            let row = try #require(
                try Row.fetchOne(database, sql: "SELECT first_seq, last_seq FROM blocks ORDER BY first_seq LIMIT 1 OFFSET 4"))
            gap = (row[0], row[1])
            try database.execute(sql: "DELETE FROM blocks WHERE first_seq = ?", arguments: [gap.0])
        }
        let report = try examine()
        #expect(report.findings.list.map(\.what).contains { $0.hasPrefix("events \(gap.0) to \(gap.1): ") }, "\(report.text)")
    }

    @Test("The end of the log that is missing is named")
    func end() throws {
        try fill()
        try edit(directory) { database in
            try database.execute(sql: "DELETE FROM blocks WHERE first_seq = (SELECT max(first_seq) FROM blocks)")
        }
        #expect(try examine().verdict == .damaged)
    }

    @Test("A journal and a page that are missing are found")
    func missingState() throws {
        try fill()
        let copy = try place.copy(of: directory, as: "copy")
        try edit(copy) { database in
            try database.execute(sql: "DELETE FROM commits WHERE number = (SELECT max(number) - 1 FROM commits)")
        }
        let report = try Examination(directory: copy).run()
        #expect(report.findings.holds(.state), "\(report.text)")
        try edit(directory) { database in try database.execute(sql: "DELETE FROM pages WHERE number = 0") }
        #expect(try examine().findings.holds(.state))
    }

    @Test("A WAL that was cut off is found by what was announced")
    func cutOff() throws {
        var daemon = try MiniDaemon(directory)
        var crowd = Crowd(seed: 5)
        try crowd.begin(&daemon)
        for _ in 0..<6 { try crowd.step(&daemon) }
        let copy = try place.copy(of: directory, as: "copy")
        try daemon.store.close()
        let wal = try Data(contentsOf: URL(fileURLWithPath: "\(copy)/vicinity.db-wal"))
        try wal.prefix(wal.count * 3 / 4).write(to: URL(fileURLWithPath: "\(copy)/vicinity.db-wal"))
        let report = try Examination(directory: copy).run()
        #expect(report.findings.list.map(\.part) == [.head], "\(report.text)")
        #expect(throws: StoreFault.self) { try Reading(copy) }
    }

    @Test("Events that break the alternation of a pair are found, though every checksum is right")
    func alternation() throws {
        let store = try SQLiteStore.open(directory: directory, durability: .process)
        func event(_ change: Event.Change, at time: Int64) -> Event {
            Event(seq: 0, time: time, change: change, user: Array("u".utf8), subject: Array("s".utf8), kind: nil)
        }
        var builder = EventBlockBuilder(firstSeq: 1)
        builder.append(event(.enter(.user, .nothing), at: 10))
        builder.append(event(.enter(.user, .nothing), at: 20))
        builder.append(event(.leave(.user, encounter: 2, lasted: 5), at: 30))
        builder.append(event(.leave(.user, encounter: 2, lasted: 10), at: 40))
        let block = try #require(builder.finish())
        try store.append(Commit(number: 1, blocks: [block], journal: StoredJournal.nothing(head: 4), wallTime: 1))
        try store.close()
        let said = try examine().findings.list.map(\.what)
        #expect(
            said == [
                "event 2: enters a pair that has been inside since event 1",
                "event 3: says that the encounter lasted 5 ms, but it was 10 ms",
                "event 4: leaves a pair that is outside (encounter 2)",
            ])
    }

    @Test("A state that has other pairs open than the log is found")
    func pairs() throws {
        let store = try SQLiteStore.open(directory: directory, durability: .process)
        var builder = EventBlockBuilder(firstSeq: 1)
        builder.append(
            Event(seq: 0, time: 10, change: .enter(.user, .nothing), user: Array("u".utf8), subject: Array("s".utf8), kind: nil))
        let block = try #require(builder.finish())
        let position = try #require(Coordinate(latitudeDegrees: 1, longitudeDegrees: 2))
        let user = StoredUser(
            id: Array("v".utf8), hasOwnRadius: false, isNearOutside: false, position: position, time: 1, radius: 500, accuracy: 30,
            pairs: [StoredPair(subject: 0, encounter: 1, since: 10, cause: .user)])
        let users: [(slot: UInt32, user: StoredUser)] = [(slot: 0, user: user)]
        let page = StoredPage(commit: 1, contents: .users(users))
        try store.append(
            Commit(
                number: 1, blocks: [block], journal: StoredJournal.nothing(head: 1), pages: [StatePage(index: 0, bytes: page.bytes)],
                register: [.put(SubjectRow(slot: 0, id: Array("s".utf8), latitude: 1, longitude: 2))], wallTime: 1))
        try store.close()
        let said = try examine().findings.list.map(\.what)
        #expect(
            said == [
                "user v is inside with subject s since event 1, by the log it is not",
                "event 1 enters, nothing leaves, and by the state the pair is outside",
            ])
    }

    @Test("A cursor beyond the end of the log is found")
    func cursor() throws {
        let store = try SQLiteStore.open(directory: directory, durability: .process)
        let far = Cursor(name: Array("relay".utf8), acked: 9, wallTime: 1)
        try store.append(Commit(number: 1, journal: StoredJournal.nothing(head: 0), cursors: [.set(far)], wallTime: 1))
        try store.close()
        #expect(try examine().findings.list.map(\.what) == ["cursor relay is at event 9, the log ends with 0"])
    }

    @Test("What is no log of ours cannot be examined, and is left as it is")
    func unexaminable() throws {
        func why() -> String? {
            do throws(Unexaminable) { return "\(try Examination(directory: directory).run().verdict)" } catch { return error.description }
        }
        #expect(why() == "cannot open \(directory)/vicinity.db: No such file or directory")
        let file = URL(fileURLWithPath: "\(directory)/vicinity.db")
        try Data().write(to: file)
        #expect(why()?.contains("is empty") == true)
        try Data("this is not a database at all, and longer than nothing".utf8).write(to: file)
        #expect(why()?.contains("is not a database") == true)
        try FileManager.default.removeItem(at: file)
        try fill(steps: 1)
        try edit(directory) { database in try database.execute(sql: "PRAGMA user_version = 99") }
        #expect(why()?.contains("was written by a newer version (schema 99") == true)
        try edit(directory) { database in try database.execute(sql: "PRAGMA application_id = 7") }
        #expect(why()?.contains("is a database of another program") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).contains("vicinity.db-wal") == false)
    }

    @Test("Findings of a file that is damaged all over are counted, and not all kept")
    func many() {
        var findings = Findings()
        for number in 0..<1000 { findings.add(.log, "event \(number)", meaning: "it is gone") }
        findings.add(.state, "page 1", meaning: "it is gone")
        #expect(findings.count == 1001 && findings.list.count == Findings.kept + 1)
        #expect(findings.holds(.state))
    }
}
