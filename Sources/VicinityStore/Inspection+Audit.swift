// The audit log of a database that is only looked at. Without the key it can be told whether each entry is what was written by a daemon or
// what became of it on the disk, and whether one is missing between two; with the key, whether anybody has changed it.

import GRDB

extension Inspection {
    /// Every audit entry, in order.
    ///
    /// `body` gets a fault for each entry that cannot be read, and for each run of entries that is missing before the next one. Nothing is told
    /// of those that may be missing at either end. What `body` throws ends it.
    package func forEachAuditEntry(_ body: (Result<ChainedEntry, StoreFault>) throws -> Void) throws {
        guard schemaVersion >= 4 else { return }
        try access { database in
            var due: Int64?
            try TableWalk(ChainedEntry.select, key: "number", path: path).forEach(from: .min, in: database) { row in
                let found = row.flatMap { row in Result { try ChainedEntry(row, path: path) }.mapError { StoreFault($0, path: path) } }
                let number = try? row.get()[0] as Int64
                if let due, let number, number > due {
                    let what = due == number - 1 ? "audit entry \(due) is" : "the audit entries \(due) to \(number - 1) are"
                    try body(.failure(.damaged(path: path, what: "\(what) missing")))
                }
                due = number.flatMap { $0 == .max ? nil : $0 + 1 }
                try body(found)
            }
        }
    }

    /// Holds every audit entry against the chain, as a daemon does.
    ///
    /// - Throws: ``StoreFault`` if the file cannot be read; damage in the audit log is an answer.
    package func verifyAudit(_ key: AuditKey) throws(StoreFault) -> AuditVerification {
        guard schemaVersion >= 4 else { return AuditVerification(entries: 0) }
        do {
            return try access { database in try SQLiteStore.verifyAudit(key, known: 0, commit: 0, in: database, path: path) }
        } catch {
            throw StoreFault(error, path: path)
        }
    }

    /// Where the chain begins, as it is kept; `nil` if nothing was removed yet, or if it cannot be read.
    var auditAnchor: [UInt8]? {
        try? access { database in try Meta.get(.auditAnchor, in: database, path: path) }
    }
}

extension Assembly {
    /// Copies the audit log of a database as far as it can be read, each entry with the hash that it has there.
    ///
    /// No seal comes along, for it would have to be made with the key: the daemon that opens the new log finds the end of the chain not to be
    /// what was written, and says so in every verification.
    ///
    /// - Parameter fault: gets what cannot be read.
    package func addAudit(of inspection: Inspection, _ fault: (StoreFault) -> Void) throws {
        try inspection.forEachAuditEntry { entry in
            switch entry {
            case .success(let entry):
                try write { database in try database.cachedStatement(sql: ChainedEntry.insert).execute(arguments: entry.arguments) }
            case .failure(let found): fault(found)
            }
        }
        guard let anchor = inspection.auditAnchor else { return }
        try write { database in try Meta.set(.auditAnchor, anchor, in: database) }
    }
}
