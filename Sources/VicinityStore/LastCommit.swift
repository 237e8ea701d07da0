import GRDB

/// The newest row of `commits`: it carries the head, so that this survives the removal of every event.
struct LastCommit {
    var head: LogHead
    var neededFrom: Int64
    var wallTime: Int64
    /// Where the chain of the audit log ends; `nil` if the commit was made without the key.
    var audit: [UInt8]?

    /// - Parameter version: of the schema that the file has.
    /// - Returns: `nil` if there never was a commit.
    static func fetch(_ database: Database, version: Int = Schema.version, path: String) throws -> LastCommit? {
        let newest = try Int64.fetchOne(
            database, sql: "SELECT max(last_seq) FROM (SELECT last_seq FROM blocks ORDER BY first_seq DESC LIMIT 1)")
        guard let commit = try self.newest(database, version: version, path: path) else {
            guard newest == nil else { throw StoreFault.damaged(path: path, what: "there are events, but no commit that brought them") }
            return nil
        }
        guard newest == nil || newest == commit.head else {
            throw StoreFault.damaged(path: path, what: "the newest event is \(newest ?? 0), the newest commit says \(commit.head)")
        }
        let head = LogHead(commit: commit.number, seq: commit.head)
        return LastCommit(head: head, neededFrom: commit.neededFrom, wallTime: commit.wallTime, audit: commit.audit)
    }

    /// The row by itself.
    static func newest(_ database: Database, version: Int = Schema.version, path: String) throws -> CommitRow? {
        let sql = CommitRow.select(version: version) + " ORDER BY number DESC LIMIT 1"
        return try Row.fetchOne(database, sql: sql).map { try CommitRow($0, path: path) }
    }
}
