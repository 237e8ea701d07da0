// What is committed stands in the WAL first, and is copied into the file later. Both the copy and the sync that follows it wait for the disk,
// some milliseconds or a hundred, and no commit shall wait with them: SQLite lets one connection copy while another one commits.
//
// *But it never comes to an end beside a writer that does not rest.* SQLite begins a WAL anew only when every page of it is in the file, and
// there are new ones by the time that a copy is made. So after a while the writer makes the last piece of a copy itself, when the one
// beside it has just been made, so that little is left.
//
// *Why the copier syncs by itself.* SQLite syncs the file only at the end of a WAL that was copied whole
// (`walCheckpoint` in https://sqlite.org/src/file/src/wal.c): the writer's last piece would wait for all that was copied before.
//
// *No copy may begin beside a WAL that is about to begin anew.* Up to 3.51.2 SQLite takes such a copy for one of the new WAL, and never
// copies its first pages (https://sqlite.org/wal.html#walresetbug). A copy beside the commits therefore begins only when a commit has
// come since the last one ended: then the WAL cannot begin anew until this one has ended too.

import GRDB
import GRDBSQLite
import Synchronization

/// Who copies the WAL into the file.
package enum WALCopying: Sendable {
    /// The thread that commits, after a commit: everything happens in one order.
    case byWriter
    /// A connection of its own beside the commits, except for the last piece.
    case beside
}

/// The connection that copies, one copy at a time.
final class WALCopier: Sendable {
    private let queue: DatabaseQueue

    init(path: String, busyTimeout: Double) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(busyTimeout)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -64; PRAGMA synchronous = NORMAL")
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Copies what is committed by now, and syncs it, on another thread.
    ///
    /// - Parameter done: called there, with what went wrong.
    func copy(then done: @escaping @Sendable ((any Error)?) -> Void) {
        queue.asyncWriteWithoutTransaction { database in
            do {
                try database.checkpointUnlessBusy(.passive)
                try DatabaseFile(database).sync()
                done(nil)
            } catch {
                done(error)
            }
        }
    }

    /// Waits for the copy that is under way; there is none while `body` runs.
    func resting<Value>(_ body: () throws -> Value) rethrows -> Value { try queue.writeWithoutTransaction { _ in try body() } }

    /// Waits for the copy that is under way; there is none afterwards.
    func close() { try? queue.close() }
}

/// How many pages are in the WAL, as SQLite tells after each commit.
final class WALGauge: Sendable {
    private let pages = Atomic<Int>(0)

    var reading: Int { pages.load(ordering: .relaxed) }

    /// Has the commits of a connection told. Whoever owns the connection keeps the gauge as long as it is open.
    func attach(to database: Database) {
        sqlite3_wal_hook(
            database.sqliteConnection,
            { gauge, _, _, pages in
                if let gauge { Unmanaged<WALGauge>.fromOpaque(gauge).takeUnretainedValue().pages.store(Int(pages), ordering: .relaxed) }
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// When the WAL is to be copied, and by whom: the decision, without a thread or a file.
struct WALPolicy {
    /// Pages after which the writer makes a copy: commits wait meanwhile (docs/decisions/0065).
    static let piece = 1024
    /// Pages after which a copy is made beside the commits. A page that was written more than once meanwhile is copied once.
    static let pieceBeside = 4096
    /// Pages after which the WAL is to begin anew, where it is copied beside the commits: 32 MB (docs/decisions/0070).
    static let long = 8192
    /// Pages after which the writer does not wait for a good moment any more.
    static let tooLong = 16384

    /// Pages in the WAL at the last look.
    private var length = 0
    /// Pages that were in the WAL when the last copy began.
    private var copied = 0
    private var isBeingCopied = false
    /// Whether a copy was made beside the commits since the last look.
    private var wasJustCopied = false

    /// What the writer is to do.
    enum Step {
        case nothing
        /// Have a copy made beside the commits.
        case copy
        /// Make the rest of it, after which the WAL begins anew unless a reader is in the way.
        case finish
    }

    /// Looks at the WAL after a commit.
    ///
    /// - Parameters:
    ///   - pages: in the WAL now.
    ///   - copying: with ``WALCopying/byWriter`` it is never ``Step/copy``.
    mutating func next(pages: Int, _ copying: WALCopying) -> Step {
        defer { wasJustCopied = false }
        let isNews = pages != length
        if pages < length { copied = 0 }
        length = pages
        guard isNews else { return .nothing }
        let left = length - copied
        let isDue = left >= (copying == .byWriter ? Self.piece : Self.pieceBeside)
        switch copying {
        case .byWriter: return isDue ? begin(.finish) : .nothing
        case .beside where wasJustCopied:
            // There may be nothing left to copy: see above.
            return length >= Self.long && left < Self.piece ? begin(.finish) : .nothing
        case .beside where length >= Self.tooLong: return isDue ? begin(.finish) : .nothing
        case .beside: return isDue && !isBeingCopied ? begin(.copy) : .nothing
        }
    }

    private mutating func begin(_ step: Step) -> Step {
        copied = length
        if case .copy = step { isBeingCopied = true }
        return step
    }

    /// A copy has ended.
    ///
    /// - Parameters:
    ///   - isDone: whether it was made; if not, it is tried again after the next commit.
    ///   - wasBeside: whether it was made beside the commits.
    mutating func ended(isDone: Bool, wasBeside: Bool) {
        if wasBeside {
            isBeingCopied = false
            wasJustCopied = isDone
        }
        if !isDone { copied = 0 }
    }

    /// The WAL is empty.
    mutating func wasEmptied() {
        length = 0
        copied = 0
    }
}
