// A state directory with an audit log, reports and suspensions: what the doctor says of them, and what a salvage keeps.

import Foundation
import GRDB
import Testing
import VicinityOffline
import VicinityStore

struct AuditedDirectoryTests {
    private let place: Place
    private let directory: String
    private let target: String

    init() throws {
        place = try Place()
        directory = "\(place.path)/state"
        target = "\(place.path)/saved"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    private func open(_ directory: String) throws -> SQLiteStore {
        try SQLiteStore.open(
            directory: directory, durability: .process, auditKey: AuditKey(bytes: Array(repeating: 7, count: AuditKey.size)))
    }

    private func entry(_ number: Int64) -> AuditEntry {
        AuditEntry(
            number: number, wallTime: number, peer: AuditEntry.Peer(uid: 0, gid: 0, pid: 1), method: "explain", outcome: "granted",
            fields: ["a"], detail: "…")
    }

    private func fill() throws {
        let store = try open(directory)
        let suspensions = (0..<3).map { index in
            SuspensionRow(subject: Array("s-\(index)".utf8), source: .operator, reason: "r", wallTime: 1)
        }
        let reports = (Int64(1)...3).map { number in
            ReportRow(number: number, wallTime: 1, user: Array("u".utf8), subject: Array("s".utf8), kind: "tip", text: "t")
        }
        try store.append(
            Commit(
                number: 1, register: [.put(SubjectRow(slot: 0, id: Array("s".utf8), latitude: 1, longitude: 2))],
                suspensions: suspensions.map { .set($0) },
                reports: reports.map { .create($0) } + [.resolve(number: 2, ReportRow.Resolution(outcome: "done", wallTime: 2))],
                audit: (1...9).map(entry), wallTime: 1))
        _ = try store.retain(Retention(auditedBefore: 3))
        try store.close()
    }

    @Test(
        "Damage in one row is found and named",
        arguments: [
            ("audit SET detail = 'other' WHERE number = 5", Finding.Part.audit), ("reports SET text = 'other' WHERE number = 2", .reports),
            ("reports SET checksum = 0 WHERE number = 3", .reports), ("suspensions SET reason = 'other' WHERE key = 2", .suspensions),
        ])
    func damage(change: String, part: Finding.Part) throws {
        try fill()
        #expect(try Examination(directory: directory).run().verdict == .sound)
        try edit(directory) { database in try database.execute(sql: "UPDATE \(change)") }
        let report = try Examination(directory: directory).run()
        #expect(report.findings.list.map(\.part) == [part], "\(report.text)")
        let salvaged = try Salvage(from: directory, into: target, now: 100).run()
        #expect(salvaged.losses.list.map(\.part) == [part], "\(salvaged.text)")
        let saved = try open(target)
        #expect(try saved.reports(after: 0, limit: 9, state: nil).count == (part == .reports ? 2 : 3))
        #expect(try saved.auditEntries(after: 0, limit: 9).count == (part == .audit ? 6 : 7))
        #expect(try saved.verifyAudit().firstBreak?.number == (part == .audit ? 5 : 10))
    }

    @Test("Entries that are missing between two are named")
    func hole() throws {
        try fill()
        try edit(directory) { database in try database.execute(sql: "DELETE FROM audit WHERE number IN (4, 5, 7)") }
        let found = try Examination(directory: directory).run().findings.list
        #expect(found.map(\.what) == ["the audit entries 4 to 5 are missing", "audit entry 7 is missing"])
        #expect(found.allSatisfy { $0.part == .audit })
    }

    @Test("A salvage keeps everything, and cannot vouch for the end of the chain")
    func salvage() throws {
        try fill()
        #expect(try Salvage(from: directory, into: target, now: 100).run().isWhole)
        let saved = try open(target)
        #expect(saved.auditStart == .broken(at: 10))
        #expect(try saved.auditEntries(after: 0, limit: 99) == (3...9).map(entry))
        try saved.append(Commit(number: saved.head.commit + 1, audit: [entry(10)], wallTime: 100))
        #expect(try saved.verifyAudit().firstBreak?.number == 10)
        #expect(try saved.reports(after: 0, limit: 9, state: .resolved).map(\.number) == [2])
        #expect(try Recovered.suspensions(of: saved).count == 3)
    }
}

extension Recovered {
    fileprivate static func suspensions(of store: SQLiteStore) throws -> [SuspensionRow] {
        var rows: [SuspensionRow] = []
        _ = try store.recover { piece in if case .suspension(let row) = piece { rows.append(row) } }
        return rows
    }
}
