// A copy of the log while the daemon goes on, and how to put it back.

internal import VicinityStore

/// Copies the log of a state directory into one file.
package struct LogBackup {
    private let directory: String
    private let file: String
    private let replaces: Bool

    /// - Parameter replaces: whether a file that is there already may go.
    package init(of directory: String, to file: String, replaces: Bool) {
        self.directory = directory
        self.file = file
        self.replaces = replaces
    }

    /// Why there is no backup: a sentence for the operator. A file that was there before is as it was.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Makes the copy.
    ///
    /// - Parameter progress: called now and then with bytes done and bytes in all; what it throws ends the backup, and there is none.
    /// - Returns: what the file holds and how to restore it, for the operator.
    package func run(progress: @escaping (_ done: Int64, _ total: Int64) throws -> Void = { _, _ in }) throws(Failure) -> String {
        let backup: Backup
        do throws(StoreFault) {
            backup = try SQLiteStore.backUp(directory: directory, to: file, replaces: replaces) { step in
                try progress(Int64(step.pages - step.remaining) * Self.pageSize, Int64(step.pages) * Self.pageSize)
            }
        } catch {
            throw Failure(description: "\(error)")
        }
        return text(backup)
    }

    private static let pageSize: Int64 = 4096

    private func text(_ backup: Backup) -> String {
        let head = backup.head.seq > 0 ? "up to event \(backup.head.seq)" : "without events"
        return """
            \(file): \(byteText(backup.bytes)), commit \(grouped(backup.head.commit)), \(head)
            to restore it: stop vicinityd; copy the file to \(directory)/\(SQLiteStore.fileName), owned by the daemon's user; remove \
            \(SQLiteStore.fileName)-wal, \(SQLiteStore.fileName)-shm and \(HeadRecord.fileName) there; start. The log gets a new id then, and \
            subscribers begin anew.
            """
    }
}
