// The log on disk: one SQLite file in WAL mode, one connection that writes, a few that only read, and one that copies what was written into
// the file.
//
// *Why a pool.* GRDB's `DatabasePool` is this very shape: a serialized writer on the thread that calls it, and readers that each see
// the last commit and neither wait for the writer nor make it wait.
//
// *Why a marker of a clean stop.* Checking every page of a large file takes seconds when the disk has to be read for it. The marker is
// taken away, durably, before the first commit of a run and set when the run closes; a start that does not find it checks the whole file
// before it trusts anything, others check what recovery reads.
//
// *After a fault* that is not known to pass, the store refuses every later commit: once a write or a sync has failed, nobody knows what
// the system dropped, and a later success would say nothing.

import GRDB
import Glibc
import Synchronization

/// The log in a directory.
package final class SQLiteStore: LogStore {
    package static let fileName = "vicinity.db"

    /// The file.
    package let path: String
    package let identity: LogIdentity
    /// Why it is another log than it was before it was opened; `nil` if it is the same, or a new one.
    package let renewal: Renewal?
    /// Whether the last run ended by ``close()``; if not, the whole file was checked when it was opened.
    package let wasClean: Bool
    /// What became of the chain of the audit log when it was opened.
    package let auditStart: AuditStart
    let pool: DatabasePool
    /// What copies the WAL beside the commits; `nil` if the writer does.
    private let copier: WALCopier?
    private let gauge: WALGauge
    private let directory: String
    private let durability: Durability
    /// Seconds.
    let busyTimeout: Double
    private let bootID: BootID?
    let headFile: HeadFile
    private let writer: Mutex<Writer>

    /// What the thread that appends knows.
    struct Writer {
        var head: LogHead
        /// The oldest journal that recovery needs.
        var neededFrom: Int64
        /// The oldest journal that is there; older ones than ``neededFrom`` go a few with each commit.
        var oldestJournal: Int64
        /// The oldest end of the events; `nil` until the first step of retention has looked.
        var kept: Kept?
        var editions: Editions
        var erasures: ErasureQueue
        /// How far the file is rid of what the erasures under way have deleted.
        var cleaning = Cleaning()
        /// The end of the audit log; `nil` without its key.
        var audit: AuditChain?
        /// The oldest end of the audit log.
        var auditKept = AuditKept.unknown
        /// Whether rows of the register may be garbage.
        var mayHaveGarbage = true
        /// Whether the file may have shrunk inside since its free pages were counted.
        var mayHaveFreeSpace = true
        var fault: StoreFault?
        var wal = WALPolicy()
    }

    /// Opens the log of a directory, creating it if there is none.
    ///
    /// - Parameters:
    ///   - directory: exists.
    ///   - durability: of each ``append(_:)``.
    ///   - busyTimeout: seconds to wait for a lock that another program holds.
    ///   - bootID: which start of the machine this is; `nil` if that is not known.
    ///   - copying: who copies the WAL into the file.
    ///   - auditKey: of the chain of the audit log; `nil` makes a store that takes no audit entry. A log that has a chain and is written to
    ///     without its key is one whose chain is broken.
    ///   - progress: called on this thread when a step begins.
    /// - Throws: ``StoreFault``; a file that was refused is as it was.
    package static func open(
        directory: String, durability: Durability, busyTimeout: Double = 5, bootID: BootID? = .current(),
        copying: WALCopying = .byWriter, auditKey: AuditKey? = nil,
        progress: (@Sendable (OpeningStep) -> Void)? = nil
    ) throws(StoreFault) -> SQLiteStore {
        try SQLiteStore(
            Opening(
                directory: directory, durability: durability, busyTimeout: busyTimeout, bootID: bootID, auditKey: auditKey,
                progress: progress), copying)
    }

    private init(_ opening: Opening, _ copying: WALCopying) throws(StoreFault) {
        let path = opening.path
        try opening.createFile()
        var opened: DatabasePool?
        do {
            let pool = try opening.openPool()
            opened = pool
            let found = try opening.prepare(pool)
            copier = copying == .beside ? try WALCopier(path: path, busyTimeout: opening.busyTimeout) : nil
            self.pool = pool
            gauge = opening.gauge
            identity = found.identity
            renewal = found.renewal
            wasClean = found.wasClean
            auditStart = found.auditStart
            writer = Mutex(
                Writer(
                    head: found.head, neededFrom: found.neededFrom, oldestJournal: found.oldestJournal, editions: found.editions,
                    erasures: found.erasures, audit: found.audit))
        } catch {
            if let opened { Self.close(opened, leaving: opening.directory) }
            throw StoreFault(error, path: path)
        }
        self.path = path
        directory = opening.directory
        durability = opening.durability
        busyTimeout = opening.busyTimeout
        bootID = opening.bootID
        headFile = HeadFile(directory: opening.directory)
        opening.progress?(.ready)
    }

    /// Bytes of the log that is in a directory; 0 if there is none.
    package static func size(in directory: String) -> Int64 {
        var found = stat()
        return stat("\(directory)/\(fileName)", &found) == 0 ? Int64(found.st_size) : 0
    }

    /// Lets go of a log that turned out to be damaged, and leaves its files as they are.
    package func abandon() {
        copier?.close()
        Self.close(pool, leaving: directory)
    }

    private static func close(_ pool: DatabasePool, leaving directory: String) {
        // The last connection that closes copies the WAL into the file; one that only reads does not.
        let last = try? Snapshot(directory: directory)
        try? pool.close()
        withExtendedLifetime(last) {}
    }

    package var head: LogHead { writer.withLock { $0.head } }

    /// The erasures that were begun and not ended.
    var currentErasures: ErasureQueue { writer.withLock { $0.erasures } }

    /// The end of the audit log, as far as it is durable; `nil` without its key.
    var auditChain: AuditChain? { writer.withLock { $0.audit } }

    package func append(_ commit: Commit) throws(StoreFault) {
        let appending = Appending(commit, after: try state(), path: path)
        let audit = try working { try pool.write { database in try appending.write(to: database) } }
        // What was copied beside it may have failed meanwhile.
        _ = try state()
        announce(appending.head)
        update { state in
            state.head = appending.head
            state.neededFrom = appending.neededFrom
            state.oldestJournal = appending.trimBefore
            state.editions = appending.editions
            state.erasures = appending.erasures
            state.audit = audit
            state.auditKept.append(commit.audit)
            if commit.edition.contains(where: \.leavesGarbage) { state.mayHaveGarbage = true }
            if state.kept != nil { state.kept?.append(commit) }
            if commit.number.isMultiple(of: FreeSpace.commitsPerCount) { state.mayHaveFreeSpace = true }
        }
        copyWAL()
    }

    /// Has the WAL copied into the file when it has become long. To be called after everything that was written.
    ///
    /// SQLite would do so by itself and say nothing of what fails. But a sync that failed may not be followed by one that succeeds, for the
    /// system may have dropped what it could not write; so a fault here is the end of the writer's work, though the commit is durable.
    func copyWAL() {
        let step = writer.withLock { state in
            state.fault == nil ? state.wal.next(pages: gauge.reading, copier == nil ? .byWriter : .beside) : .nothing
        }
        switch step {
        case .nothing: break
        case .copy:
            // Weak: a store that nobody has any more needs no verdict, and a copy under way must not keep it open.
            copier?.copy { [weak self] error in self?.copyEnded(error, wasBeside: true) }
        case .finish:
            do {
                try resting { try pool.writeWithoutTransaction { database in try database.checkpointUnlessBusy(.passive) } }
                copyEnded(nil, wasBeside: false)
            } catch {
                copyEnded(error, wasBeside: false)
            }
        }
    }

    /// A copy of the WAL has ended; a fault that may not pass is the end of the writer's work.
    private func copyEnded(_ error: (any Error)?, wasBeside: Bool) {
        let fault = error.map { StoreFault($0, path: path) }
        update { state in
            state.wal.ended(isDone: fault == nil, wasBeside: wasBeside)
            if let fault, !fault.mayPass, state.fault == nil { state.fault = fault }
        }
    }

    /// Runs `body` while nothing of the WAL is copied beside it, unless such a copy has failed for good.
    func resting<Value>(_ body: () throws -> Value) throws -> Value {
        guard let copier else { return try body() }
        return try copier.resting {
            _ = try state()
            return try body()
        }
    }

    /// Says beside the database how far it goes.
    ///
    /// - Returns: 0, or the `errno` of what went wrong, which is no harm.
    @discardableResult
    func announce(_ head: LogHead) -> CInt {
        headFile.write(HeadRecord(logID: identity.logID, head: head, bootID: bootID, durability: durability))
    }

    /// What the thread that writes knows, unless a fault has ended its work.
    ///
    /// The lock is not held while the disk works: only one thread writes, and the others that ask for the head shall not wait.
    func state() throws(StoreFault) -> Writer {
        let state = writer.withLock { $0 }
        if let fault = state.fault { throw fault }
        return state
    }

    func update(_ change: (inout Writer) -> Void) { writer.withLock { change(&$0) } }

    /// Does a piece of the writer's work; a fault that may not pass is the end of it.
    ///
    /// - Parameter goesOnBesideDamage: whether the work only reads what is old, so that damage there does not concern new commits.
    func working<Value>(goesOnBesideDamage: Bool = false, _ body: () throws -> Value) throws(StoreFault) -> Value {
        do {
            return try body()
        } catch {
            let fault = StoreFault(error, path: path)
            var isEnd = !fault.mayPass
            if goesOnBesideDamage, case .damaged = fault { isEnd = false }
            if isEnd { writer.withLock { $0.fault = fault } }
            throw fault
        }
    }

    /// Ends the run: everything goes from the WAL into the file, which is then marked as closed cleanly.
    ///
    /// Waits for reads that are under way; later ones throw ``StoreFault/closed(path:)``.
    ///
    /// - Throws: ``StoreFault``, also one that has ended the writer's work before; the marker is not set then, so that the next start checks
    ///   the file.
    package func close() throws(StoreFault) {
        let head = head
        do {
            // After a fault nothing more is written: a second try would say nothing of what the first one lost.
            _ = try state()
            try resting {
                try pool.writeWithoutTransaction { database in
                    try database.execute(sql: "PRAGMA synchronous = FULL")
                    try Meta.set(.clean, [1], in: database)
                    // What another program still reads stays in the WAL, which is as good, and not worth a long wait.
                    try database.execute(sql: "PRAGMA busy_timeout = 1000")
                    try database.checkpointUnlessBusy(.truncate)
                }
            }
            announce(head)
            try pool.close()
            copier?.close()
        } catch {
            if writer.withLock({ $0.fault != nil }) { abandon() }
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
