// Reads back the state of the last commit, in one snapshot, and believes no row that its checksum does not vouch for.

import GRDB
import VicinityCore

extension SQLiteStore {
    package func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead {
        try read { database in
            let last = try LastCommit.fetch(database, path: path)
            if let precision = try PrecisionState(database, path: path) { try sink(.precision(precision)) }
            try recoverRegister(in: database, sink)
            var suspensions: [SuspensionRow] = []
            try forEach(SuspensionRow.select, in: database) { row in suspensions.append(try SuspensionRow(row, path: path)) }
            for row in suspensions.sorted(by: SuspensionRow.precedes) { try sink(.suspension(row)) }
            try forEach(SignOff.select + " ORDER BY until, hash", in: database) { row in try sink(.signOff(SignOff(row, path: path))) }
            try forEach(Cursor.select + " ORDER BY name", in: database) { row in try sink(.cursor(Cursor(row, path: path))) }
            try recoverReports(at: last?.wallTime ?? 0, in: database, sink)
            try forEach(StatePage.select + " ORDER BY number", in: database) { row in try sink(.page(StatePage(row, path: path))) }
            guard let last else { return LogHead(commit: 0, seq: 0) }
            try recoverJournals(from: last.neededFrom, to: last.head.commit, in: database, sink)
            return last.head
        }
    }

    private func recoverRegister(in database: Database, _ sink: (Recovered) throws -> Void) throws {
        let editions = try Editions(database, path: path)
        let live = Editions.keys(of: editions.live)
        try forEach(SubjectRow.selectRange, [live.lowerBound, live.upperBound], in: database) { row in
            try sink(.subject(SubjectRow(row, path: path)))
        }
        guard let swap = editions.swap else { return }
        try sink(.swap(at: swap.time))
        let departing = Editions.keys(of: swap.departing)
        let sql =
            SubjectRow.select + """
                 WHERE key BETWEEN ?1 AND ?2 AND NOT EXISTS (SELECT 1 FROM subjects AS live WHERE live.key = subjects.key + ?3) ORDER BY key
                """
        let arguments: StatementArguments = [departing.lowerBound, departing.upperBound, live.lowerBound - departing.lowerBound]
        try forEach(sql, arguments, in: database) { row in try sink(.departing(SubjectRow(row, path: path))) }
    }

    private func recoverReports(at time: Int64, in database: Database, _ sink: (Recovered) throws -> Void) throws {
        if let number = try Int64.fetchOne(database, sql: "SELECT max(number) FROM reports") { try sink(.reported(through: number)) }
        if let number = auditChain?.number, number > 0 { try sink(.audited(through: number)) }
        try forEach(ReportRow.select + " WHERE resolved_at IS NULL OR counts_until >= ? ORDER BY number", [time], in: database) { row in
            try sink(.report(ReportRow(row, path: path)))
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

    private func forEach(
        _ sql: String, _ arguments: StatementArguments = [], in database: Database, _ body: (Row) throws -> Void
    ) throws {
        let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
        while let row = try rows.next() { try body(row) }
    }
}
