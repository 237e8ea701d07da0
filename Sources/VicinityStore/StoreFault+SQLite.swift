// From what SQLite and the system say to what an operator understands.

import GRDB
import Glibc

extension StoreFault {
    /// Takes any error of the work on a database; one that is a fault already stays what it is.
    init(_ error: any Error, path: String) {
        if let fault = error as? StoreFault {
            self = fault
        } else if let error = error as? DatabaseError {
            self.init(
                sqliteCode: error.extendedResultCode.rawValue, message: error.message ?? error.extendedResultCode.description, path: path)
        } else {
            self = .damaged(path: path, what: "\(error)")
        }
    }

    /// - Parameters:
    ///   - sqliteCode: a result code, plain or extended.
    ///   - message: SQLite's words.
    package init(sqliteCode: CInt, message: String, path: String) {
        let reason = "\(message) (SQLite \(sqliteCode))"
        self =
            switch ResultCode(rawValue: sqliteCode).primaryResultCode {
            case .SQLITE_FULL: .diskFull(path: path)
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: .locked(path: path)
            case .SQLITE_CORRUPT: .damaged(path: path, what: reason)
            case .SQLITE_NOTADB: .notADatabase(path: path)
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: .notWritable(path: path, reason: reason)
            case .SQLITE_CANTOPEN: .cannotOpen(path: path, reason: reason)
            case .SQLITE_MISUSE: .closed(path: path)
            case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_ERROR, .SQLITE_RANGE: .refused(path: path, reason: reason)
            default: .inputOutput(path: path, reason: reason)
            }
    }

    /// - Parameter code: an `errno` of opening or creating a file.
    package init(opening path: String, errno code: CInt) {
        let reason = String(cString: strerror(code))
        self =
            switch code {
            case EACCES, EPERM, EROFS: .notWritable(path: path, reason: reason)
            case ENOSPC, EDQUOT: .diskFull(path: path)
            default: .cannotOpen(path: path, reason: reason)
            }
    }
}
