// A new log put together from what could be read of another one.

import GRDB
import VicinityCore

/// A log that comes to be in a directory, piece by piece. It is there when it is finished, and not before.
package final class Assembly {
    /// Pieces that are written in one transaction.
    private static let piecesPerTransaction = 1000
    /// The editions of the register, if there is a swap that is not settled, and if not.
    private static let departing: Int64 = 0
    private static let editions = Editions(live: 1, newest: 1)

    private let file: FreshFile
    private var pieces = 0
    private var lastSeq: Int64?

    /// - Parameter directory: exists and holds no log.
    package init(directory: String) throws(StoreFault) {
        file = try FreshFile("\(directory)/\(SQLiteStore.fileName)", replaces: false)
        try file.access { database in
            try database.execute(
                sql: """
                    PRAGMA page_size = \(Schema.pageSize);
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA synchronous = OFF;
                    PRAGMA journal_mode = MEMORY;
                    PRAGMA trusted_schema = OFF;
                    """)
            try Schema.migrate(database, from: 0)
            try Self.editions.write(to: database, replacing: Editions())
            try database.execute(sql: "BEGIN")
        }
    }

    /// Adds a piece of the state; of two pages, subjects and so on of the same key the last one counts.
    ///
    /// Of journals, those are taken up by a daemon that ``finish(head:neededFrom:oldest:signOffKey:logID:erasures:wallTime:)`` names.
    package func add(_ piece: Recovered) throws(StoreFault) {
        try write { database in
            switch piece {
            case .precision(let state): try state.write(to: database)
            case .subject(let row):
                try database.cachedStatement(sql: SubjectRow.upsert).execute(arguments: row.arguments(in: Self.editions.live))
            case .swap(let time):
                var editions = Self.editions
                editions.swap = Editions.Swap(departing: Self.departing, time: time)
                try editions.write(to: database, replacing: Self.editions)
            case .departing(let row):
                try database.cachedStatement(sql: SubjectRow.upsert).execute(arguments: row.arguments(in: Self.departing))
            case .suspension(let row): try database.cachedStatement(sql: SuspensionRow.upsert).execute(arguments: row.arguments)
            case .report(let row): try database.cachedStatement(sql: ReportRow.upsert).execute(arguments: row.arguments)
            // They follow from the rows.
            case .reported, .audited: break
            case .signOff(let signOff): try database.cachedStatement(sql: SignOff.upsert).execute(arguments: signOff.arguments)
            case .cursor(let cursor): try database.cachedStatement(sql: Cursor.upsert).execute(arguments: cursor.arguments)
            case .page(let page): try database.cachedStatement(sql: StatePage.upsert).execute(arguments: page.arguments)
            case .journal(let number, let bytes):
                // Only the newest row is asked for its head.
                let row = CommitRow(number: number, head: 0, neededFrom: number, wallTime: 0, journal: bytes)
                try database.cachedStatement(sql: CommitRow.replace).execute(arguments: row.arguments)
            }
        }
    }

    /// Adds a block.
    ///
    /// - Precondition: it follows the one before without a hole.
    package func add(_ block: Inspection.Block) throws(StoreFault) {
        precondition(lastSeq.map { $0 + 1 == block.events.firstSeq } ?? true, "a log has no hole")
        lastSeq = block.events.lastSeq
        let row = BlockRow(
            firstSeq: block.events.firstSeq, lastSeq: block.events.lastSeq, wallTime: block.wallTime, bytes: block.events.bytes)
        try write { database in try database.cachedStatement(sql: BlockRow.insert).execute(arguments: row.arguments) }
    }

    /// Makes the log complete, as one that was closed well.
    ///
    /// - Parameters:
    ///   - head: of the log; the last event that was added, if any was. If there was no journal of this commit, an empty one is added.
    ///   - neededFrom: the oldest commit whose journal recovery needs; all journals from there to the head's were added.
    ///   - oldest: events before it count as removed; `nil` for none but those that are not there.
    ///   - signOffKey: of the log that the sign-offs come from; `nil` for a new one.
    ///   - logID: of the log that the blocks come from, if this one is to go on where that one ends; `nil` for a new one.
    ///   - erasures: of the log that the blocks come from; the daemon that opens this one finishes them.
    ///   - wallTime: of now, in Unix milliseconds.
    /// - Precondition: `head` is that of the last block.
    package func finish(
        head: LogHead, neededFrom: Int64, oldest: Int64? = nil, signOffKey: [UInt8]? = nil, logID: String? = nil,
        erasures: [Erasure] = [], wallTime: Int64
    ) throws(StoreFault) -> LogIdentity {
        precondition((lastSeq ?? head.seq) == head.seq, "the log ends with its last event")
        var identity = LogIdentity.fresh()
        if let signOffKey { identity.signOffKey = signOffKey }
        if let logID { identity.logID = logID }
        try write { database in
            let journal = try Row.fetchOne(database, sql: CommitRow.select + " WHERE number = ?", arguments: [head.commit])
                .map { row in try CommitRow(row, path: file.path).journal }
            let row = CommitRow(
                number: head.commit, head: head.seq, neededFrom: neededFrom, wallTime: wallTime, journal: journal ?? [])
            try database.execute(sql: CommitRow.replace, arguments: row.arguments)
            try identity.write(to: database)
            try ErasureQueue(entries: erasures).write(to: database)
            if let oldest { try Meta.setNumber(.oldest, oldest, in: database) }
            try Meta.set(.clean, [1], in: database)
            try database.execute(sql: "COMMIT; PRAGMA journal_mode = DELETE")
        }
        _ = try file.finish()
        return identity
    }

    func write(_ body: (Database) throws -> Void) throws(StoreFault) {
        try file.access { database in
            pieces += 1
            if pieces.isMultiple(of: Self.piecesPerTransaction) { try database.execute(sql: "COMMIT; BEGIN") }
            try body(database)
        }
    }
}
