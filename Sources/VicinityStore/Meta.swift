// The few things that the log says of itself.

import Foundation
import GRDB

/// The table of single values.
enum Meta {
    enum Key: String {
        case logID = "log_id"
        case signOffKey = "sign_off_key"
        /// One byte: 1 if the last run ended cleanly.
        case clean
        /// Eight bytes, little-endian: events before this seq count as removed, though the oldest block may still hold some.
        case oldest
        /// One byte: 1 if the file is a copy that a backup made and nobody has opened.
        case backup
        /// A number: the generation of the register's rows that is live; 0 if there is no such entry.
        case generation
        /// A number: the greatest generation that was ever given.
        case newestGeneration = "newest_generation"
        /// A number: the generation that is being staged.
        case stagedGeneration = "staged_generation"
        /// A number: the generation that was live before a swap that is not settled.
        case departingGeneration = "departing_generation"
        /// A number: when that swap was, in Unix milliseconds.
        case swap
        /// 16 bytes: under which the key of the cells is derived; missing until there is a rotation. See ``PrecisionState``.
        case precisionSalt = "precision_salt"
        /// 8 bytes: of the key that all subjects with a precision stand by.
        case precisionFingerprint = "precision_fingerprint"
        /// 80 bytes: where the chain of the audit log begins; missing until retention has removed entries. See ``AuditAnchor``.
        case auditAnchor = "audit_anchor"
        /// The erasures that were begun and not ended; missing if there is none. See ``ErasureQueue``.
        case erasures
    }

    /// - Returns: `nil` if there is no such key.
    static func get(_ key: Key, in database: Database, path: String) throws -> [UInt8]? {
        let sql = "SELECT value, checksum FROM meta WHERE key = ?"
        guard let row = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [key.rawValue]) else { return nil }
        let columns = Columns(row: row, path: path, what: "the entry \(key.rawValue)")
        let value = try columns.bytes(0)
        try columns.check(checksum(key, value), at: 1)
        return value
    }

    /// Whether there is such a key, whatever its value is.
    static func isThere(_ key: Key, in database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?)", arguments: [key.rawValue]) ?? false
    }

    static func set(_ key: Key, _ value: [UInt8], in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value, checksum) VALUES (?, ?, ?)",
            arguments: [key.rawValue, Data(value), checksum(key, value)])
    }

    static func remove(_ key: Key, in database: Database) throws {
        try database.execute(sql: "DELETE FROM meta WHERE key = ?", arguments: [key.rawValue])
    }

    /// A value that is a number of eight bytes.
    ///
    /// - Returns: `nil` if there is no such key.
    static func getNumber(_ key: Key, in database: Database, path: String) throws -> Int64? {
        guard let value = try get(key, in: database, path: path) else { return nil }
        guard value.count == 8 else { throw StoreFault.damaged(path: path, what: "the entry \(key.rawValue) is not a number") }
        return Int64(bitPattern: value.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    static func setNumber(_ key: Key, _ value: Int64, in database: Database) throws {
        try set(key, withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }, in: database)
    }

    private static func checksum(_ key: Key, _ value: [UInt8]) -> Int64 {
        var digest = RowDigest(.meta)
        digest.add(key.rawValue)
        digest.add(value)
        return digest.checksum
    }
}
