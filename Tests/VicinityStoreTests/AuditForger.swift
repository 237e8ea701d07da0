// Somebody who can write to the log and knows all about it, but has not the key. What the file can show by itself, its checksums, is made
// right again, so that nothing but the chain is left to tell; only a few changes leave them wrong.

import Foundation
import GRDB

@testable import VicinityStore

/// One thing that somebody does to the log.
enum AuditForgery: Int, CaseIterable {
    case flipByte, flipByteAndFix, dropOne, dropSome, swap, swapWithoutHashes, truncate, truncateWithOldSeal, oldSeal, flipSeal, removeSeal
    case append, appendUnsealed, appendFar, insert, rechain, renumber, putBack, flipAnchor, oldAnchor, removeAnchor, moveAnchor, removeAll

    /// Does it.
    ///
    /// - Returns: the number at which a verification must find it.
    func apply(to database: Database, _ log: AuditedLog, using random: inout Seeded) throws -> Int64 {
        var rows = try Row.fetchAll(database, sql: ChainedEntry.select + " ORDER BY number").map { try ChainedEntry($0, path: "") }
        let index = Int.random(in: 0..<rows.count, using: &random)
        let number = rows[index].entry.number
        let first = AuditedLog.removed + 1
        let end = AuditedLog.entries + 1
        var expected = number
        switch self {
        case .flipByte:
            try Self.flip(in: database, number, using: &random)
            return number
        case .flipByteAndFix: Self.change(&rows[index], using: &random)
        case .dropOne: rows.remove(at: index)
        case .dropSome: rows.removeSubrange(index..<min(rows.count, index + 5))
        case .swap, .swapWithoutHashes:
            let other = (index + Int.random(in: 1..<rows.count, using: &random)) % rows.count
            expected = min(number, rows[other].entry.number)
            rows.swapAt(index, other)
            (rows[index].entry.number, rows[other].entry.number) = (rows[other].entry.number, rows[index].entry.number)
            if self == .swapWithoutHashes { (rows[index].hash, rows[other].hash) = (rows[other].hash, rows[index].hash) }
        case .truncate: rows.removeSubrange(index...)
        case .truncateWithOldSeal:
            let old = log.oldSeals.filter { $0.last >= first }.randomElement(using: &random) ?? (0, [])
            rows.removeAll { $0.entry.number > old.last }
            expected = old.last + 1
            try Self.setSeal(old.bytes, in: database)
        case .oldSeal:
            try Self.setSeal(log.oldSeals.randomElement(using: &random)?.bytes, in: database)
            expected = end
        case .flipSeal:
            var seal = try LastCommit.newest(database, path: "")?.audit ?? []
            seal[Int.random(in: 0..<seal.count, using: &random)] ^= 1 << Int.random(in: 0..<8, using: &random)
            try Self.setSeal(seal, in: database)
            expected = end
        case .removeSeal:
            try Self.setSeal(nil, in: database)
            expected = end
        case .append: (rows, expected) = try Self.append(to: rows, in: database, using: &random)
        case .appendUnsealed:
            expected = end
            rows.append(ChainedEntry(entry: auditEntry(end, wallTime: 0, using: &random), hash: random.bytes(32)))
        case .appendFar:
            expected = end
            rows.append(ChainedEntry(entry: auditEntry(.max, wallTime: 0, using: &random), hash: random.bytes(32)))
        case .insert:
            for later in index..<rows.count { rows[later].entry.number += 1 }
            let forged = auditEntry(number, wallTime: number * 1000, using: &random)
            rows.insert(ChainedEntry(entry: forged, hash: random.bytes(32)), at: index)
        case .rechain:
            Self.change(&rows[index], using: &random)
            try Self.rechain(&rows, from: index, in: database)
        case .renumber: rows[index].entry.number += 1000
        case .putBack:
            let returned = log.gone.randomElement(using: &random) ?? log.gone[0]
            expected = returned.entry.number
            rows.append(returned)
        case .flipAnchor, .oldAnchor, .removeAnchor, .moveAnchor:
            expected = try forgeAnchor(&rows, index, log, in: database, using: &random)
        case .removeAll:
            rows = []
            try Meta.remove(.auditAnchor, in: database)
            try Self.setSeal(nil, in: database)
            expected = 1
        }
        try database.execute(sql: "DELETE FROM audit")
        for row in rows { try database.execute(sql: ChainedEntry.insert, arguments: row.arguments) }
        return expected
    }

    private func forgeAnchor(
        _ rows: inout [ChainedEntry], _ index: Int, _ log: AuditedLog, in database: Database, using random: inout Seeded
    ) throws -> Int64 {
        var anchor = try Meta.get(.auditAnchor, in: database, path: "") ?? []
        switch self {
        case .oldAnchor:
            try Meta.set(.auditAnchor, log.oldAnchor, in: database)
            return 6
        case .removeAnchor:
            try Meta.remove(.auditAnchor, in: database)
            return 1
        case .moveAnchor:
            let last = AuditLink(number: rows[index].entry.number, hash: rows[index].hash)
            rows.removeSubrange(...index)
            anchor = try AuditAnchor(last: last, removedBefore: 60_000).bytes(Self.ownKey())
            try Meta.set(.auditAnchor, anchor, in: database)
            return rows.first?.entry.number ?? AuditedLog.entries + 1
        default:
            anchor[Int.random(in: 0..<anchor.count, using: &random)] ^= 1 << Int.random(in: 0..<8, using: &random)
            try Meta.set(.auditAnchor, anchor, in: database)
            return AuditedLog.removed + 1
        }
    }

    /// Who has not the key has another one.
    private static func ownKey() throws -> AuditKey {
        guard let key = AuditKey.ofAnother else { throw DatabaseError(message: "no key") }
        return key
    }

    /// Adds an entry to the end, and seals it.
    private static func append(
        to rows: [ChainedEntry], in database: Database, using random: inout Seeded
    ) throws -> ([ChainedEntry], Int64) {
        var rows = rows
        let number = AuditedLog.entries + 1
        rows.append(ChainedEntry(entry: auditEntry(number, wallTime: number * 1000, using: &random), hash: []))
        try rechain(&rows, from: rows.count - 1, in: database)
        return (rows, number)
    }

    private static func rechain(_ rows: inout [ChainedEntry], from index: Int, in database: Database) throws {
        let key = try ownKey()
        var hash = index > 0 ? rows[index - 1].hash : AuditLink.origin.hash
        for later in index..<rows.count {
            hash = key.hash(of: rows[later].entry, after: hash)
            rows[later].hash = hash
        }
        let last = AuditLink(number: rows[rows.count - 1].entry.number, hash: hash)
        let commit = try LastCommit.newest(database, path: "")?.number ?? 0
        try setSeal(AuditSeal(last: last, brokenAt: 0).bytes(of: commit, key), in: database)
    }

    private static func setSeal(_ seal: [UInt8]?, in database: Database) throws {
        guard var row = try LastCommit.newest(database, path: "") else { return }
        row.audit = seal
        try database.execute(sql: CommitRow.replace, arguments: row.arguments)
    }

    /// Changes one thing that an entry says, or its hash.
    private static func change(_ row: inout ChainedEntry, using random: inout Seeded) {
        switch Int.random(in: 0..<13, using: &random) {
        case 0: row.entry.wallTime ^= 1 << Int64.random(in: 0..<40, using: &random)
        case 1: row.entry.peer.uid ^= 1 << UInt32.random(in: 0..<32, using: &random)
        case 2: row.entry.peer.gid ^= 1 << UInt32.random(in: 0..<32, using: &random)
        case 3: row.entry.peer.pid ^= 1 << Int32.random(in: 0..<31, using: &random)
        case 4: row.entry.method += "x"
        case 5: row.entry.user = row.entry.user == nil ? 0 : nil
        case 6: row.entry.subject = row.entry.subject == nil ? [1] : nil
        case 7: row.entry.purpose = row.entry.purpose == nil ? "" : nil
        case 8: row.entry.outcome = row.entry.outcome == "granted" ? "not_near" : "granted"
        case 9: row.entry.fields.append("")
        case 10: row.entry.detail = row.entry.detail == nil ? "" : nil
        // What the fields say, told at another place.
        case 11: row.entry = moved(row.entry)
        default: row.hash[Int.random(in: 0..<32, using: &random)] ^= 1
        }
    }

    /// The same bytes with another boundary between two columns, or an entry with another outcome.
    private static func moved(_ entry: AuditEntry) -> AuditEntry {
        var entry = entry
        guard let letter = entry.outcome.popLast() else { return entry }
        entry.detail = "\(letter)\(entry.detail ?? "")"
        return entry
    }

    /// Flips a bit of any column and leaves the checksum as it is.
    private static func flip(in database: Database, _ number: Int64, using random: inout Seeded) throws {
        let columns = [
            "wall_time", "uid", "gid", "pid", "method", "user", "subject", "purpose", "outcome", "fields", "detail", "hash", "checksum",
        ]
        let column = columns.randomElement(using: &random) ?? "uid"
        let value = try DatabaseValue.fetchOne(database, sql: "SELECT \(column) FROM audit WHERE number = ?", arguments: [number])
        let flipped: any DatabaseValueConvertible
        switch value?.storage {
        case .int64(let integer): flipped = integer ^ 1 << Int64.random(in: 0..<63, using: &random)
        case .string(let string): flipped = string.isEmpty ? "x" : String(string.dropLast())
        case .blob(var data) where !data.isEmpty:
            data[data.startIndex + Int.random(in: 0..<data.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            flipped = data
        default:
            let type = try String.fetchOne(database, sql: "SELECT type FROM pragma_table_info('audit') WHERE name = ?", arguments: [column])
            flipped = type == "TEXT" ? "" : type == "BLOB" ? Data([0]) : 0
        }
        try database.execute(sql: "UPDATE audit SET \(column) = ? WHERE number = ?", arguments: [flipped, number])
    }
}

extension AuditForgery {
    /// Puts an entry of one's own at a place.
    static func plant(_ number: Int64, in database: Database) throws {
        var random = Seeded(1)
        let row = ChainedEntry(entry: auditEntry(number, wallTime: 0, using: &random), hash: random.bytes(32))
        try database.execute(sql: ChainedEntry.insert, arguments: row.arguments)
    }

    /// Makes an entry look as if it had been made at another time.
    static func age(_ number: Int64, to time: Int64, in database: Database) throws {
        let sql = ChainedEntry.select + " WHERE number = \(number)"
        guard var row = try Row.fetchOne(database, sql: sql).map({ try ChainedEntry($0, path: "") }) else { return }
        row.entry.wallTime = time
        try database.execute(sql: "DELETE FROM audit WHERE number = \(number)")
        try database.execute(sql: ChainedEntry.insert, arguments: row.arguments)
    }
}
