// What a tool sees of a log that may be damaged: every row by itself, with a reason for each that cannot be had.
//
// Recovery stops at the first fault, because a daemon must not go on with half a state. A tool that says what is wrong, or saves what can
// be saved, has to go on behind it; nothing here decides what a fault means.

import GRDB
package import VicinityCore

/// The log in a directory, looked at without changing anything there. It may be damaged, and a daemon may be running on it.
package struct Inspection: Sendable {
    /// A block with what the log knows of it.
    package struct Block: Sendable {
        package var events: EventBlock
        /// When it was committed, in Unix milliseconds.
        package var wallTime: Int64

        package init(events: EventBlock, wallTime: Int64) {
            self.events = events
            self.wallTime = wallTime
        }
    }

    /// The version of the schema that this program writes.
    package static var knownVersion: Int { Schema.version }
    /// Complaints that ``integrity()`` gives at most.
    package static let complaints = 100

    /// The version that the file has; if it is more than ``knownVersion``, nothing else can be relied on.
    package let schemaVersion: Int
    /// What the head file says; `nil` if there is none, or none that is whole.
    package let headFile: HeadRecord?
    private let snapshot: Snapshot

    var path: String { snapshot.path }

    /// Opens the log of a directory in the state of its last commit, and stays at it; meanwhile the WAL of a daemon that runs cannot be
    /// reset.
    ///
    /// - Throws: ``StoreFault`` if there is none, or none of ours, or if not even its schema can be read.
    package init(directory: String) throws(StoreFault) {
        // Before the snapshot: the record is then never ahead of it because of a daemon that goes on.
        headFile = HeadRecord.read(directory: directory)
        let snapshot = try Snapshot(directory: directory)
        let (application, version) = try snapshot.read { database in
            (
                try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            )
        }
        guard application == Schema.applicationID else { throw .foreign(path: snapshot.path) }
        schemaVersion = version
        self.snapshot = snapshot
    }

    /// Whether nothing was written under our eyes: a daemon that was started meanwhile may have made complaints of what is whole.
    package var isUndisturbed: Bool { snapshot.isUndisturbed }

    /// Bytes of the file and of its WAL.
    package var bytes: Int64 {
        ["", "-wal"].reduce(0) { $0 + ((try? Snapshot.size(of: path + $1)) ?? 0) }
    }

    package var identity: Result<LogIdentity, StoreFault> {
        result { database in
            guard let identity = try LogIdentity(database, path: path) else {
                throw StoreFault.damaged(path: path, what: "the log's identity is missing")
            }
            return identity
        }
    }

    /// Whether the last run closed the log; `false` while one is going on.
    package var wasClean: Bool { entry(.clean) == [1] }

    /// Whether it is a copy that a backup made and that no daemon has opened.
    package var isBackup: Bool { entry(.backup) != nil }

    /// The last commit.
    package var head: Result<LogHead, StoreFault> {
        result { database in try LastCommit.fetch(database, version: schemaVersion, path: path)?.head ?? LogHead(commit: 0, seq: 0) }
    }

    /// The seq of the oldest event that is kept; one past the head if there is none.
    package var oldest: Result<Int64, StoreFault> {
        result { database in try SQLiteStore.oldest(database, path: path) }
    }

    /// Why a start would refuse the log, or make it another one, because of what the head file says; ``HeadRecord/Verdict/agrees`` also
    /// where that cannot be told.
    ///
    /// - Parameter bootID: of now.
    package func verdict(bootID: BootID? = .current()) -> HeadRecord.Verdict {
        guard let headFile, case .success(let identity) = identity, case .success(let head) = head else { return .agrees }
        return headFile.verdict(on: head, of: identity.logID, wasClean: wasClean, bootID: bootID)
    }

    /// SQLite's complaints about the whole file, up to ``complaints``; none if it is whole.
    ///
    /// - Parameter isWanted: asked now and then; where it says no, the answer is worth nothing.
    /// - Complexity: reads each page; about 1 s a GB that is in the page cache.
    package func integrity(while isWanted: () -> Bool = { true }) -> [String] {
        struct Unwanted: Error {}
        let found = result { database in
            try database.asking({ if !isWanted() { throw Unwanted() } }) {
                try String.fetchAll(database, sql: "PRAGMA integrity_check(\(Self.complaints))")
            }
        }
        return switch found {
        case .success(["ok"]): []
        case .success(let complaints): complaints.map { $0.split(separator: "\n").joined(separator: " ") }
        case .failure(let fault): ["\(fault)"]
        }
    }

    /// The users who were being forgotten, as far as that can be read.
    package var erasures: [Erasure] {
        (try? snapshot.read { database in try ErasureQueue(database, path: path).entries }) ?? []
    }

    private func entry(_ key: Meta.Key) -> [UInt8]? {
        try? snapshot.read { database in try Meta.get(key, in: database, path: path) }
    }

    private func result<Value>(_ body: (Database) throws -> Value) -> Result<Value, StoreFault> {
        do throws(StoreFault) {
            return .success(try snapshot.read(body))
        } catch {
            return .failure(error)
        }
    }

    /// Runs `body` in the snapshot; what it throws goes through as it is.
    func access<Value>(_ body: (Database) throws -> Value) throws -> Value { try snapshot.queue.inDatabase(body) }
}

extension Snapshot {
    /// Runs `body`, and turns what goes wrong into a fault.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreFault) -> Value {
        do {
            return try queue.inDatabase(body)
        } catch {
            throw StoreFault(error, path: path)
        }
    }
}
