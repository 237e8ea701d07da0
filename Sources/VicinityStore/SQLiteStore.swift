// The log on disk: one SQLite file in WAL mode, one connection that writes, a few that only read.
//
// *Why a pool.* GRDB's `DatabasePool` is this very shape: a serialized writer on the thread that calls it, and readers that each see
// the last commit and neither wait for the writer nor make it wait.
//
// *Why a marker of a clean stop.* Checking every page of a large file takes seconds when the disk has to be read for it. The marker is taken
// away, durably, before the first commit of a run and set when the run closes; a start that does not find it checks the whole file before it
// trusts anything, others check what recovery reads.
//
// *After a fault* that is not known to pass, the store refuses every later commit: once a write or a sync has failed, nobody knows what
// the system dropped, and a later success would say nothing.

import GRDB
import Synchronization

/// The log in a directory.
package final class SQLiteStore: LogStore {
    package static let fileName = "vicinity.db"

    /// The file.
    package let path: String
    package let identity: LogIdentity
    /// Whether the last run ended by ``close()``; if not, the whole file was checked when it was opened.
    package let wasClean: Bool
    let pool: DatabasePool
    private let writer: Mutex<Writer>

    /// What the thread that appends knows.
    private struct Writer {
        var head: LogHead
        /// The oldest journal that recovery needs.
        var neededFrom: Int64
        /// The oldest journal that is there; older ones than ``neededFrom`` go a few with each commit.
        var oldestJournal: Int64
        var fault: StoreFault?
    }

    /// Opens the log of a directory, creating it if there is none.
    ///
    /// - Parameters:
    ///   - directory: exists.
    ///   - durability: of each ``append(_:)``.
    ///   - busyTimeout: seconds to wait for a lock that another program holds.
    /// - Throws: ``StoreFault``; a file that was refused is as it was.
    package static func open(
        directory: String, durability: Durability, busyTimeout: Double = 5
    ) throws(StoreFault) -> SQLiteStore {
        try SQLiteStore(path: "\(directory)/\(fileName)", durability: durability, busyTimeout: busyTimeout)
    }

    private init(path: String, durability: Durability, busyTimeout: Double) throws(StoreFault) {
        let opening = Opening(path: path, durability: durability, busyTimeout: busyTimeout)
        try opening.createFile()
        do {
            pool = try opening.openPool()
            let found = try opening.prepare(pool)
            identity = found.identity
            wasClean = found.wasClean
            writer = Mutex(Writer(head: found.head, neededFrom: found.neededFrom, oldestJournal: found.oldestJournal))
        } catch {
            throw StoreFault(error, path: path)
        }
        self.path = path
    }

    package var head: LogHead { writer.withLock { $0.head } }

    package func append(_ commit: Commit) throws(StoreFault) {
        // Not held while the disk works: only one thread appends, and the others that ask for the head shall not wait.
        let before = writer.withLock { $0 }
        if let fault = before.fault { throw fault }
        let appending = Appending(commit, after: before.head, neededFrom: before.neededFrom, oldestJournal: before.oldestJournal)
        do {
            try pool.write { database in try appending.write(to: database) }
        } catch {
            let fault = StoreFault(error, path: path)
            if !fault.mayPass { writer.withLock { $0.fault = fault } }
            throw fault
        }
        writer.withLock { state in
            state.head = appending.head
            state.neededFrom = appending.neededFrom
            state.oldestJournal = appending.trimBefore
        }
    }

    /// Ends the run: everything goes from the WAL into the file, which is then marked as closed cleanly.
    ///
    /// Waits for reads that are under way; later ones throw ``StoreFault/closed(path:)``. After a fault that does not pass the marker is not
    /// set, so that the next start checks the file.
    package func close() throws(StoreFault) {
        let faulted = writer.withLock { $0.fault != nil }
        do {
            if !faulted {
                try pool.writeWithoutTransaction { database in
                    try database.execute(sql: "PRAGMA synchronous = FULL")
                    try Meta.set(.clean, [1], in: database)
                    try database.checkpoint(.truncate)
                }
            }
            try pool.close()
        } catch {
            throw StoreFault(error, path: path)
        }
    }

    /// Runs `body` in one snapshot of the last commit, and turns what goes wrong into a fault.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreFault) -> Value {
        do {
            return try pool.read(body)
        } catch {
            throw StoreFault(error, path: path)
        }
    }
}
