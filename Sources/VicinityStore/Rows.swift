// Each table's row, both ways: what is bound to write it, what is checked when it is read.

import Foundation
import GRDB
import VicinityCore

/// A row of `commits`.
struct CommitRow {
    static let select = select(version: Schema.version)
    static let insert =
        "INSERT INTO commits (number, head, needed_from, wall_time, checksum, journal, audit) VALUES (?, ?, ?, ?, ?, ?, ?)"
    static let replace = "INSERT OR REPLACE" + insert.dropFirst("INSERT".count)

    var number: Int64
    var head: Int64
    var neededFrom: Int64
    var wallTime: Int64
    var journal: [UInt8]
    /// Where the chain of the audit log ends; `nil` if it was written without the key.
    var audit: [UInt8]?

    /// The rows as a version of the schema keeps them, with the columns of today.
    static func select(version: Int) -> String {
        "SELECT number, head, needed_from, wall_time, checksum, journal, \(version < 4 ? "NULL" : "audit") FROM commits"
    }

    /// Without a seal it is that of version 3, whose rows stay as they are.
    var checksum: Int64 {
        var digest = RowDigest(.commits)
        digest.add(number)
        digest.add(head)
        digest.add(neededFrom)
        digest.add(wallTime)
        if let audit { digest.add(audit) }
        return journal.withUnsafeBytes { digest.checksum(followedBy: $0) }
    }

    /// An empty journal is stored as null.
    var arguments: StatementArguments {
        [number, head, neededFrom, wallTime, checksum, journal.isEmpty ? nil : Data(journal), audit.map { Data($0) }]
    }
}

extension CommitRow {
    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "commit \(row[0] as DatabaseValue)")
        number = try columns.integer(0)
        head = try columns.integer(1)
        neededFrom = try columns.integer(2)
        wallTime = try columns.integer(3)
        journal = try columns.bytesOrNull(5) ?? []
        audit = try columns.bytesOrNull(6)
        try columns.check(checksum, at: 4)
    }
}

/// A row of `blocks`.
struct BlockRow {
    static let select = "SELECT first_seq, last_seq, wall_time, checksum, bytes FROM blocks"
    static let insert = "INSERT INTO blocks (first_seq, last_seq, wall_time, checksum, bytes) VALUES (?, ?, ?, ?, ?)"
    /// The other columns are what they were.
    static let update = "UPDATE blocks SET checksum = ?, bytes = ? WHERE first_seq = ?"

    var firstSeq: Int64
    var lastSeq: Int64
    var wallTime: Int64
    var bytes: [UInt8]

    var checksum: Int64 {
        var digest = RowDigest(.blocks)
        digest.add(firstSeq)
        digest.add(lastSeq)
        digest.add(wallTime)
        return bytes.withUnsafeBytes { digest.checksum(followedBy: $0) }
    }

    var arguments: StatementArguments { [firstSeq, lastSeq, wallTime, checksum, Data(bytes)] }
}

extension BlockRow {
    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "the block of event \(row[0] as DatabaseValue)")
        firstSeq = try columns.integer(0)
        lastSeq = try columns.integer(1)
        wallTime = try columns.integer(2)
        bytes = try columns.bytes(4)
        try columns.check(checksum, at: 3)
    }

    /// The block, once its head agrees with the row.
    func block(path: String) throws(StoreFault) -> EventBlock {
        guard let block = try? EventBlock(firstSeq: firstSeq, stored: bytes), block.lastSeq == lastSeq else {
            throw .damaged(path: path, what: "the block of event \(firstSeq) has a head that this version cannot read")
        }
        return block
    }
}

extension StatePage {
    static let select = "SELECT number, checksum, bytes FROM pages"
    static let upsert = """
        INSERT INTO pages (number, checksum, bytes) VALUES (?, ?, ?)
        ON CONFLICT (number) DO UPDATE SET checksum = excluded.checksum, bytes = excluded.bytes
        """

    var checksum: Int64 {
        var digest = RowDigest(.pages)
        digest.add(Int64(index))
        return bytes.withUnsafeBytes { digest.checksum(followedBy: $0) }
    }

    var arguments: StatementArguments { [index, checksum, Data(bytes)] }

    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "state page \(row[0] as DatabaseValue)")
        self.init(index: Int(try columns.integer(0)), bytes: try columns.bytes(2))
        try columns.check(checksum, at: 1)
    }
}

extension SignOff {
    static let select = select(version: Schema.version)
    static let upsert = """
        INSERT INTO sign_offs (hash, time, until, checksum, limits) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (hash) DO UPDATE SET time = excluded.time, until = excluded.until, checksum = excluded.checksum,
            limits = excluded.limits
        """

    /// The rows as a version of the schema keeps them, with the columns of today.
    static func select(version: Int) -> String {
        "SELECT hash, time, until, checksum, \(version < 3 ? "NULL" : "limits") FROM sign_offs"
    }

    /// Without limits it is that of version 2, whose rows stay as they are.
    var checksum: Int64 {
        var digest = RowDigest(.signOffs)
        digest.add(Int64(bitPattern: hash))
        digest.add(time)
        digest.add(until)
        return limits.isEmpty ? digest.checksum : limits.withUnsafeBytes { digest.checksum(followedBy: $0) }
    }

    /// Empty limits are stored as null.
    var arguments: StatementArguments {
        [Int64(bitPattern: hash), time, until, checksum, limits.isEmpty ? nil : Data(limits)]
    }

    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "a sign-off")
        self.init(
            hash: UInt64(bitPattern: try columns.integer(0)), time: try columns.integer(1), until: try columns.integer(2),
            limits: try columns.bytesOrNull(4) ?? [])
        try columns.check(checksum, at: 3)
    }
}

extension Cursor {
    static let select = "SELECT name, acked, wall_time, checksum FROM cursors"
    static let upsert = """
        INSERT INTO cursors (name, acked, wall_time, checksum) VALUES (?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET acked = excluded.acked, wall_time = excluded.wall_time, checksum = excluded.checksum
        """

    var checksum: Int64 {
        var digest = RowDigest(.cursors)
        digest.add(name)
        digest.add(acked)
        digest.add(wallTime)
        return digest.checksum
    }

    var arguments: StatementArguments { [Data(name), acked, wallTime, checksum] }

    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "a cursor")
        self.init(name: try columns.bytes(0), acked: try columns.integer(1), wallTime: try columns.integer(2))
        try columns.check(checksum, at: 3)
    }
}

extension SubjectRow {
    static let select = select(version: Schema.version)
    static let upsert = """
        INSERT INTO subjects (key, id, kind, latitude, longitude, precision, valid_from, valid_until, checksum, name, details,
            shown_precision, shown_latitude, shown_longitude)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET id = excluded.id, kind = excluded.kind, latitude = excluded.latitude,
            longitude = excluded.longitude, precision = excluded.precision, valid_from = excluded.valid_from,
            valid_until = excluded.valid_until, checksum = excluded.checksum, name = excluded.name, details = excluded.details,
            shown_precision = excluded.shown_precision, shown_latitude = excluded.shown_latitude,
            shown_longitude = excluded.shown_longitude
        """
    /// The rows whose primary key is between two.
    static let selectRange = select + " WHERE key BETWEEN ? AND ? ORDER BY key"
    static let delete = "DELETE FROM subjects WHERE key = ?"

    /// The column that is the primary key, in a version of the schema. Before version 3 it was the slot, which is the key in generation 0.
    static func key(version: Int) -> String { version < 3 ? "slot" : "key" }

    static func select(version: Int) -> String {
        """
        SELECT \(key(version: version)), id, kind, latitude, longitude, precision, valid_from, valid_until, checksum, name, details,
            \(version < 5 ? "NULL, NULL, NULL" : "shown_precision, shown_latitude, shown_longitude")
        FROM subjects
        """
    }

    /// Of a subject that is shown where it was put it is that of version 4, whose rows stay as they are.
    func checksum(in generation: Int64) -> Int64 {
        var digest = RowDigest(.subjects)
        digest.add(Editions.key(generation, slot: slot))
        digest.add(id)
        digest.add(kind) { $0.add($1) }
        digest.add(latitude)
        digest.add(longitude)
        digest.add(precision) { $0.add($1) }
        digest.add(validFrom) { $0.add($1) }
        digest.add(validUntil) { $0.add($1) }
        digest.add(name) { $0.add($1) }
        digest.add(details) { $0.add($1) }
        if let shown {
            digest.add(shown.precision)
            digest.add(Int64(shown.center.latitude))
            digest.add(Int64(shown.center.longitude))
        }
        return digest.checksum
    }

    func arguments(in generation: Int64) -> StatementArguments {
        [
            Editions.key(generation, slot: slot), Data(id), kind.map { Data($0) }, latitude, longitude, precision, validFrom, validUntil,
            checksum(in: generation), name, details, shown?.precision, shown?.center.latitude, shown?.center.longitude,
        ]
    }

    /// The row, of whatever generation it is.
    init(_ row: Row, path: String) throws(StoreFault) {
        let key = Int64.fromDatabaseValue(row[0]) ?? 0
        let columns = Columns(row: row, path: path, what: "the subject in slot \(UInt32(truncatingIfNeeded: key))")
        self.init(
            slot: UInt32(truncatingIfNeeded: key), id: try columns.bytes(1), kind: try columns.bytesOrNull(2),
            latitude: try columns.real(3), longitude: try columns.real(4), precision: try columns.realOrNull(5),
            name: try columns.textOrNull(9), details: try columns.textOrNull(10), validFrom: try columns.integerOrNull(6),
            validUntil: try columns.integerOrNull(7), shown: try ShownPlace(columns, at: 11))
        try columns.check(checksum(in: key >> 32), at: 8)
    }
}

extension ShownPlace {
    /// Reads the three columns from `index` on.
    ///
    /// - Returns: `nil` if they are null.
    /// - Throws: ``StoreFault/damaged(path:what:)`` for what is no place on earth.
    fileprivate init?(_ columns: Columns, at index: Int) throws(StoreFault) {
        guard let precision = try columns.realOrNull(index) else { return nil }
        let (latitude, longitude) = (try columns.integer(index + 1), try columns.integer(index + 2))
        guard precision > 0, precision <= 100_000, abs(latitude) <= 900_000_000, abs(longitude) <= 1_800_000_000 else {
            throw columns.damaged
        }
        self.init(precision: precision, center: Coordinate(latitude: Int32(latitude), longitude: Int32(longitude)))
    }
}
