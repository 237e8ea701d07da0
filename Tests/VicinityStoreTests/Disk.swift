// The disk that forgets and fails, as the tests see it: a directory that is watched for the length of a closure. See faulty_disk.h.
//
// It watches one directory at a time in the whole process, so that every test with one is in ``FaultyDiskTests``, which is serialized.

import CFaultyDisk
import Foundation
import Testing
import VicinityStore

/// Tests of what the store does when the machine fails; in extensions, one to a file.
@Suite(.serialized)
enum FaultyDiskTests {
    /// How many seeds were asked for; `nil` is a short run.
    private static let wanted = ProcessInfo.processInfo.environment["VICINITY_SEEDS"].flatMap { UInt64($0) }

    static let seeds = UInt64(0)..<(wanted ?? 16)
    static let isLongRun = wanted != nil
}

/// A watched directory.
struct Disk {
    /// What SQLite asks of the system.
    struct Calls: OptionSet, CustomTestStringConvertible {
        let rawValue: UInt32

        static let open = Calls(rawValue: faulty_disk_open)
        static let read = Calls(rawValue: faulty_disk_read)
        static let write = Calls(rawValue: faulty_disk_write)
        static let sync = Calls(rawValue: faulty_disk_sync)
        static let truncate = Calls(rawValue: faulty_disk_truncate)
        static let size = Calls(rawValue: faulty_disk_size)
        static let lock = Calls(rawValue: faulty_disk_lock)
        static let delete = Calls(rawValue: faulty_disk_delete)
        static let access = Calls(rawValue: faulty_disk_access)
        static let mapMemory = Calls(rawValue: faulty_disk_shm_map)
        static let lockMemory = Calls(rawValue: faulty_disk_shm_lock)
        /// Those after which a loss of power leaves something else than before.
        static let changes: Calls = [.open, .write, .sync, .truncate, .delete]

        var testDescription: String { "calls \(String(rawValue, radix: 2))" }
    }

    /// Of which file.
    struct Files: OptionSet {
        let rawValue: UInt32

        static let database = Files(rawValue: faulty_disk_database)
        static let wal = Files(rawValue: faulty_disk_wal)
        static let journal = Files(rawValue: faulty_disk_journal)
        static let all: Files = [.database, .wal, .journal]
    }

    /// What the system says of it, where the disk itself cannot do what it is told to.
    struct Failure: Error { let code: CInt }

    let place: Workplace

    /// Watches a place, and no longer than `body` runs.
    static func watching<Value>(_ place: Workplace, seed: UInt64 = 0, _ body: (Disk) throws -> Value) throws -> Value {
        guard faulty_disk_begin(place.path, seed) else { throw Failure(code: EBUSY) }
        defer { faulty_disk_end() }
        return try body(Disk(place: place))
    }

    /// The calls since the watch began.
    func count(_ calls: Calls, of files: Files = .all) -> Int64 { faulty_disk_count(calls.rawValue, files.rawValue) }

    // MARK: Faults

    /// Makes calls fail, in place of the last such plan.
    ///
    /// - Parameters:
    ///   - nth: of the calls that match: 1 is the next one.
    ///   - times: so many fail, one after the other; `nil` is all until ``heal()``.
    ///   - code: of SQLite; opening with 8 (read-only) succeeds, but what was opened cannot be written.
    ///   - written: bytes that a write has written when it fails.
    func fail(
        _ calls: Calls, of files: Files = .all, nth: Int64 = 1, times: Int64? = nil, with code: CInt, written: Int64 = 0
    ) {
        faulty_disk_fail(
            faulty_disk_fault(
                calls: calls.rawValue, files: files.rawValue, nth: nth, times: times ?? 0, code: code, written: written))
    }

    /// How many calls the plan has failed so far.
    var failed: Int64 { faulty_disk_failed() }

    /// Ends the plan.
    ///
    /// - Returns: how many calls it has failed.
    @discardableResult
    func heal() -> Int64 { faulty_disk_heal() }

    /// Makes syncs of these files wait, in place of those named before.
    func holdSyncs(of files: Files) { faulty_disk_hold_syncs(files.rawValue) }

    /// How many of them wait now.
    var heldSyncs: Int { Int(faulty_disk_waiting()) }

    // MARK: Loss of power

    /// Writes what a loss of power would leave now. The file beside the database, which is never synced, is not in it.
    func losePower(into image: Workplace, seed: UInt64) throws {
        let code = faulty_disk_lose_power(image.path, seed)
        guard code == 0 else { throw Failure(code: code) }
    }

    /// The same just before one of the next calls.
    func losePower(atCall nth: Int64, of calls: Calls = .changes, on files: Files = .all, into image: Workplace, seed: UInt64) {
        faulty_disk_lose_power_at(nth, calls.rawValue, files.rawValue, image.path, seed)
    }

    /// Ends the plan, if it did not come to it.
    func keepPower() { faulty_disk_keep_power() }

    /// Whether it came to it.
    func hasLostPower() throws -> Bool {
        let code = faulty_disk_lost_power()
        guard code <= 0 else { throw Failure(code: code) }
        return code == 0
    }
}

/// Another program that has the database open.
final class OtherProgram {
    private let handle: OpaquePointer

    init(_ place: Workplace) throws { handle = try #require(other_program_open(place.database)) }

    deinit { other_program_close(handle) }

    /// - Returns: a result code of SQLite.
    @discardableResult
    func run(_ sql: String) -> CInt { other_program_run(handle, sql) }
}
