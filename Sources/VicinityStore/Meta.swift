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
    }

    /// - Returns: `nil` if there is no such key.
    static func get(_ key: Key, in database: Database, path: String) throws -> [UInt8]? {
        let sql = "SELECT value, checksum FROM meta WHERE key = ?"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: [key.rawValue]) else { return nil }
        let columns = Columns(row: row, path: path, what: "the entry \(key.rawValue)")
        let value = try columns.bytes(0)
        try columns.check(checksum(key, value), at: 1)
        return value
    }

    static func set(_ key: Key, _ value: [UInt8], in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value, checksum) VALUES (?, ?, ?)",
            arguments: [key.rawValue, Data(value), checksum(key, value)])
    }

    private static func checksum(_ key: Key, _ value: [UInt8]) -> Int64 {
        var digest = RowDigest(.meta)
        digest.add(key.rawValue)
        digest.add(value)
        return digest.checksum
    }
}
