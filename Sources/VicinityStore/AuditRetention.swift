// What retention must know of the oldest end of the audit log, and how it goes about it.
//
// Only what is proven to be an entry of the chain is removed, for whoever can write to the file could otherwise have young entries removed by
// making them look old. So a step holds each entry against the chain before it lets it go, and stops at one that is not what was
// written.

import GRDB

/// The oldest end of the audit log.
enum AuditKept: Equatable, Sendable {
    /// Nobody has looked yet.
    case unknown
    case empty
    /// When the oldest entry was made, in Unix milliseconds.
    case from(Int64)
    /// It is not what was written, and stays.
    case damaged(StoreFault)

    /// Takes in what a commit brought.
    mutating func append(_ entries: [AuditEntry]) {
        if case .empty = self, let first = entries.first { self = .from(first.wallTime) }
    }

    /// Whether there is anything to remove, or it is not known.
    func isTouched(by retention: Retention) -> Bool {
        guard let before = retention.auditedBefore else { return false }
        return switch self {
        case .unknown: true
        case .from(let time): time < before
        case .empty, .damaged: false
        }
    }

    /// Why the oldest entry stays, if it stays for that.
    var damage: StoreFault? {
        if case .damaged(let fault) = self { fault } else { nil }
    }
}

/// One bounded step of the removal of audit entries.
struct AuditRemoval {
    /// What one step removes at most.
    static let entriesPerStep = 256

    private let before: Int64
    private let path: String
    private var check: AuditCheck
    private(set) var kept = AuditKept.empty
    private(set) var removed: Int64 = 0
    /// Whether the step ended at its bound, so that there may be more to remove.
    private(set) var isCut = false

    /// - Parameters:
    ///   - before: entries of before this moment go, in Unix milliseconds.
    ///   - anchor: that is kept; `nil` if it is not what was written.
    init(_ key: AuditKey, before: Int64, from anchor: AuditAnchor?, path: String) {
        self.before = before
        self.path = path
        check = AuditCheck(key, from: anchor)
    }

    /// Decides on the next entry, oldest first.
    ///
    /// - Parameter row: `nil` if it contradicts its checksum.
    /// - Returns: whether it goes; the first that stays is the last to be asked for.
    mutating func takes(_ number: Int64, _ row: ChainedEntry?) -> Bool {
        check.take(number, row)
        guard check.firstBreak == nil, let row else {
            kept = .damaged(.damaged(path: path, what: "of the audit log, \(check.firstBreak?.what ?? "an entry is missing")"))
            return false
        }
        kept = .from(row.entry.wallTime)
        guard row.entry.wallTime < before else { return false }
        guard removed < Self.entriesPerStep else {
            isCut = true
            return false
        }
        kept = .empty
        removed += 1
        anchor = AuditAnchor(last: check.last, removedBefore: before)
        return true
    }

    /// Where the chain begins after the step; `nil` if it removes nothing.
    private(set) var anchor: AuditAnchor?
}

/// What became of the audit log in a step of retention.
struct AuditStep {
    var removed: Int64 = 0
    var isCut = false
    var damage: StoreFault?
}

extension SQLiteStore {
    /// Removes some of the audit entries that need not be kept.
    ///
    /// - Throws: as for ``retain(_:)``, but of damage, which is told in the answer.
    func retainAudit(_ retention: Retention) throws(StoreFault) -> AuditStep {
        let state = try state()
        guard let before = retention.auditedBefore, let key = state.audit?.key else { return AuditStep() }
        guard state.auditKept.isTouched(by: retention) else { return AuditStep(damage: state.auditKept.damage) }
        let removal: AuditRemoval
        do throws(StoreFault) {
            removal = try working(goesOnBesideDamage: true) {
                try pool.write { database in try removeAudit(before, key, in: database) }
            }
        } catch {
            guard case .damaged = error else { throw error }
            update { $0.auditKept = .damaged(error) }
            return AuditStep(damage: error)
        }
        update { state in
            state.auditKept = removal.kept
            if removal.removed > 0 { state.mayHaveFreeSpace = true }
        }
        if removal.removed > 0 { copyWAL() }
        return AuditStep(removed: removal.removed, isCut: removal.isCut, damage: removal.kept.damage)
    }

    private func removeAudit(_ before: Int64, _ key: AuditKey, in database: Database) throws -> AuditRemoval {
        var removal = AuditRemoval(key, before: before, from: try Self.auditAnchor(key, in: database, path: path), path: path)
        let rows = try Row.fetchCursor(database.cachedStatement(sql: ChainedEntry.select + " ORDER BY number"))
        while let row = try rows.next(), removal.takes(row[0] as Int64, try? ChainedEntry(row, path: path)) {}
        guard let anchor = removal.anchor else { return removal }
        try database.cachedStatement(sql: "DELETE FROM audit WHERE number <= ?").execute(arguments: [anchor.last.number])
        try Meta.set(.auditAnchor, anchor.bytes(key), in: database)
        return removal
    }

    /// Where the chain begins.
    ///
    /// - Returns: `nil` if that is not what was written.
    static func auditAnchor(_ key: AuditKey, in database: Database, path: String) throws -> AuditAnchor? {
        let bytes: [UInt8]?
        do {
            bytes = try Meta.get(.auditAnchor, in: database, path: path)
        } catch StoreFault.damaged {
            return nil
        }
        return bytes.map { AuditAnchor($0, key) } ?? .origin
    }
}
