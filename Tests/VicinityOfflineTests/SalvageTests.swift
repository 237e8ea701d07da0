// What is saved of directories with faults, what is said to be lost, and that a daemon can go on with the result.

import Foundation
import GRDB
import Testing
import VicinityCore
import VicinityOffline
import VicinityStore

@Suite("The salvage")
struct SalvageTests {
    private let place: Place
    private let directory: String
    private let target: String
    /// When the salvage happens: after everything else.
    private static let now: Int64 = 1_800_000_000_000

    init() throws {
        place = try Place()
        directory = "\(place.path)/state"
        target = "\(place.path)/saved"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    private func fill(seed: UInt64 = 1, steps: Int = 10, users: Int = 60, departing: Set<String>? = nil) throws -> Reading {
        var daemon = try MiniDaemon(directory)
        var crowd = Crowd(seed: seed)
        crowd.users = users
        try crowd.begin(&daemon)
        for _ in 0..<steps { try crowd.step(&daemon) }
        daemon.cursor("relay-1", at: daemon.head / 2)
        daemon.cursor("relay-2", at: daemon.head)
        try daemon.append()
        if let departing { try daemon.swapRegister(without: departing) }
        try daemon.store.close()
        return try Reading(try place.copy(of: directory, as: "truth-\(seed)"))
    }

    /// Salvages, sees that the old directory stays as it is, and that a daemon can go on with the new one.
    private func salvage(seed: UInt64 = 1, users: Int = 60) throws -> (report: SalvageReport, saved: Reading) {
        let before = try Place.contents(of: directory)
        let report = try Salvage(from: directory, into: target, now: Self.now).run()
        #expect(try Place.contents(of: directory) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target) == ["vicinity.db"])
        let saved = try Reading(try place.copy(of: target, as: "saved-copy-\(seed)"))
        #expect(saved.logID == report.logID)
        var daemon = try MiniDaemon(target)
        daemon.now = Self.now + 1000
        var crowd = Crowd(seed: seed &+ 77)
        crowd.users = users
        for _ in 0..<6 { try crowd.step(&daemon) }
        try daemon.store.close()
        let after = try Examination(directory: target).run()
        #expect(after.verdict == .sound, "\(after.text)")
        return (report, saved)
    }

    private func cursors(_ reading: Reading) -> [String] {
        reading.recovered.compactMap { piece in
            if case .cursor(let cursor) = piece { String(decoding: cursor.name, as: UTF8.self) } else { nil }
        }
    }

    @Test("Of a sound log everything is saved, and it goes on under its id", arguments: UInt64(0)..<3)
    func sound(seed: UInt64) throws {
        let truth = try fill(seed: seed)
        let (report, saved) = try salvage(seed: seed)
        #expect(report.isWhole && !report.isNewLog, "\(report.text)")
        #expect(saved.events == truth.events && saved.openPairs == truth.openPairs && saved.users == truth.users)
        #expect(saved.logID == truth.logID && saved.head.seq == truth.head.seq && saved.head.commit == truth.head.commit + 1)
        #expect(cursors(saved) == ["relay-1", "relay-2"])
    }

    @Test("After a hole the newest events are kept, with id and cursors, and the others are named")
    func hole() throws {
        let truth = try fill()
        try edit(directory) { database in try database.spoil("blocks", row: 4) }
        let (report, saved) = try salvage()
        let first = try #require(saved.events.first?.seq)
        #expect(first > 1 && saved.events == truth.events.filter { $0.seq >= first } && saved.oldest == first)
        #expect(saved.logID == truth.logID && saved.openPairs == truth.openPairs && cursors(saved).count == 2)
        #expect(!report.isWhole && !report.isNewLog && report.closed == 0)
        #expect(report.text.contains("events 1 to 80 can be read, but not kept"), "\(report.text)")
    }

    @Test("If the newest events are lost, it is another log, and cursors are void")
    func end() throws {
        let truth = try fill()
        try edit(directory) { database in
            try database.spoil("blocks", row: -1)
            try database.spoil("blocks", row: -2)
        }
        let (report, saved) = try salvage()
        #expect(report.isNewLog && saved.logID != truth.logID && cursors(saved).isEmpty)
        #expect(saved.events == Array(truth.events.prefix(saved.events.count)) && saved.events.count < truth.events.count)
        #expect(saved.users == truth.users)
        // What subscribers know is what the state says.
        #expect(saved.openPairs.allSatisfy { pair in saved.events.contains { $0.seq == pair.seq && $0.subject == pair.subject } })
        #expect(report.text.contains("the cursor of relay-2, which was at event \(truth.head.seq)"))
    }

    @Test("If no event can be read, the state goes on behind them")
    func noEvents() throws {
        let truth = try fill()
        try edit(directory) { database in try database.execute(sql: "UPDATE blocks SET checksum = 0") }
        let (report, saved) = try salvage()
        #expect(saved.events.isEmpty && saved.openPairs.map(\.seq) == truth.openPairs.map(\.seq) && saved.users == truth.users)
        #expect(saved.head.seq == truth.head.seq && saved.oldest == truth.head.seq + 1 && !report.isNewLog)
    }

    @Test("The encounters of a subject that is lost are closed by a leave")
    func subject() throws {
        let truth = try fill()
        var lost: Int64 = 0
        try edit(directory) { database in
            lost = try #require(Int64.fromDatabaseValue(try database.spoil("subjects", row: 5)))
        }
        let id = truth.recovered.compactMap { piece -> [UInt8]? in
            if case .subject(let row) = piece, row.slot == lost { row.id } else { nil }
        }.first
        let (report, saved) = try salvage()
        let open = truth.openPairs.filter { $0.subject == id }
        try #require(!open.isEmpty)
        let added = saved.events.dropFirst(truth.events.count)
        #expect(report.closed == open.count && added.count == open.count && !report.isNewLog)
        for leave in added {
            guard case .leave(.removed, let encounter, let lasted) = leave.change else {
                Issue.record("\(leave)")
                continue
            }
            let enter = try #require(open.first { $0.seq == encounter })
            #expect(leave.user == enter.user && leave.time == Self.now && lasted == Self.now - enter.time)
        }
        #expect(saved.openPairs == truth.openPairs.filter { $0.subject != id })
    }

    private func register(_ reading: Reading) -> [Recovered] {
        reading.recovered.filter { piece in
            switch piece {
            case .subject, .swap, .departing: true
            case .precision, .suspension, .signOff, .cursor, .reported, .audited, .report, .page, .journal: false
            }
        }
    }

    @Test(
        "Of a register that is being swapped the live edition is saved, and what departs, whose pairs stay open", arguments: UInt64(0)..<3)
    func swapped(seed: UInt64) throws {
        let truth = try fill(seed: seed, departing: ["s-1", "s-2", "s-7"])
        try #require(truth.openPairs.contains { ["s-1", "s-2", "s-7"].contains(String(decoding: $0.subject, as: UTF8.self)) })
        let (report, saved) = try salvage(seed: seed)
        #expect(report.isWhole && !report.isNewLog && report.saved.subjects == 9, "\(report.text)")
        #expect(register(saved) == register(truth) && register(saved).count == 9 + 1 + 3)
        #expect(saved.openPairs == truth.openPairs && saved.events == truth.events)
    }

    @Test("A subject whose row is lost in the live edition departs with the one before; one that is lost there is lost")
    func swappedAndSpoiled() throws {
        let truth = try fill(departing: ["s-1", "s-2", "s-7"])
        func slot(_ id: String) throws -> Int64 {
            let rows = truth.recovered.compactMap { piece -> SubjectRow? in
                switch piece {
                case .subject(let row), .departing(let row): row
                case .precision, .swap, .suspension, .signOff, .cursor, .reported, .audited, .report, .page, .journal: nil
                }
            }
            return Int64(try #require(rows.first { $0.id == Array(id.utf8) }?.slot))
        }
        func pairs(_ id: String) -> [Event] { truth.openPairs.filter { $0.subject == Array(id.utf8) } }
        try #require(!pairs("s-4").isEmpty && !pairs("s-7").isEmpty)
        try edit(directory) { database in
            let sql = "UPDATE subjects SET checksum = 0 WHERE generation = ? AND slot = ?"
            for (generation, id) in [(1, "s-4"), (0, "s-7")] {
                try database.execute(sql: sql, arguments: [generation, slot(id)])
                #expect(database.changesCount == 1)
            }
        }
        let (report, saved) = try salvage()
        #expect(report.closed == pairs("s-7").count && report.saved.subjects == 8, "\(report.text)")
        #expect(saved.openPairs == truth.openPairs.filter { $0.subject != Array("s-7".utf8) })
        #expect(register(saved).count == 8 + 1 + 3)
    }

    @Test("The encounters of users who are lost are closed by a leave, and they are counted")
    func page() throws {
        let truth = try fill(users: 600)
        try edit(directory) { database in try database.spoil("pages", row: 0) }
        let (report, saved) = try salvage(users: 600)
        #expect(saved.users < truth.users && report.closed > 0 && !report.isNewLog)
        let users = Set(saved.openPairs.map(\.user))
        #expect(saved.openPairs == truth.openPairs.filter { users.contains($0.user) })
        for leave in saved.events.dropFirst(truth.events.count) {
            guard case .leave(.gone, _, _) = leave.change else {
                Issue.record("\(leave)")
                continue
            }
            #expect(!users.contains(leave.user))
        }
    }

    @Test("A journal that is missing costs those whose page is older")
    func journal() throws {
        let truth = try fill(users: 600)
        try edit(directory) { database in try database.spoil("commits", row: -3) }
        let (report, saved) = try salvage(users: 600)
        #expect(saved.users > 0 && saved.users < truth.users && !report.isNewLog, "\(report.text)")
        #expect(Set(saved.openPairs.map(\.seq)).isSubset(of: truth.openPairs.map(\.seq)))
        #expect(report.text.contains("user-"), "\(report.text)")
    }

    @Test("If the newest commit is lost, everybody is as of the one before, and the events decide who is inside")
    func lastCommit() throws {
        let truth = try fill()
        try edit(directory) { database in try database.spoil("commits", row: -1) }
        let (report, saved) = try salvage()
        #expect(report.isNewLog && saved.events.prefix(truth.events.count) == truth.events[...])
        #expect(saved.users >= truth.users - 3, "\(report.text)")
        #expect(report.text.contains("users are as of commit \(truth.head.commit - 1)"), "\(report.text)")
    }

    @Test("Without the key of the sign-offs they are of no use")
    func identity() throws {
        let truth = try fill()
        try edit(directory) { database in try database.execute(sql: "UPDATE meta SET checksum = 0 WHERE key = 'sign_off_key'") }
        let (report, saved) = try salvage()
        #expect(report.isNewLog && report.saved.signOffs == 0 && report.text.contains("sign-offs, since the key of their hashes is lost"))
        #expect(saved.events == truth.events && saved.openPairs == truth.openPairs)
    }

    @Test("Whatever rows are damaged, a daemon can go on with what is saved", arguments: UInt64(0)..<24)
    func anything(seed: UInt64) throws {
        let truth = try fill(seed: seed, steps: 7, users: seed.isMultiple(of: 3) ? 600 : 60)
        var random = Seeded(seed)
        try edit(directory) { database in
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let table =
                    ["blocks", "blocks", "commits", "pages", "subjects", "sign_offs", "cursors"].randomElement(using: &random) ?? "blocks"
                let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
                guard count > 0 else { continue }
                try database.spoil(table, row: Int.random(in: 0..<count, using: &random))
            }
        }
        let (report, saved) = try salvage(seed: seed, users: 600)
        let events = saved.events.prefix(Int(report.saved.events))
        #expect(Array(events) == truth.events.filter { $0.seq >= events.first?.seq ?? 0 && $0.seq <= events.last?.seq ?? -1 })
    }

    @Test("Interrupted at any moment, it leaves nothing in the new directory, and the old one as it was")
    func interrupted() throws {
        _ = try fill(steps: 40)
        let before = try Place.contents(of: directory)
        for calls in 1... {
            var seen = 0
            let salvage = Salvage(from: directory, into: target, now: Self.now) { _ in
                seen += 1
                if seen == calls { throw Interruption() }
            }
            if (try? salvage.run()) != nil {
                #expect(seen == calls - 1 && calls > 40, "it went on after it was interrupted, or was hardly asked")
                break
            }
            // Otherwise it would be interrupted for ever.
            try #require(seen == calls, "it fails, but nobody has interrupted it")
            #expect(try Place.contents(of: directory) == before)
            let made = try? FileManager.default.contentsOfDirectory(atPath: target)
            try #require(made?.isEmpty != false, "\(made ?? [])")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: target) == ["vicinity.db"])
    }

    @Test("A directory that holds something is refused, and so is one whose daemon works")
    func refusals() throws {
        _ = try fill(steps: 2)
        func why() -> String? {
            do throws(Salvage.Failure) {
                return "\(try Salvage(from: directory, into: target, now: Self.now).run().isWhole)"
            } catch {
                return error.description
            }
        }
        try FileManager.default.createDirectory(atPath: "\(target)/sub", withIntermediateDirectories: true)
        #expect(why() == "\(target) is not empty: it holds sub")
        try FileManager.default.removeItem(atPath: "\(target)/sub")
        let lock = open("\(directory)/vicinity.lock", O_RDWR | O_CREAT, 0o600)
        try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
        #expect(why() == "a vicinityd works on \(directory); stop it first, or what it commits meanwhile is not saved")
        close(lock)
        #expect(why() == "true")
    }

    @Test("Where nothing can be read nothing is made")
    func nothing() throws {
        _ = try fill(steps: 2)
        try edit(directory) { database in
            for table in ["blocks", "commits", "pages", "subjects"] { try database.execute(sql: "UPDATE \(table) SET checksum = 0") }
        }
        let failure = #expect(throws: Salvage.Failure.self) { try Salvage(from: directory, into: target, now: Self.now).run() }
        #expect(failure?.description == "nothing could be saved: of \(directory) no event, subject or user can be read")
        #expect(!FileManager.default.fileExists(atPath: target))
    }
}
