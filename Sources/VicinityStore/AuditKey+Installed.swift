// Where the key of the audit log lies, if nobody says otherwise.

extension AuditKey {
    /// The credential that the service manager may hand to the daemon: 32 bytes.
    package static let credential = "audit_key"
    /// Where the key lies otherwise, beside the database: 32 bytes, mode 0600. No backup takes it along.
    package static let fileName = "vicinity.audit-key"

    /// Takes the key of this installation: the credential if there is one, else the file, which is made if it is missing.
    ///
    /// - Parameter directory: that of the log.
    /// - Returns: a key that says whether it was made just now.
    /// - Throws: ``StoreFault`` if it cannot be read or made, or is none; a file that is there stays as it is.
    package static func installed(directory: String) throws(StoreFault) -> AuditKey {
        let file = KeyFile(credential: credential, name: fileName, owner: "the audit log")
        let (bytes, isNew) = try file.installed(directory: directory)
        guard let key = AuditKey(bytes: bytes, isNew: isNew) else { preconditionFailure("a key file holds \(size) bytes") }
        return key
    }
}
