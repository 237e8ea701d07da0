// A database that is only looked at: nothing in its directory is created, changed or deleted by it, not even what SQLite itself would
// leave there.
//
// A connection that only reads still makes the shared memory if it is missing, writes to it, and leaves an empty WAL behind. So:
//
// * There is no WAL, or an empty one: the file alone is the database (`immutable`).
// * There are a WAL and its shared memory: SQLite maps the latter for reading only (`readonly_shm`). Where a daemon uses it, so do we;
//   where none does, the index of the WAL is made in our own memory.
// * There is a WAL without its shared memory, as in a copy of a directory: SQLite cannot do without, so that both are copied to a private
//   place first.

import Foundation
import GRDB
import Glibc

/// A connection that stays at the last commit of the moment when it was opened.
final class Snapshot: Sendable {
    /// Of the database in its directory.
    let path: String
    let queue: DatabaseQueue
    private let copy: PrivateCopy?
    /// What the file was when it was opened, if nothing keeps others from writing to it.
    private let stamp: Stamp?

    init(directory: String) throws(StoreFault) {
        path = "\(directory)/\(SQLiteStore.fileName)"
        let size = try Self.size(of: path)
        guard size > 0 else { throw .cannotOpen(path: path, reason: "it is empty, no log was ever begun in it") }
        do {
            let found = Stamp(of: path)
            if found.walBytes == 0 {
                stamp = found
                copy = nil
                queue = try Self.open(path, "immutable=1")
            } else if access(path + "-shm", R_OK) == 0 {
                stamp = nil
                copy = nil
                queue = try Self.openBesideWriter(path)
            } else {
                let made = try PrivateCopy(of: path)
                stamp = found
                copy = made
                queue = try Self.open(made.path, "mode=ro")
            }
        } catch {
            throw StoreFault(error, path: path)
        }
    }

    /// Whether nobody has written to the file since, where that would have spoiled what was read.
    var isUndisturbed: Bool { stamp.map { $0 == Stamp(of: path) } ?? true }

    /// - Returns: bytes.
    static func size(of path: String) throws(StoreFault) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        return Int64(status.st_size)
    }

    /// A writer that is just then changing the index of the WAL can make it look as if it had to be mended, which a reader may not
    /// (SQLite 264).
    private static func openBesideWriter(_ path: String) throws -> DatabaseQueue {
        var attempts = 100
        while true {
            do {
                return try open(path, "mode=ro&readonly_shm=1")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY && attempts > 0 {
                attempts -= 1
                usleep(1000)
            }
        }
    }

    /// - Parameter parameters: of an SQLite URI; Debian's library takes them.
    private static func open(_ path: String, _ parameters: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192")
        }
        let allowed = CharacterSet(charactersIn: "/-._~").union(.alphanumerics)
        guard let absolute = path.hasPrefix("/") ? path : realpath(path),
            let escaped = absolute.addingPercentEncoding(withAllowedCharacters: allowed)
        else { throw StoreFault.cannotOpen(path: path, reason: "its name cannot be used") }
        let queue = try DatabaseQueue(path: "file:\(escaped)?\(parameters)", configuration: configuration)
        try queue.inDatabase { database in
            // One transaction for as long as the snapshot lives, which begins with the first read.
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "PRAGMA schema_version")
        }
        return queue
    }

    /// What shows that a file was written to.
    private struct Stamp: Equatable {
        let inode: UInt
        let bytes: Int
        let seconds: Int
        let nanoseconds: Int
        let walBytes: Int

        init(of path: String) {
            var status = stat()
            _ = stat(path, &status)
            inode = UInt(status.st_ino)
            bytes = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            var wal = stat()
            walBytes = stat(path + "-wal", &wal) == 0 ? Int(wal.st_size) : 0
        }
    }

    private static func realpath(_ path: String) -> String? {
        guard let found = Glibc.realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}

/// The file and its WAL in a directory that nobody else may enter, and that goes with this value.
private final class PrivateCopy: Sendable {
    let path: String
    private let directory: String

    init(of original: String) throws {
        var template = Array("\(NSTemporaryDirectory())/vicinity-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StoreFault(opening: NSTemporaryDirectory(), errno: errno) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = "\(directory)/\(SQLiteStore.fileName)"
        do {
            for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: original + suffix, toPath: path + suffix) }
        } catch {
            try? FileManager.default.removeItem(atPath: directory)
            throw StoreFault.cannotOpen(path: original, reason: "it could not be copied to \(directory)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }
}
