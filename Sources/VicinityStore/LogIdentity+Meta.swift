// The identity of the log in its database.

import GRDB

extension LogIdentity {
    /// Reads the identity.
    ///
    /// - Returns: `nil` if the log is so new that it has none.
    init?(_ database: Database, path: String) throws {
        guard let logID = try Meta.get(.logID, in: database, path: path), let key = try Meta.get(.signOffKey, in: database, path: path)
        else {
            guard try Int.fetchOne(database, sql: "SELECT count(*) FROM meta") == 0 else {
                throw StoreFault.damaged(path: path, what: "the log's identity is missing")
            }
            return nil
        }
        self.init(logID: String(decoding: logID, as: UTF8.self), signOffKey: key)
    }

    static func fresh() -> LogIdentity {
        var generator = SystemRandomNumberGenerator()
        return LogIdentity(using: &generator)
    }

    /// Another log with the same secrets: the hashes in the table of sign-offs stay what they are.
    init(renewing old: LogIdentity?) {
        self = .fresh()
        if let old { signOffKey = old.signOffKey }
    }

    func write(to database: Database) throws {
        try Meta.set(.logID, Array(logID.utf8), in: database)
        try Meta.set(.signOffKey, signOffKey, in: database)
    }
}
