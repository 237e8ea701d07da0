import Foundation
import GRDB

@testable import VicinityStore

/// A log with entries of which retention has removed the oldest, and what somebody may have kept of it from before.
struct AuditedLog {
    static let removed: Int64 = 12
    static let entries: Int64 = 60

    let place: Workplace
    /// The rows that retention has removed.
    private(set) var gone: [ChainedEntry] = []
    /// Where the chain began before the last removal.
    private(set) var oldAnchor: [UInt8] = []
    /// Where it ended, and with which entry, after each commit.
    private(set) var oldSeals: [(last: Int64, bytes: [UInt8])] = []

    init() throws {
        place = try Workplace()
        let store = try place.open()
        var random = Seeded(99)
        var number: Int64 = 0
        for commit in Int64(1)...20 {
            let entries = (0..<3).map { _ in
                number += 1
                return auditEntry(number, wallTime: number * 1000, using: &random)
            }
            // One in five brings nothing to the chain, and is sealed all the same.
            try store.append(Commit(number: commit * 2 - 1, audit: entries, wallTime: number * 1000))
            try store.append(Commit(number: commit * 2, wallTime: number * 1000))
            let seal = try store.read { database in try LastCommit.newest(database, path: "")?.audit }
            oldSeals.append((number, seal ?? []))
        }
        _ = oldSeals.removeLast()
        gone = try store.read { database in
            try Row.fetchAll(database, sql: ChainedEntry.select + " LIMIT \(Self.removed)").map { try ChainedEntry($0, path: "") }
        }
        for bound in [6, Self.removed + 1] {
            oldAnchor = try store.read { database in try Meta.get(.auditAnchor, in: database, path: "") } ?? []
            _ = try store.retain(Retention(auditedBefore: bound * 1000))
        }
        try store.close()
    }

    func copy() throws -> Workplace {
        let copy = try place.another()
        try copy.write(place.bytes())
        return copy
    }
}
