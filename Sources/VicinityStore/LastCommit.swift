import GRDB

/// The newest row of `commits`: it carries the head, so that this survives the removal of every event.
struct LastCommit {
    var head: LogHead
    var neededFrom: Int64

    /// - Returns: `nil` if there never was a commit.
    static func fetch(_ database: Database, path: String) throws -> LastCommit? {
        let newest = try Int64.fetchOne(
            database, sql: "SELECT max(last_seq) FROM (SELECT last_seq FROM blocks ORDER BY first_seq DESC LIMIT 1)")
        guard let commit = try self.newest(database, path: path) else {
            guard newest == nil else { throw StoreFault.damaged(path: path, what: "there are events, but no commit that brought them") }
            return nil
        }
        guard newest == nil || newest == commit.head else {
            throw StoreFault.damaged(path: path, what: "the newest event is \(newest ?? 0), the newest commit says \(commit.head)")
        }
        return LastCommit(head: LogHead(commit: commit.number, seq: commit.head), neededFrom: commit.neededFrom)
    }

    /// The row by itself.
    static func newest(_ database: Database, path: String) throws -> CommitRow? {
        try Row.fetchOne(database, sql: CommitRow.select + " ORDER BY number DESC LIMIT 1").map { try CommitRow($0, path: path) }
    }
}
