// One call of SQLite to the system fails in the middle of one thing that the store does: what the store may do then, and what must be there
// afterwards.

import Foundation
import Testing
import VicinityCore
import VicinityStore

/// A way in which the system fails.
struct SystemFault: CustomTestStringConvertible {
    /// What the store calls it.
    enum Kind { case inputOutput, diskFull, locked, cannotOpen }

    let name: String
    let calls: Disk.Calls
    /// Of SQLite.
    let code: CInt
    var written: Int64 = 0

    var testDescription: String { name }

    /// Whether the store tries the call again.
    var passes: Bool { code & 0xff == 5 }

    /// Those after which nobody knows what is on the disk.
    static let writing = [
        SystemFault(name: "a write fails", calls: .write, code: 778),
        SystemFault(name: "a write fails in the middle", calls: .write, code: 778, written: 600),
        SystemFault(name: "a sync fails", calls: .sync, code: 1034),
        SystemFault(name: "a truncation fails", calls: .truncate, code: 1546),
    ]
    static let space = [
        SystemFault(name: "the disk is full", calls: .write, code: 13),
        SystemFault(name: "the disk is full after a part of a write", calls: .write, code: 13, written: 600),
    ]
    static let others = [
        SystemFault(name: "a read fails", calls: .read, code: 266),
        SystemFault(name: "a file cannot be opened", calls: .open, code: 14),
        SystemFault(name: "a file cannot be deleted", calls: .delete, code: 2570),
        SystemFault(name: "a size cannot be had", calls: .size, code: 1802),
        SystemFault(name: "the shared memory cannot be had", calls: .mapMemory, code: 5386),
        SystemFault(name: "a lock is held", calls: [.lock, .lockMemory], code: 5),
    ]
    static let all = writing + space + others

    func matches(_ fault: StoreFault) -> Bool {
        switch (code & 0xff, fault) {
        // A check of the whole file tells in words of a page that it could not read, and that counts as damage.
        case (10, .inputOutput), (10, .damaged), (13, .diskFull), (5, .locked), (14, .cannotOpen): true
        default: false
        }
    }
}

/// A log with something of everything in it, as a crash has left it, and what comes next.
struct PreparedLog {
    let place: Workplace
    let next: Commit
    let retention = Retention(beforeSeq: 4, auditedBefore: 3000)
    let before: Snapshot
    let afterAppend: Snapshot
    /// Events and audit entries go one after the other.
    let amidRetention: Snapshot
    let afterRetention: Snapshot
    /// Of no log.
    let empty: Snapshot

    init() throws {
        let truth = memoryStore()
        empty = try Snapshot(of: truth)
        let origin = try Workplace()
        let store = try origin.open(.power)
        for commit in [Self.commit(1), Self.commit(2)] {
            try store.append(commit)
            try truth.append(commit)
        }
        // What SQLite has not copied into the file yet is in both.
        try OtherProgram(origin).run("PRAGMA wal_checkpoint")
        try store.append(Self.commit(3))
        try truth.append(Self.commit(3))
        place = try origin.crashed()
        next = Self.commit(4)
        before = try Snapshot(of: truth)
        let appended = MemoryStore(truth.contents, auditKey: .ofTheTests)
        try appended.append(next)
        afterAppend = try Snapshot(of: appended)
        let retained = MemoryStore(truth.contents, auditKey: .ofTheTests)
        _ = try retained.retain(Retention(beforeSeq: retention.beforeSeq))
        amidRetention = try Snapshot(of: retained)
        _ = try retained.retain(retention)
        afterRetention = try Snapshot(of: retained)
    }

    private static func commit(_ number: Int64) -> Commit {
        Commit(
            number: number, blocks: [block(number * 3 - 2, count: 3)], journal: Array(repeating: UInt8(number), count: 6000),
            pages: [StatePage(index: 0, bytes: [UInt8(number)])], journalNeededFrom: number > 2 ? number - 1 : nil,
            register: [.put(subject(UInt32(number % 2), "s-\(number % 2)", kind: "toll"))],
            edition: edition(number),
            signOffs: [SignOff(hash: UInt64(number), time: 5, until: 6, limits: [UInt8(number)])],
            cursors: [.set(Cursor(name: Array("relay".utf8), acked: number, wallTime: number))],
            suspensions: [.set(SuspensionRow(subject: Array("s-1".utf8), source: .dispute, reason: "\(number)", wallTime: number))],
            reports: [
                .create(
                    ReportRow(number: number, wallTime: number, user: Array("u-1".utf8), subject: Array("s-1".utf8), kind: "tip", text: "!")
                ),
                .resolve(number: number - 2, ReportRow.Resolution(outcome: "no", wallTime: 4)),
            ],
            audit: [
                AuditEntry(
                    number: number, wallTime: number * 1000, peer: AuditEntry.Peer(uid: 1, gid: 2, pid: 3), method: "details",
                    outcome: "granted", fields: ["a"])
            ], wallTime: number * 1000)
    }

    /// The third leaves a swap that is not settled and an edition that is staged.
    private static func edition(_ number: Int64) -> [EditionChange] {
        let put = EditionChange.put(subject(UInt32(number), "s-\(number)", kind: "toll"))
        return switch number {
        case 2: [.begin, put]
        case 3: [put, .swap(at: 7), .begin, put]
        case 4: [.settled, .begin, put]
        default: []
        }
    }

    /// A copy, for one attempt.
    func copy(in root: Workplace) throws -> Workplace {
        let copy = try root.another()
        for suffix in ["", "-wal"] { try copy.write(place.bytes(suffix), suffix) }
        return copy
    }
}

extension Workplace {
    /// Opens what a loss of power has left: on another start of the machine.
    func openAfterLoss(_ durability: Durability = .power) throws(StoreFault) -> SQLiteStore {
        try open(durability, busyTimeout: 0, bootID: BootID(String(repeating: "1", count: 32)))
    }
}
