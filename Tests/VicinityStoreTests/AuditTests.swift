// The audit log: what is written is there, and nobody changes it unnoticed.

import Foundation
import GRDB
import Testing
import VicinityStore

/// One log for all, which takes a while to make.
private let audited = Result { try AuditedLog() }

struct AuditTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// - Parameter first: the number of the first.
    private func entries(_ first: Int64, _ count: Int = 3) -> [AuditEntry] {
        var random = Seeded(UInt64(first))
        return (0..<Int64(count)).map { auditEntry(first + $0, wallTime: (first + $0) * 1000, using: &random) }
    }

    private func key() throws -> AuditKey { try #require(.ofTheTests) }

    /// Twenty-three kinds of forgery in turn, twenty-two of each.
    @Test(arguments: UInt64(0)..<506)
    func everyForgeryIsFoundAndLocated(seed: UInt64) throws {
        let log = try audited.get()
        let forgery = AuditForgery.allCases[Int(seed) % AuditForgery.allCases.count]
        let forged = try log.copy()
        var random = Seeded(seed)
        let expected = try DatabaseQueue(path: forged.database).write { database in
            try forgery.apply(to: database, log, using: &random)
        }
        let found = try Inspection(directory: forged.path).verifyAudit(key())
        #expect(found.firstBreak?.number == expected, "seed \(seed), \(forgery): \(found)")

        // A daemon that goes on covers nothing up, whatever comes after it.
        for run in 0..<2 {
            let store = try forged.open()
            #expect(try store.verifyAudit().firstBreak?.number == expected, "seed \(seed), \(forgery), run \(run)")
            let next = (try audits(store) ?? 0) + 1
            try store.append(Commit(number: store.head.commit + 1, audit: entries(next), wallTime: 0))
            #expect(try store.verifyAudit().firstBreak?.number == expected, "seed \(seed), \(forgery), run \(run)")
            try store.close()
        }
    }

    /// An entry with the right number and the right key, of a log that went another way: only the entry before it tells.
    @Test
    func anEntryOfAnotherHistoryIsFound() throws {
        let other = try Workplace()
        for (place, shift) in [(place, Int64(0)), (other, 1)] {
            let store = try place.open()
            try store.append(Commit(number: 1, audit: entries(1), wallTime: 0))
            let later = entries(4).map { entry in
                var entry = entry
                entry.wallTime += shift
                return entry
            }
            try store.append(Commit(number: 2, audit: later, wallTime: 0))
            #expect(try store.verifyAudit() == AuditVerification(entries: 6))
            try store.close()
        }
        let foreign = try DatabaseQueue(path: other.database).read { try Row.fetchOne($0, sql: "SELECT * FROM audit WHERE number = 5") }
        let row = try #require(foreign)
        try DatabaseQueue(path: place.database).write { database in
            let places = row.map { _ in "?" }.joined(separator: ", ")
            try database.execute(
                sql: "REPLACE INTO audit (\(row.columnNames.joined(separator: ", "))) VALUES (\(places))",
                arguments: StatementArguments(row.databaseValues))
        }
        #expect(try Inspection(directory: place.path).verifyAudit(key()).firstBreak?.number == 5)
    }

    private func audits(_ store: some LogStore) throws -> Int64? {
        try Recovery(of: store).items.compactMap { if case .audited(let number) = $0 { number } else { nil } }.first
    }

    @Test
    func whatNobodyTouchedIsIntact() throws {
        let log = try audited.get()
        let count = AuditedLog.entries - AuditedLog.removed
        #expect(try Inspection(directory: log.place.path).verifyAudit(key()) == AuditVerification(entries: count))
        let store = try log.copy().open()
        #expect(store.auditStart == .continues)
        #expect(try store.verifyAudit() == AuditVerification(entries: count))
        #expect(try store.auditEntries(after: 0, limit: 2).map(\.number) == [13, 14])
        #expect(try store.auditEntries(after: 58, limit: 9).map(\.number) == [59, 60])
        #expect(try audits(store) == AuditedLog.entries)
    }

    /// What a daemon knows that runs, the file need not tell it.
    @Test
    func aRunningDaemonKnowsItsOwnEnd() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, audit: entries(1), wallTime: 0))
        try store.append(Commit(number: 2, audit: entries(4), wallTime: 0))
        // The whole log as it was a commit ago: every seal in it is right.
        try DatabaseQueue(path: place.database).write { database in
            try database.execute(sql: "DELETE FROM commits WHERE number = 2; DELETE FROM audit WHERE number > 3")
        }
        #expect(try Inspection(directory: place.path).verifyAudit(key()).isIntact)
        #expect(try store.verifyAudit().firstBreak?.number == 4)
        // Nor does the next start take it for whole.
        let crashed = try place.crashed()
        #expect(throws: StoreFault.self) { try crashed.open() }
    }

    /// An entry that somebody puts where the daemon's next one belongs stops no commit, and is not forgotten.
    @Test(arguments: [4, 5, Int64.max])
    func whatStandsInTheWayGoesAndIsTold(number: Int64) throws {
        let store = try place.open()
        try store.append(Commit(number: 1, audit: entries(1), wallTime: 0))
        try DatabaseQueue(path: place.database).write { database in try AuditForgery.plant(number, in: database) }
        #expect(try store.verifyAudit().firstBreak?.number == 4)
        try store.append(Commit(number: 2, audit: entries(4), wallTime: 0))
        #expect(try store.auditEntries(after: 0, limit: 99).map(\.number) == Array(1...6))
        #expect(try store.verifyAudit().firstBreak?.number == 4)
        let crashed = try place.crashed().open()
        #expect(crashed.auditStart == .continues)
        #expect(try crashed.verifyAudit().firstBreak?.number == 4)
    }

    @Test
    func withoutItsKeyALogIsNotWhatItWas() throws {
        var store = try place.open()
        #expect(store.auditStart == .begins)
        #expect(try store.verifyAudit() == AuditVerification(entries: 0))
        try store.append(Commit(number: 1, audit: entries(1), wallTime: 0))
        try store.close()
        let before = try place.bytes()

        // With another one nothing can be proved.
        store = try place.open(auditKey: .ofAnother)
        #expect(store.auditStart == .broken(at: 4))
        #expect(try store.verifyAudit().firstBreak?.number == 1)
        try store.close()

        // Without one the log goes on, but not its chain; with it again that is told for good.
        try place.write(before)
        store = try place.open(auditKey: nil)
        #expect(store.auditStart == .withoutKey)
        try store.append(Commit(number: 2, wallTime: 0))
        try store.close()
        for number in [4, 7] as [Int64] {
            store = try place.open()
            #expect(store.auditStart == (number == 4 ? .broken(at: 4) : .continues))
            try store.append(Commit(number: store.head.commit + 1, audit: entries(number), wallTime: 0))
            #expect(try store.verifyAudit().firstBreak?.number == 4)
            #expect(try store.auditEntries(after: 0, limit: 99).map(\.number) == Array(1...number + 2))
            try store.close()
        }
        // Until retention has removed the entry that it is told of.
        store = try place.open()
        #expect(try store.retain(Retention(auditedBefore: 5000)).auditRemoved == 4)
        #expect(try store.verifyAudit() == AuditVerification(entries: 5))
    }

    @Test
    func aNewKeyBeginsAChainWhereNoneIsMissing() throws {
        let store = try place.open(auditKey: nil)
        try store.append(Commit(number: 1, wallTime: 0))
        try store.close()
        let bytes = try place.bytes()
        #expect(try place.open().auditStart == .broken(at: 1))
        let other = try Workplace()
        try other.write(bytes)
        let begun = try other.open(auditKey: AuditKey(bytes: Array(0..<32), isNew: true))
        #expect(begun.auditStart == .begins)
        #expect(try begun.verifyAudit() == AuditVerification(entries: 0))
        // That is durable before the first commit.
        #expect(try other.crashed().open().auditStart == .continues)
    }

    @Test
    func keysHaveTheirLength() {
        #expect(AuditKey(bytes: [1, 2, 3]) == nil)
        #expect(AuditKey(bytes: Array(repeating: 0, count: 33)) == nil)
        #expect(AuditKey(bytes: Array(repeating: 0, count: AuditKey.size))?.isNew == false)
    }

    @Test
    func theKeyIsMadeOnceAndNobodyElseCanReadIt() throws {
        let made = try AuditKey.installed(directory: place.path)
        #expect(made.isNew)
        let again = try AuditKey.installed(directory: place.path)
        #expect(!again.isNew)
        let file = "\(place.path)/\(AuditKey.fileName)"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(AuditKey(bytes: Array(bytes)) == again && AuditKey(bytes: Array(bytes), isNew: true) == made)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == [AuditKey.fileName])
        #expect(try AuditKey.installed(directory: place.another().path) != made)

        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
        let fault = StoreFault.cannotOpen(path: file, reason: "it is the key of the audit log and must be 32 bytes long")
        #expect(throws: fault) { try AuditKey.installed(directory: place.path) }
        #expect(throws: StoreFault.self) { try AuditKey.installed(directory: "/nonexistent/vicinity") }
    }

    /// A backup holds no key, and its chain is as good as the original's.
    @Test
    func aBackupCanBeVerified() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, audit: entries(1), wallTime: 0))
        let restored = try place.another()
        _ = try SQLiteStore.backUp(directory: place.path, to: restored.database)
        #expect(try Inspection(directory: restored.path).verifyAudit(key()) == AuditVerification(entries: 3))
        let opened = try restored.open()
        #expect(opened.renewal == .isBackup)
        #expect(opened.auditStart == .continues)
        try opened.append(Commit(number: 2, audit: entries(4), wallTime: 0))
        #expect(try opened.verifyAudit() == AuditVerification(entries: 6))
    }
}
