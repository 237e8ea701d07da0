// The rows of `audit`.

import Foundation
import GRDB

extension AuditEntry {
    /// All that the entry says, as it goes into its hash: the columns in the order of the table, so that two entries never give the same
    /// bytes.
    var digest: RowDigest {
        var digest = RowDigest(.audit)
        digest.add(number)
        digest.add(wallTime)
        digest.add(Int64(peer.uid))
        digest.add(Int64(peer.gid))
        digest.add(Int64(peer.pid))
        digest.add(method)
        digest.add(user) { $0.add(Int64(bitPattern: $1)) }
        digest.add(subject) { $0.add($1) }
        digest.add(purpose) { $0.add($1) }
        digest.add(outcome)
        digest.add(Self.packed(fields))
        digest.add(detail) { $0.add($1) }
        return digest
    }

    /// Each name as its length, an integer of 8 bytes, little-endian, and its bytes.
    static func packed(_ fields: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            withUnsafeBytes(of: Int64(field.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: field.utf8)
        }
        return bytes
    }

    /// - Returns: `nil` if the bytes are not what ``packed(_:)`` gives.
    static func unpacked(_ bytes: [UInt8]) -> [String]? {
        var fields: [String] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 8 else { return nil }
            let length = Int64(bitPattern: rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
            rest = rest.dropFirst(8)
            guard (0...Int64(rest.count)).contains(length), let field = String(validating: rest.prefix(Int(length)), as: UTF8.self) else {
                return nil
            }
            fields.append(field)
            rest = rest.dropFirst(Int(length))
        }
        return fields
    }
}

extension ChainedEntry {
    static let select = """
        SELECT number, wall_time, uid, gid, pid, method, user, subject, purpose, outcome, fields, detail, hash, checksum FROM audit
        """
    static let insert = """
        INSERT INTO audit (number, wall_time, uid, gid, pid, method, user, subject, purpose, outcome, fields, detail, hash, checksum)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private var checksum: Int64 {
        var digest = entry.digest
        digest.add(hash)
        return digest.checksum
    }

    /// No fields are stored as null.
    var arguments: StatementArguments {
        [
            entry.number, entry.wallTime, Int64(entry.peer.uid), Int64(entry.peer.gid), Int64(entry.peer.pid), entry.method,
            entry.user.map { Int64(bitPattern: $0) }, entry.subject.map { Data($0) }, entry.purpose, entry.outcome,
            entry.fields.isEmpty ? nil : Data(AuditEntry.packed(entry.fields)), entry.detail, Data(hash), checksum,
        ]
    }

    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "audit entry \(row[0] as DatabaseValue)")
        guard let uid = UInt32(exactly: try columns.integer(2)), let gid = UInt32(exactly: try columns.integer(3)),
            let pid = Int32(exactly: try columns.integer(4)), let fields = AuditEntry.unpacked(try columns.bytesOrNull(10) ?? [])
        else { throw columns.damaged }
        let entry = AuditEntry(
            number: try columns.integer(0), wallTime: try columns.integer(1), peer: AuditEntry.Peer(uid: uid, gid: gid, pid: pid),
            method: try columns.text(5), user: try columns.integerOrNull(6).map { UInt64(bitPattern: $0) },
            subject: try columns.bytesOrNull(7), purpose: try columns.textOrNull(8), outcome: try columns.text(9), fields: fields,
            detail: try columns.textOrNull(11))
        self.init(entry: entry, hash: try columns.bytes(12))
        try columns.check(checksum, at: 13)
    }

    /// Reads the newest entry as a link; of one that cannot be believed, the number and no hash.
    static func newest(_ database: Database, path: String) throws -> AuditLink? {
        let sql = "\(select) WHERE number < \(AuditChain.greatestNumber) ORDER BY number DESC LIMIT 1"
        return try Row.fetchOne(database, sql: sql).map { row in
            let hash = (try? ChainedEntry(row, path: path))?.hash ?? []
            return AuditLink(number: Int64.fromDatabaseValue(row[0]) ?? 0, hash: hash)
        }
    }
}
