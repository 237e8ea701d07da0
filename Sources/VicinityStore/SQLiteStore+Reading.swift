// What subscribers and operators read, each in a snapshot of its own.

import Foundation
import GRDB
import Glibc
package import VicinityCore

extension SQLiteStore: LogReader {
    package func blocks(after seq: Int64, maxBytes: Int) throws(StoreFault) -> [EventBlock] {
        try read { database in
            // From the block that may hold `seq` + 1, or from the oldest if that is gone.
            let sql =
                BlockRow.select + """
                     WHERE first_seq >= coalesce((SELECT max(first_seq) FROM blocks WHERE first_seq <= ?1), 0) ORDER BY first_seq
                    """
            let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: [seq + 1])
            var blocks: [EventBlock] = []
            var weight = 0
            while weight < maxBytes || blocks.isEmpty, let row = try rows.next() {
                let block = try BlockRow(row, path: path).block(path: path)
                guard block.lastSeq > seq else { continue }
                if let last = blocks.last, block.firstSeq != last.lastSeq + 1 {
                    throw StoreFault.damaged(path: path, what: "event \(last.lastSeq + 1) is missing")
                }
                weight += block.weight
                blocks.append(block)
            }
            return blocks
        }
    }

    package func block(containing seq: Int64) throws(StoreFault) -> EventBlock? {
        try read { database in
            let sql = BlockRow.select + " WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1"
            guard let row = try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [seq]) else { return nil }
            let block = try BlockRow(row, path: path).block(path: path)
            return block.lastSeq >= seq ? block : nil
        }
    }

    package func blocks(committedSince time: Int64, maxBytes: Int) throws(StoreFault) -> [CommittedBlock] {
        try read { database in
            let rows = try Row.fetchCursor(database.cachedStatement(sql: BlockRow.select + " ORDER BY first_seq DESC"))
            var blocks: [CommittedBlock] = []
            var bytes = 0
            while bytes < maxBytes, let fetched = try rows.next() {
                let row = try BlockRow(fetched, path: path)
                guard row.wallTime >= time else { break }
                bytes += row.bytes.count
                blocks.append(CommittedBlock(block: try row.block(path: path), wallTime: row.wallTime))
            }
            return blocks.reversed()
        }
    }

    package func oldest() throws(StoreFault) -> Int64 {
        try read { database in try Self.oldest(database, path: path) }
    }

    static func oldest(_ database: Database, path: String) throws -> Int64 {
        let sql = "SELECT coalesce((SELECT min(first_seq) FROM blocks), (SELECT head + 1 FROM commits ORDER BY number DESC LIMIT 1), 1)"
        let first = try Int64.fetchOne(database.cachedStatement(sql: sql)) ?? 1
        return max(first, try Meta.getNumber(.oldest, in: database, path: path) ?? 1)
    }

    package func size() throws(StoreFault) -> LogSize {
        try read { database in
            let space = try FreeSpace(database)
            var wal = stat()
            let walBytes = stat(path + "-wal", &wal) == 0 ? Int64(wal.st_size) : 0
            return LogSize(
                bytes: Int64(space.pages * Schema.pageSize) + walBytes, free: Int64(space.free * Schema.pageSize),
                oldestCommit: try Kept(database, path: path).block?.wallTime)
        }
    }
}

extension SQLiteStore: RegisterReader {
    package func subject(id: [UInt8]) throws(StoreFault) -> SubjectRow? {
        try read { database in
            let statement = try database.cachedStatement(sql: SubjectRow.select + " WHERE generation = ? AND id = ?")
            return try Row.fetchOne(statement, arguments: [try liveGeneration(database), Data(id)]).map { row in
                try SubjectRow(row, path: path)
            }
        }
    }

    package func subjects(after id: [UInt8]?, limit: Int, kind: [UInt8]?) throws(StoreFault) -> [SubjectRow] {
        try read { database in
            // An empty blob comes before every id, and GRDB binds an empty one as null.
            var sql = SubjectRow.select + " WHERE generation = ? AND id > coalesce(?, x'')"
            var arguments: StatementArguments = [try liveGeneration(database), id.flatMap { $0.isEmpty ? nil : Data($0) }]
            if let kind {
                sql += " AND kind = ?"
                arguments += [Data(kind)]
            }
            let rows = try Row.fetchCursor(
                database.cachedStatement(sql: sql + " ORDER BY id LIMIT ?"), arguments: arguments + [limit])
            var subjects: [SubjectRow] = []
            while let row = try rows.next() { subjects.append(try SubjectRow(row, path: path)) }
            return subjects
        }
    }

    /// In the snapshot in which the rows are read.
    private func liveGeneration(_ database: Database) throws -> Int64 {
        try Meta.getNumber(.generation, in: database, path: path) ?? 0
    }
}
