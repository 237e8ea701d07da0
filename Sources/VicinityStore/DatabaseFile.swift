import GRDB
import GRDBSQLite

/// The file as SQLite itself has it open: a descriptor of our own could not be closed without giving up SQLite's locks.
struct DatabaseFile {
    private let file: UnsafeMutablePointer<sqlite3_file>
    private let methods: sqlite3_io_methods

    init(_ database: Database) throws {
        var found: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_FILE_POINTER, &found)
        guard code == SQLITE_OK, let found, let methods = found.pointee.pMethods else {
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "the file cannot be reached")
        }
        file = found
        self.methods = methods.pointee
    }

    /// - Returns: bytes.
    func size() throws -> Int {
        var size: sqlite3_int64 = 0
        try check(methods.xFileSize?(file, &size))
        return Int(size)
    }

    func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        try check(methods.xRead?(file, bytes.baseAddress, CInt(bytes.count), sqlite3_int64(offset)))
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        try check(methods.xWrite?(file, bytes.baseAddress, CInt(bytes.count), sqlite3_int64(offset)))
    }

    func sync() throws { try check(methods.xSync?(file, SQLITE_SYNC_NORMAL)) }

    private func check(_ code: CInt?) throws {
        guard let code else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the file cannot be reached") }
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }
}
