// Where the key of the audit log lies, if nobody says otherwise.

import Glibc

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
        if let credentials = getenv("CREDENTIALS_DIRECTORY") {
            let path = "\(String(cString: credentials))/\(credential)"
            if access(path, F_OK) == 0 { return try read(path) }
        }
        let path = "\(directory)/\(fileName)"
        guard access(path, F_OK) != 0 else { return try read(path) }
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        while bytes.count < size { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        try write(bytes, to: path, in: directory)
        guard let key = AuditKey(bytes: bytes, isNew: true) else { return try read(path) }
        return key
    }

    private static func read(_ path: String) throws(StoreFault) -> AuditKey {
        guard let bytes = SmallFile.read(path, atMost: size + 1) else { throw StoreFault(opening: path, errno: errno) }
        guard let key = AuditKey(bytes: bytes) else {
            throw .cannotOpen(path: path, reason: "it is the key of the audit log and must be \(size) bytes long")
        }
        return key
    }

    /// Puts the key onto the disk before anything is written with it, under its name only when it is complete.
    private static func write(_ bytes: [UInt8], to path: String, in directory: String) throws(StoreFault) {
        let partial = "\(path).\(getpid()).partial"
        _ = unlink(partial)
        let descriptor = Glibc.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreFault(opening: partial, errno: errno) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let isDone = written == bytes.count && fsync(descriptor) == 0 && rename(partial, path) == 0
        let code = errno
        _ = Glibc.close(descriptor)
        guard isDone else {
            _ = unlink(partial)
            throw StoreFault(opening: path, errno: code)
        }
        let folder = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            _ = fsync(folder)
            _ = Glibc.close(folder)
        }
    }
}
