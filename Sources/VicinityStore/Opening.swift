// From a path to a database that can be trusted: is it ours, is it of a version that we know, did the last run end well?
//
// A file that is refused is refused before anything is written to it.

import GRDB
import Glibc

struct Opening {
    /// Connections that read: so many subscribers are served from the disk at the same moment, and the others wait their turn.
    static let readers = 4

    let path: String
    let durability: Durability
    let busyTimeout: Double

    /// Makes the file if there is none, so that nobody else can read it whatever the umask is. SQLite gives the WAL the same mode.
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
    }

    func openPool() throws -> DatabasePool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = Self.readers
        configuration.persistentReadOnlyConnections = true
        configuration.busyMode = .timeout(busyTimeout)
        configuration.prepareDatabase { [path] database in
            if database.configuration.readonly {
                try database.execute(sql: "PRAGMA cache_size = -512")
            } else {
                try Self.prepareWriter(database, path: path)
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
                PRAGMA wal_autocheckpoint = 4096;
                PRAGMA journal_size_limit = 67108864;
                """)
    }

    /// What a database holds when it is opened.
    struct Found {
        var identity: LogIdentity
        var wasClean: Bool
        var head: LogHead
        var neededFrom: Int64
        var oldestJournal: Int64
    }

    /// Checks the file if it must be, brings its schema up to date, and takes the marker of a clean stop away.
    func prepare(_ pool: DatabasePool) throws -> Found {
        try pool.writeWithoutTransaction { database in
            // The marker must be off the disk before the first commit is on it, whatever the durability of commits.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let wasClean = try version == 0 || Meta.get(.clean, in: database, path: path) == [1]
            if version > 0 { try checkIntegrity(of: wasClean ? Schema.stateTables : [nil], in: database) }
            try Schema.migrate(database, from: version)
            let identity = try identify(database)
            try Meta.set(.clean, [0], in: database)
            try database.execute(sql: "PRAGMA synchronous = \(durability == .power ? "FULL" : "NORMAL")")
            let last = try LastCommit.fetch(database, path: path)
            return Found(
                identity: identity, wasClean: wasClean, head: last?.head ?? LogHead(commit: 0, seq: 0), neededFrom: last?.neededFrom ?? 1,
                oldestJournal: try Int64.fetchOne(database, sql: "SELECT min(number) FROM commits") ?? 1)
        }
    }

    /// Checks tables with their indexes; `nil` is the whole file.
    ///
    /// - Complexity: reads each page; about 1 s a GB that is in the page cache.
    private func checkIntegrity(of tables: [String?], in database: Database) throws {
        for table in tables {
            let complaints = try String.fetchAll(database, sql: "PRAGMA integrity_check(\(table ?? "3"))")
            guard complaints != ["ok"] else { continue }
            let told = complaints.prefix(3).map { $0.split(separator: "\n").joined(separator: " ") }.joined(separator: "; ")
            throw StoreFault.damaged(path: path, what: told)
        }
    }

    /// Reads the identity, or makes it if the log is new.
    private func identify(_ database: Database) throws -> LogIdentity {
        if let logID = try Meta.get(.logID, in: database, path: path), let key = try Meta.get(.signOffKey, in: database, path: path) {
            return LogIdentity(logID: String(decoding: logID, as: UTF8.self), signOffKey: key)
        }
        guard try Int.fetchOne(database, sql: "SELECT count(*) FROM meta") == 0 else {
            throw StoreFault.damaged(path: path, what: "the log's identity is missing")
        }
        var generator = SystemRandomNumberGenerator()
        let identity = LogIdentity(using: &generator)
        try database.inTransaction(.immediate) {
            try Meta.set(.logID, Array(identity.logID.utf8), in: database)
            try Meta.set(.signOffKey, identity.signOffKey, in: database)
            return .commit
        }
        return identity
    }
}

/// The newest row of `commits`: it carries the head, so that this survives the removal of every event.
struct LastCommit {
    var head: LogHead
    var neededFrom: Int64

    /// - Returns: `nil` if there never was a commit.
    static func fetch(_ database: Database, path: String) throws -> LastCommit? {
        let newest = try Int64.fetchOne(
            database, sql: "SELECT max(last_seq) FROM (SELECT last_seq FROM blocks ORDER BY first_seq DESC LIMIT 1)")
        let sql = CommitRow.select + " ORDER BY number DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql) else {
            guard newest == nil else { throw StoreFault.damaged(path: path, what: "there are events, but no commit that brought them") }
            return nil
        }
        let commit = try CommitRow(row, path: path)
        guard newest == nil || newest == commit.head else {
            throw StoreFault.damaged(path: path, what: "the newest event is \(newest ?? 0), the newest commit says \(commit.head)")
        }
        return LastCommit(head: LogHead(commit: commit.number, seq: commit.head), neededFrom: commit.neededFrom)
    }
}
