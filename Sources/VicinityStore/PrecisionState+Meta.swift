import GRDB

extension PrecisionState {
    /// Reads what `meta` says.
    ///
    /// - Returns: `nil` if it says nothing.
    /// - Throws: ``StoreFault/damaged(path:what:)`` if an entry is not what was written.
    init?(_ database: Database, path: String) throws {
        let salt = try Meta.get(.precisionSalt, in: database, path: path)
        let fingerprint = try Meta.get(.precisionFingerprint, in: database, path: path)
        guard salt != nil || fingerprint != nil else { return nil }
        self.init(salt: salt ?? [], fingerprint: fingerprint)
    }

    func write(to database: Database) throws {
        if salt.isEmpty { try Meta.remove(.precisionSalt, in: database) } else { try Meta.set(.precisionSalt, salt, in: database) }
        if let fingerprint {
            try Meta.set(.precisionFingerprint, fingerprint, in: database)
        } else {
            try Meta.remove(.precisionFingerprint, in: database)
        }
    }
}
