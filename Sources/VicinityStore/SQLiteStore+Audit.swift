// What auditors and operators read, each in a snapshot of its own: the audit log with its verification, and reports.

import GRDB

extension SQLiteStore: AuditReader {
    package func auditEntries(after number: Int64, limit: Int) throws(StoreFault) -> [AuditEntry] {
        try read { database in
            let statement = try database.cachedStatement(sql: ChainedEntry.select + " WHERE number > ? ORDER BY number LIMIT ?")
            return try Row.fetchAll(statement, arguments: [number, limit]).map { row in try ChainedEntry(row, path: path).entry }
        }
    }

    package func verifyAudit() throws(StoreFault) -> AuditVerification {
        guard let chain = auditChain else { preconditionFailure("a store without the key of the audit log cannot verify it") }
        // Before the snapshot, which is then at this commit or a later one.
        let commit = head.commit
        return try read { database in
            try Self.verifyAudit(chain.key, known: chain.number, commit: commit, in: database, path: path)
        }
    }

    /// Holds every entry in a database against the chain.
    ///
    /// - Parameters:
    ///   - known: the number of an entry that was surely written; 0 if nothing is known.
    ///   - commit: the number of a commit that was surely made; 0 if nothing is known.
    static func verifyAudit(
        _ key: AuditKey, known: Int64, commit: Int64, in database: Database, path: String
    ) throws -> AuditVerification {
        var check = AuditCheck(key, from: try auditAnchor(key, in: database, path: path))
        do {
            let rows = try Row.fetchCursor(database, sql: ChainedEntry.select + " ORDER BY number")
            while let row = try rows.next() { check.take(row[0] as Int64, try? ChainedEntry(row, path: path)) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            check.takeUnreadable("\(StoreFault(error, path: path))")
        }
        return check.finish(try auditEnd(key, notBefore: commit, in: database, path: path), known: known)
    }

    /// Where the chain ends.
    ///
    /// - Returns: `nil` if that is not what was written, or not with the key.
    private static func auditEnd(
        _ key: AuditKey, notBefore commit: Int64, in database: Database, path: String
    ) throws -> AuditSeal? {
        do {
            guard let last = try LastCommit.newest(database, path: path) else { return commit == 0 ? .origin : nil }
            guard last.number >= commit else { return nil }
            return last.audit.flatMap { AuditSeal($0, of: last.number, key) }
        } catch StoreFault.damaged {
            return nil
        }
    }
}

extension SQLiteStore: ReportReader {
    package func report(number: Int64) throws(StoreFault) -> ReportRow? {
        try read { database in
            let statement = try database.cachedStatement(sql: ReportRow.select + " WHERE number = ?")
            return try Row.fetchOne(statement, arguments: [number]).map { row in try ReportRow(row, path: path) }
        }
    }

    package func reports(after number: Int64, limit: Int, state: ReportState?) throws(StoreFault) -> [ReportRow] {
        let condition =
            switch state {
            case .open: " AND resolved_at IS NULL"
            case .resolved: " AND resolved_at IS NOT NULL"
            case nil: ""
            }
        return try read { database in
            let sql = "\(ReportRow.select) WHERE number > ?\(condition) ORDER BY number LIMIT ?"
            return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [number, limit]).map { row in
                try ReportRow(row, path: path)
            }
        }
    }
}
