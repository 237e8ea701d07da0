// From a path to a database that can be trusted: is it ours, is it of a version that we know, did the last run end well, is it all there?
//
// A file that is refused is refused before anything is written to it.

import GRDB
import Glibc

/// What the opening of a log is busy with; told when it begins.
package enum OpeningStep: Sendable, Equatable {
    /// Every page of the file is checked, since the last run did not close it; `bytes` is how much there is to read.
    case checkingFile(bytes: Int64)
    /// The tables that recovery reads are checked.
    case checkingState
    /// There was none; one is begun.
    case beginning
    case migrating(from: Int, to: Int)
    /// The log is open.
    case ready
}

/// Why a log that was opened is another one than before: where seqs may be given a second time, no cursor of before may be believed.
package enum Renewal: Sendable, Equatable {
    /// It is a backup that was put in place.
    case isBackup
    /// It is an older copy, closed well, of a log that had come to `announced`.
    case isOlderCopy(announced: LogHead)
    /// The machine lost power, and with it the commits up to `announced`, which `durability: process` does not keep.
    case lostWithPower(announced: LogHead)
}

struct Opening {
    /// Connections that read: so many subscribers are served from the disk at the same moment, and the others wait their turn.
    static let readers = 4

    let directory: String
    let durability: Durability
    let busyTimeout: Double
    let bootID: BootID?
    let auditKey: AuditKey?
    let progress: (@Sendable (OpeningStep) -> Void)?
    let gauge = WALGauge()

    var path: String { "\(directory)/\(SQLiteStore.fileName)" }

    /// Makes the file if there is none, so that nobody else can read it whatever the umask is. SQLite gives the WAL the same mode.
    ///
    /// A head file without the log that it speaks of says nothing of the new one, and goes.
    func createFile() throws(StoreFault) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0 {
            let code = errno
            guard code == EEXIST else { throw StoreFault(opening: path, errno: code) }
            guard access(path, R_OK | W_OK) == 0 else { throw StoreFault(opening: path, errno: errno) }
            return
        }
        defer { _ = Glibc.close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { throw StoreFault(opening: path, errno: errno) }
        _ = unlink("\(directory)/\(HeadRecord.fileName)")
    }

    func openPool() throws -> DatabasePool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = Self.readers
        configuration.persistentReadOnlyConnections = true
        configuration.busyMode = .timeout(busyTimeout)
        configuration.prepareDatabase { [path, gauge] database in
            if database.configuration.readonly {
                try database.execute(sql: "PRAGMA cache_size = -512")
            } else {
                try Self.prepareWriter(database, path: path)
                gauge.attach(to: database)
            }
        }
        return try DatabasePool(path: path, configuration: configuration)
    }

    /// Runs before anything has been written, on the connection that writes.
    private static func prepareWriter(_ database: Database, path: String) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        if application == 0 && found == 0 {
            // Ours only if it is new: made just now, or by a start that ended before its first transaction.
            guard try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0 else { throw StoreFault.foreign(path: path) }
            try database.execute(sql: "PRAGMA page_size = \(Schema.pageSize); PRAGMA auto_vacuum = INCREMENTAL")
        } else {
            guard application == Schema.applicationID else { throw StoreFault.foreign(path: path) }
            guard found <= Schema.version else { throw StoreFault.newerSchema(path: path, found: found, known: Schema.version) }
        }
        try database.execute(
            sql: """
                PRAGMA secure_delete = ON;
                PRAGMA cell_size_check = ON;
                PRAGMA trusted_schema = OFF;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = -8192;
                PRAGMA wal_autocheckpoint = 0;
                PRAGMA journal_size_limit = 67108864;
                """)
    }

    /// What a database holds when it is opened.
    struct Found {
        var identity: LogIdentity
        var renewal: Renewal?
        var wasClean: Bool
        var head: LogHead
        var neededFrom: Int64
        var oldestJournal: Int64
        var editions: Editions
        var erasures: ErasureQueue
        var audit: AuditChain?
        var auditStart: AuditStart
    }

    /// Checks the file if it must be, brings its schema up to date, and takes the marker of a clean stop away.
    func prepare(_ pool: DatabasePool) throws -> Found {
        try pool.writeWithoutTransaction { database in
            // The marker must be off the disk before the first commit is on it, whatever the durability of commits.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let wasClean = try version == 0 || Meta.get(.clean, in: database, path: path) == [1]
            var known: LogIdentity?
            var last: LastCommit?
            var renewal: Renewal?
            var editions = Editions()
            var erasures = ErasureQueue()
            if version > 0 {
                try check(database, version: version, whole: !wasClean)
                known = try LogIdentity(database, path: path)
                last = try LastCommit.fetch(database, version: version, path: path)
                editions = try Editions(database, path: path)
                erasures = try ErasureQueue(database, path: path)
            }
            let head = last?.head ?? LogHead(commit: 0, seq: 0)
            if version > 0 { try checkFloor(head, in: database) }
            renewal = try self.renewal(of: known, at: head, wasClean: wasClean, in: database)
            if version < Schema.version {
                progress?(version == 0 ? .beginning : .migrating(from: version, to: Schema.version))
                try Schema.migrate(database, from: version)
            }
            let identity = renewal == nil ? known ?? .fresh() : LogIdentity(renewing: known)
            let (audit, auditStart) = try auditChain(after: last, isMigrated: version < 4, in: database)
            // An edition that was staged does not outlive the daemon.
            let found = editions
            editions.staged = nil
            try database.inTransaction(.immediate) {
                try editions.write(to: database, replacing: found)
                if identity != known { try identity.write(to: database) }
                if renewal != nil { try Meta.remove(.backup, in: database) }
                if auditStart.isNews, let audit, var row = try LastCommit.newest(database, path: path) {
                    row.audit = audit.bytes(of: row.number)
                    try database.execute(sql: CommitRow.replace, arguments: row.arguments)
                }
                try Meta.set(.clean, [0], in: database)
                return .commit
            }
            // Into the file itself, so that it says so, and which log it is, even if its WAL is lost.
            try database.checkpointUnlessBusy(.passive)
            try database.execute(sql: "PRAGMA synchronous = \(durability == .power ? "FULL" : "NORMAL")")
            return Found(
                identity: identity, renewal: renewal, wasClean: wasClean, head: head, neededFrom: last?.neededFrom ?? 1,
                oldestJournal: try Int64.fetchOne(database, sql: "SELECT min(number) FROM commits") ?? 1, editions: editions,
                erasures: erasures, audit: audit, auditStart: auditStart)
        }
    }

    /// Checks the whole file, or the tables that recovery reads with their indexes.
    ///
    /// `integrity_check` and nothing quicker: it is the only one that finds a page that two tables believe to be theirs, or an index that
    /// does not know a row. With 1 million users, 100,000 subjects and 10 million events, all in the page cache, it took 0.6 s where a
    /// block holds 1 to 2048 events (0.5 GB), and 1.7 s of CPU, 2.5 s in all, where each block holds one (0.9 GB, the worst there is);
    /// `quick_check` took 1.5 s of CPU there, since most of it is the rows' types.
    ///
    /// - Complexity: reads each page, and a few columns of each row.
    private func check(_ database: Database, version: Int, whole: Bool) throws {
        let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        progress?(whole ? .checkingFile(bytes: pages * Int64(Schema.pageSize)) : .checkingState)
        let warmer = whole ? FileWarmer(path) : nil
        defer { warmer?.stop() }
        for table in whole ? [nil] : Schema.stateTables(version: version).map({ $0 as String? }) {
            let complaints = try String.fetchAll(database, sql: "PRAGMA integrity_check(\(table ?? "3"))")
            guard complaints != ["ok"] else { continue }
            let told = complaints.prefix(3).map { $0.split(separator: "\n").joined(separator: " ") }.joined(separator: "; ")
            throw StoreFault.damaged(path: path, what: told)
        }
    }

    /// Takes the chain of the audit log up.
    private func auditChain(after last: LastCommit?, isMigrated: Bool, in database: Database) throws -> (AuditChain?, AuditStart) {
        guard let auditKey else { return (nil, .withoutKey) }
        let found = AuditChain.Found(
            commit: last?.head.commit ?? 0, seal: last?.audit, last: try ChainedEntry.newest(database, path: path),
            hasAnchor: try Meta.isThere(.auditAnchor, in: database), isMigrated: isMigrated)
        var start = AuditStart.withoutKey
        let chain = AuditChain(auditKey, found, start: &start)
        return (chain, start)
    }

    private func checkFloor(_ head: LogHead, in database: Database) throws {
        guard let floor = try Meta.getNumber(.oldest, in: database, path: path), floor > head.seq + 1 else { return }
        throw StoreFault.damaged(path: path, what: "the oldest event is \(floor), the newest is \(head.seq)")
    }

    /// Whether the log must become another one.
    ///
    /// - Parameter known: `nil` if the file is empty.
    /// - Throws: ``StoreFault/damaged(path:what:)`` if commits are missing that cannot be missing.
    private func renewal(of known: LogIdentity?, at head: LogHead, wasClean: Bool, in database: Database) throws -> Renewal? {
        if known != nil, try Meta.get(.backup, in: database, path: path) != nil { return .isBackup }
        guard let record = HeadRecord.read(directory: directory) else { return nil }
        let verdict = record.verdict(on: head, of: known?.logID ?? record.logID, wasClean: known != nil && wasClean, bootID: bootID)
        switch verdict {
        case .agrees: return nil
        case .isOlderCopy: return .isOlderCopy(announced: record.head)
        case .lostWithPower: return .lostWithPower(announced: record.head)
        case .cutOff: throw StoreFault(missingAfter: head, announced: record.head, path: path)
        }
    }
}

extension Database {
    /// Copies the WAL into the file, as far as no reader is in the way.
    func checkpointUnlessBusy(_ kind: CheckpointMode) throws {
        do {
            try checkpoint(kind)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return
        }
    }
}

extension StoreFault {
    /// The log ends before what was made durable.
    init(missingAfter head: LogHead, announced: LogHead, path: String) {
        self = .damaged(
            path: path,
            what: "the log ends with commit \(head.commit), but commit \(announced.commit) was made durable: "
                + "the WAL was cut off, or the file was replaced")
    }
}
