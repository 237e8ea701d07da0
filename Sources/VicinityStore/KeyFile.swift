// Where a secret of this installation lies: a credential that the service manager hands to the daemon, or else a file beside the database,
// which is made at the first start. No backup takes it along.

import Glibc

/// A secret of 32 bytes with a name of its own.
struct KeyFile {
    /// The length, in bytes.
    static let size = 32

    /// Of the credential.
    let credential: String
    /// Of the file in the directory of the log, mode 0600.
    let name: String
    /// What the key is of, for the operator: "the audit log".
    let owner: String

    /// Takes the secret: the credential if there is one, else the file, which is made if it is missing.
    ///
    /// - Parameter directory: that of the log.
    /// - Returns: ``size`` bytes, and whether they were drawn just now.
    /// - Throws: ``StoreFault`` if it cannot be read or made, or is none; a file that is there stays as it is.
    func installed(directory: String) throws(StoreFault) -> (bytes: [UInt8], isNew: Bool) {
        if let credentials = getenv("CREDENTIALS_DIRECTORY") {
            let path = "\(String(cString: credentials))/\(credential)"
            if access(path, F_OK) == 0 { return (try read(path), false) }
        }
        let path = "\(directory)/\(name)"
        guard access(path, F_OK) != 0 else { return (try read(path), false) }
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        while bytes.count < Self.size { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        try Self.write(bytes, to: path, in: directory)
        return (bytes, true)
    }

    private func read(_ path: String) throws(StoreFault) -> [UInt8] {
        guard let bytes = SmallFile.read(path, atMost: Self.size + 1) else { throw StoreFault(opening: path, errno: errno) }
        guard bytes.count == Self.size else {
            throw .cannotOpen(path: path, reason: "it is the key of \(owner) and must be \(Self.size) bytes long")
        }
        return bytes
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
