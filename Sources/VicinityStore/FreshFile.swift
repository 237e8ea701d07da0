// A database that comes to be under another name and takes its own when it is complete and on the disk, so that nobody ever finds half of
// it.

import GRDB
import Glibc

/// A new database file, one file without a WAL. What was not finished is removed.
final class FreshFile {
    let path: String
    let queue: DatabaseQueue
    private let partial: String
    private let replaces: Bool
    private var isFinished = false

    /// - Parameter replaces: whether a file that has the name may go.
    init(_ path: String, replaces: Bool) throws(StoreFault) {
        self.path = path
        self.replaces = replaces
        partial = "\(path).\(getpid()).partial"
        guard replaces || Glibc.access(path, F_OK) != 0 else { throw .cannotOpen(path: path, reason: "there is such a file already") }
        _ = unlink(partial)
        let descriptor = Glibc.open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0, fchmod(descriptor, 0o600) == 0, Glibc.close(descriptor) == 0 else {
            throw StoreFault(opening: partial, errno: errno)
        }
        do {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(path: partial, configuration: configuration)
        } catch {
            throw StoreFault(error, path: partial)
        }
    }

    deinit {
        try? queue.close()
        if !isFinished { for suffix in ["", "-journal", "-wal", "-shm"] { _ = unlink(partial + suffix) } }
    }

    /// Runs `body`, and turns what goes wrong into a fault of the file.
    func access<Value>(_ body: (Database) throws -> Value) throws(StoreFault) -> Value {
        do {
            return try queue.inDatabase(body)
        } catch {
            throw StoreFault(error, path: path)
        }
    }

    /// Puts the file onto the disk and gives it its name.
    ///
    /// - Returns: its size in bytes.
    func finish() throws(StoreFault) -> Int64 {
        do {
            try queue.close()
        } catch {
            throw StoreFault(error, path: path)
        }
        let bytes = try sync(partial, O_RDONLY)
        guard replaces || Glibc.access(path, F_OK) != 0 else { throw .cannotOpen(path: path, reason: "there is such a file already") }
        guard rename(partial, path) == 0 else { throw StoreFault(opening: path, errno: errno) }
        isFinished = true
        _ = try sync(path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".", O_RDONLY | O_DIRECTORY)
        return bytes
    }

    private func sync(_ path: String, _ flags: CInt) throws(StoreFault) -> Int64 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreFault(opening: path, errno: errno) }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, fsync(descriptor) == 0 else {
            throw .inputOutput(path: path, reason: String(cString: strerror(errno)))
        }
        return Int64(status.st_size)
    }
}
