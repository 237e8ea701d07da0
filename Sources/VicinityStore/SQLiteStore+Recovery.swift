// Reads back the state of the last commit, in one snapshot, and believes no row that its checksum does not vouch for.

import GRDB
import VicinityCore

extension SQLiteStore {
    package func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead {
        try read { database in
            let last = try LastCommit.fetch(database, path: path)
            try forEach(SubjectRow.select + " ORDER BY slot", in: database) { row in try sink(.subject(SubjectRow(row, path: path))) }
            try forEach(SignOff.select + " ORDER BY until, hash", in: database) { row in try sink(.signOff(SignOff(row, path: path))) }
            try forEach(Cursor.select + " ORDER BY name", in: database) { row in try sink(.cursor(Cursor(row, path: path))) }
            try forEach(StatePage.select + " ORDER BY number", in: database) { row in try sink(.page(StatePage(row, path: path))) }
            guard let last else { return LogHead(commit: 0, seq: 0) }
            try recoverJournals(from: last.neededFrom, to: last.head.commit, in: database, sink)
            return last.head
        }
    }

    private func recoverJournals(
        from first: Int64, to last: Int64, in database: Database, _ sink: (Recovered) throws -> Void
    ) throws {
        var next = first
        try forEach(CommitRow.select + " WHERE number >= \(first) ORDER BY number", in: database) { row in
            let commit = try CommitRow(row, path: path)
            guard commit.number == next else { throw StoreFault.damaged(path: path, what: "the journal of commit \(next) is missing") }
            try sink(.journal(commit: next, bytes: commit.journal))
            next += 1
        }
        guard next == last + 1 else { throw StoreFault.damaged(path: path, what: "the journal of commit \(next) is missing") }
    }

    private func forEach(_ sql: String, in database: Database, _ body: (Row) throws -> Void) throws {
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() { try body(row) }
    }
}
