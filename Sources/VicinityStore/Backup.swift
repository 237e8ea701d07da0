// A copy of the log as of one commit, made while a daemon goes on.
//
// The copy is of one snapshot, held from the first page to the last, so that no commit in between starts it anew. All that the daemon
// sees of it is that its WAL cannot begin again from the front meanwhile. The copy carries a marker: a log that is opened with it becomes
// another log (a new `log_id`), since it ends before what the original has announced, and will give the same seqs to other events.

import Foundation
import GRDB
import Glibc

/// What a backup holds.
package struct Backup: Sendable, Equatable {
    /// The last commit that is in it.
    package var head: LogHead
    /// The size of the file.
    package var bytes: Int64
}

/// How far a backup has come, in pages of 4096 bytes.
package struct BackupProgress: Sendable, Equatable {
    package var pages: Int
    package var remaining: Int
}

extension SQLiteStore {
    /// Pages that are copied between two calls of `progress`.
    private static let pagesPerStep: CInt = 1024

    /// Copies the log of a directory into a file that can be put in its place. A daemon may run on the directory.
    ///
    /// - Parameters:
    ///   - file: complete once it has this name; mode 0600.
    ///   - replaces: whether a file that has the name may go; the log's own never may.
    ///   - progress: called between steps, and again and again while the copy is checked; what it throws ends the backup.
    /// - Throws: ``StoreFault``; there is then no new file, and an old one is as it was.
    package static func backUp(
        directory: String, to file: String, replaces: Bool = false, progress: ((BackupProgress) throws -> Void)? = nil
    ) throws(StoreFault) -> Backup {
        try refuseOwnFiles(of: directory, as: file)
        while true {
            let source = try Snapshot(directory: directory)
            let target = try FreshFile(file, replaces: replaces)
            let head = try copy(source, to: target, progress)
            // A daemon that began while nothing but the file was there to read has written under our eyes.
            if source.isUndisturbed { return Backup(head: head, bytes: try target.finish()) }
        }
    }

    private static func copy(
        _ source: Snapshot, to target: FreshFile, _ progress: ((BackupProgress) throws -> Void)?
    ) throws(StoreFault) -> LogHead {
        // What cannot be read is the source's fault, whatever file is named.
        try source.read { from in
            let version = try Int.fetchOne(from, sql: "PRAGMA user_version") ?? 0
            guard try Int64.fetchOne(from, sql: "PRAGMA application_id") == Schema.applicationID else {
                throw StoreFault.foreign(path: source.path)
            }
            guard version <= Schema.version else {
                throw StoreFault.newerSchema(path: source.path, found: version, known: Schema.version)
            }
        }
        return try target.access { to in
            try to.execute(sql: "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")
            try source.queue.inDatabase { from in
                try from.backup(to: to, pagesPerStep: pagesPerStep) { step in
                    try progress?(BackupProgress(pages: step.totalPageCount, remaining: step.remainingPageCount))
                }
            }
            let complete = BackupProgress(pages: try Int.fetchOne(to, sql: "PRAGMA page_count") ?? 0, remaining: 0)
            // What is thrown at the last step, GRDB passes over.
            try progress?(complete)
            let complaints = try to.asking({ try progress?(complete) }) { try String.fetchAll(to, sql: "PRAGMA quick_check(3)") }
            guard complaints == ["ok"] else {
                throw StoreFault.damaged(path: source.path, what: complaints.joined(separator: "; "))
            }
            // One file that is all there is, until a daemon opens it.
            try to.execute(sql: "PRAGMA journal_mode = DELETE")
            try to.inTransaction(.immediate) {
                try Meta.set(.backup, [1], in: to)
                try Meta.set(.clean, [1], in: to)
                return .commit
            }
            guard try LogIdentity(to, path: source.path) != nil else {
                throw StoreFault.damaged(path: source.path, what: "the log's identity is missing")
            }
            let version = try Int.fetchOne(to, sql: "PRAGMA user_version") ?? 0
            return try LastCommit.fetch(to, version: version, path: source.path)?.head ?? LogHead(commit: 0, seq: 0)
        }
    }

    private static func refuseOwnFiles(of directory: String, as file: String) throws(StoreFault) {
        var target = stat()
        guard stat(file, &target) == 0 else { return }
        for name in [fileName, fileName + "-wal", fileName + "-shm", HeadRecord.fileName] {
            var own = stat()
            guard stat("\(directory)/\(name)", &own) == 0 else { continue }
            if own.st_dev == target.st_dev && own.st_ino == target.st_ino {
                throw .cannotOpen(path: file, reason: "it belongs to the log that is to be copied")
            }
        }
    }
}
