// One commit on its way into the database.
//
// *Old journals go first*, so that the space they free is taken by what is written after them, in the same transaction: with
// `secure_delete` a page that stays free is overwritten with zeros, and this way most are written once. For that they go at the pace at
// which new ones come: a sweep that completes makes all those of the sweep before it superfluous at once, and they are gone when the next
// one completes.

import Foundation
import GRDB
import VicinityCore

/// A commit that was held against the head it must follow.
struct Appending {
    /// Journals that one commit removes at most, so that it is never long.
    static let trimmedPerCommit: Int64 = 8
    /// Sign-offs are looked through in one commit of so many …
    static let signOffsEvery: Int64 = 64
    /// … and so many that are over are then removed at most.
    static let signOffsPerCommit = 512

    let commit: Commit
    /// Of the database.
    let path: String
    /// The head once the commit is durable.
    let head: LogHead
    let neededFrom: Int64
    /// Journals before this one are removed.
    let trimBefore: Int64
    /// The editions of the register once the commit is durable.
    let editions: Editions
    private let editionsBefore: Editions
    /// The chain of the audit log with the commit's entries; `nil` without its key.
    private let audit: AuditChain?
    private let auditEntries: [ChainedEntry]
    /// The erasures once the commit is durable.
    let erasures: ErasureQueue

    init(_ commit: Commit, after state: SQLiteStore.Writer, path: String) {
        self.commit = commit
        self.path = path
        (audit, auditEntries) = Self.chain(commit.audit, to: state.audit)
        editionsBefore = state.editions
        var after = state.editions
        for change in commit.edition { after.take(change) }
        editions = after
        var queue = state.erasures
        for change in commit.erasures { queue.take(change) }
        erasures = queue
        head = Self.check(commit, after: state.head)
        neededFrom = max(state.neededFrom, commit.journalNeededFrom ?? 0)
        let superfluous = neededFrom - state.oldestJournal
        let pace = max(1, commit.number - neededFrom)
        trimBefore = state.oldestJournal + min(Self.trimmedPerCommit, max(0, superfluous + pace - 1) / pace)
    }

    /// What a commit must fulfil wherever it goes.
    ///
    /// - Returns: the head after it.
    static func check(_ commit: Commit, after last: LogHead) -> LogHead {
        precondition(commit.number == last.commit + 1, "commit \(commit.number) does not follow commit \(last.commit)")
        precondition((commit.journalNeededFrom ?? 0) <= commit.number, "a commit cannot do without its own journal")
        var seq = last.seq
        for block in commit.blocks {
            precondition(block.firstSeq == seq + 1, "a block begins with event \(block.firstSeq), the log ends with \(seq)")
            seq = block.lastSeq
        }
        return LogHead(commit: commit.number, seq: seq)
    }

    /// Adds the entries of a commit to the chain.
    static func chain(_ entries: [AuditEntry], to chain: AuditChain?) -> (AuditChain?, [ChainedEntry]) {
        guard var after = chain else {
            precondition(entries.isEmpty, "a store without the key of the audit log takes no audit entry")
            return (nil, [])
        }
        let chained = after.append(entries)
        return (after, chained)
    }

    /// - Returns: the chain of the audit log as the commit has sealed it.
    func write(to database: Database) throws -> AuditChain? {
        try database.cachedStatement(sql: "DELETE FROM commits WHERE number < ?").execute(arguments: [trimBefore])
        try forgetSignOffs(in: database)
        for page in commit.pages {
            try database.cachedStatement(sql: StatePage.upsert).execute(arguments: page.arguments)
        }
        for block in commit.blocks {
            let row = BlockRow(firstSeq: block.firstSeq, lastSeq: block.lastSeq, wallTime: commit.wallTime, bytes: block.bytes)
            try database.cachedStatement(sql: BlockRow.insert).execute(arguments: row.arguments)
        }
        try writeRegister(to: database)
        try commit.precision?.write(to: database)
        for signOff in commit.signOffs {
            try database.cachedStatement(sql: SignOff.upsert).execute(arguments: signOff.arguments)
        }
        for change in commit.cursors {
            switch change {
            case .set(let cursor): try database.cachedStatement(sql: Cursor.upsert).execute(arguments: cursor.arguments)
            case .remove(let name):
                try database.cachedStatement(sql: "DELETE FROM cursors WHERE name = ?").execute(arguments: [Data(name)])
            }
        }
        try writeReports(to: database)
        if !commit.erasures.isEmpty { try erasures.write(to: database) }
        let audit = try writeAudit(to: database)
        let row = CommitRow(
            number: commit.number, head: head.seq, neededFrom: neededFrom, wallTime: commit.wallTime, journal: commit.journal,
            audit: audit?.bytes(of: commit.number))
        try database.cachedStatement(sql: CommitRow.insert).execute(arguments: row.arguments)
        return audit
    }

    /// Adds the entries. Where somebody has put others in their place, those go, and the chain says so from then on.
    private func writeAudit(to database: Database) throws -> AuditChain? {
        guard var after = audit, let first = auditEntries.first?.entry.number else { return audit }
        try database.cachedStatement(sql: "DELETE FROM audit WHERE number >= ?").execute(arguments: [first])
        if database.changesCount > 0 { after.markBroken(at: first) }
        for entry in auditEntries {
            try database.cachedStatement(sql: ChainedEntry.insert).execute(arguments: entry.arguments)
        }
        return after
    }

    private func writeReports(to database: Database) throws {
        for change in commit.suspensions {
            switch change {
            case .set(let row): try database.cachedStatement(sql: SuspensionRow.upsert).execute(arguments: row.arguments)
            case .remove(let subject, let source):
                try database.cachedStatement(sql: SuspensionRow.delete).execute(arguments: [Data(subject), source.rawValue])
            }
        }
        for change in commit.reports {
            switch change {
            case .create(let row): try database.cachedStatement(sql: ReportRow.insert).execute(arguments: row.arguments)
            case .resolve(let number, let resolution):
                try changeReports("number = ? AND resolved_at IS NULL", [number], in: database) { $0.resolution = resolution }
            case .anonymise(let user): try changeReports("user = ?", [Data(user)], in: database) { $0.anonymise() }
            }
        }
    }

    /// - Throws: ``StoreFault/damaged(path:what:)`` if one of them is not what was written.
    private func changeReports(
        _ condition: String, _ arguments: StatementArguments, in database: Database, _ change: (inout ReportRow) -> Void
    ) throws {
        let statement = try database.cachedStatement(sql: "\(ReportRow.select) WHERE \(condition)")
        let found = try Row.fetchAll(statement, arguments: arguments).map { row in try ReportRow(row, path: path) }
        for var row in found {
            change(&row)
            try database.cachedStatement(sql: ReportRow.upsert).execute(arguments: row.arguments)
        }
    }

    private func writeRegister(to database: Database) throws {
        for change in commit.register {
            switch change {
            case .put(let row): try put(row, in: editionsBefore.live, database)
            case .show(let slot, let place): try show(slot, place, in: editionsBefore.live, database)
            case .remove(let slot): try remove(slot, from: editionsBefore.live, database)
            }
        }
        var editions = editionsBefore
        for change in commit.edition {
            let generation = editions.take(change)
            switch change {
            case .put(let row): try put(row, in: generation, database)
            case .remove(let slot): try remove(slot, from: generation, database)
            case .begin, .discard, .swap, .settled: break
            }
        }
        try editions.write(to: database, replacing: editionsBefore)
    }

    private func put(_ row: SubjectRow, in generation: Int64, _ database: Database) throws {
        try database.cachedStatement(sql: SubjectRow.upsert).execute(arguments: row.arguments(in: generation))
    }

    /// - Throws: ``StoreFault/damaged(path:what:)`` if the row is not what was written.
    private func show(_ slot: UInt32, _ place: ShownPlace, in generation: Int64, _ database: Database) throws {
        let statement = try database.cachedStatement(sql: SubjectRow.select + " WHERE key = ?")
        guard let found = try Row.fetchOne(statement, arguments: [Editions.key(generation, slot: slot)]) else { return }
        var row = try SubjectRow(found, path: path)
        row.shown = place
        try put(row, in: generation, database)
    }

    private func remove(_ slot: UInt32, from generation: Int64, _ database: Database) throws {
        try database.cachedStatement(sql: SubjectRow.delete).execute(arguments: [Editions.key(generation, slot: slot)])
    }

    private func forgetSignOffs(in database: Database) throws {
        guard commit.number.isMultiple(of: Self.signOffsEvery) else { return }
        let sql = "DELETE FROM sign_offs WHERE hash IN (SELECT hash FROM sign_offs WHERE until < ? ORDER BY until LIMIT ?)"
        try database.cachedStatement(sql: sql).execute(arguments: [commit.wallTime, Self.signOffsPerCommit])
    }
}
