// Damage done on purpose, to one row at a time.

import Foundation
import GRDB

/// Writes into the database of a directory that no daemon has open.
func edit(_ directory: String, _ body: (Database) throws -> Void) throws {
    let queue = try DatabaseQueue(path: "\(directory)/vicinity.db")
    try queue.write { try body($0) }
    _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try queue.close()
}

extension Database {
    private static let keys = [
        "blocks": "first_seq", "commits": "number", "pages": "number", "subjects": "key", "sign_offs": "hash", "cursors": "name",
        "meta": "key",
    ]

    /// Makes the checksum of a row wrong: the n-th by its key, or the n-th from the end if n is below 0.
    ///
    /// - Returns: the row's key.
    @discardableResult
    func spoil(_ table: String, row: Int) throws -> DatabaseValue {
        let name = Self.keys[table] ?? "rowid"
        let place = row < 0 ? "DESC LIMIT 1 OFFSET \(-row - 1)" : "LIMIT 1 OFFSET \(row)"
        guard let key = try DatabaseValue.fetchOne(self, sql: "SELECT \(name) FROM \(table) ORDER BY \(name) \(place)") else {
            throw DatabaseError(message: "no such row")
        }
        try execute(sql: "UPDATE \(table) SET checksum = checksum + 1 WHERE \(name) = ?", arguments: [key])
        return key
    }
}
