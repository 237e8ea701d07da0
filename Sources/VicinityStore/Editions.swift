// The register comes in editions, so that a new one of a million subjects can be brought in small pieces and then takes the place of the
// old one at once.
//
// The rows of each edition carry its *generation*, a number that only grows. One generation is *live*: it is the register. One may be
// *staged*: it comes to be, row by row, and nobody sees it. A swap makes the staged one live by changing one number; the one that was
// live is then *departing*, for its subjects still have open pairs, which the daemon closes a few at a time until it is settled. The rows
// of every other generation are garbage, and go in small steps between commits (``SQLiteStore/retain(_:)``).

import GRDB

/// A step in the life of an edition of the register.
package enum EditionChange: Sendable, Equatable {
    /// A new edition without subjects is staged; what was staged before is garbage.
    case begin
    /// A new subject of the staged edition, or a new record in place of the one that has this slot there. An id that is in the live
    /// edition too has the same slot in both, and a slot never belongs to two ids of the live, the staged and the departing edition.
    case put(SubjectRow)
    /// Nothing happens if no subject of the staged edition has the slot.
    case remove(slot: UInt32)
    /// The staged edition, if there is one, is garbage.
    case discard
    /// The staged edition is the register from this commit on, and what was the register is departing; `at` is in Unix milliseconds.
    case swap(at: Int64)
    /// The departing edition, if there is one, is garbage, and the swap is over.
    case settled
}

/// What each generation of the register's rows is; those that are not named are garbage.
struct Editions: Equatable, Sendable {
    /// A swap that is not settled.
    struct Swap: Equatable, Sendable {
        var departing: Int64
        /// Unix milliseconds.
        var time: Int64
    }

    /// Above 0 once there has been a swap.
    var live: Int64 = 0
    /// The greatest generation that was ever given, so that none is given while there is garbage of that number.
    var newest: Int64 = 0
    var staged: Int64?
    var swap: Swap?

    /// Those whose rows stay, in ascending order.
    var kept: [Int64] { [swap?.departing, live, staged].compactMap { $0 }.sorted() }

    /// Takes a step.
    ///
    /// - Returns: the generation whose rows the step changes; that which is live if it changes none.
    /// - Precondition: to put, to remove and to swap, an edition is staged; a swap is settled before the next one.
    @discardableResult
    mutating func take(_ change: EditionChange) -> Int64 {
        switch change {
        case .begin:
            newest += 1
            staged = newest
        case .put, .remove:
            guard let staged else { preconditionFailure("no edition of the register is staged") }
            return staged
        case .discard:
            staged = nil
        case .swap(let time):
            guard let staged else { preconditionFailure("no edition of the register is staged") }
            precondition(swap == nil, "the swap before is not settled")
            swap = Swap(departing: live, time: time)
            live = staged
            self.staged = nil
        case .settled:
            swap = nil
        }
        return live
    }
}

extension EditionChange {
    /// Whether a generation may be garbage after it that was none before.
    var leavesGarbage: Bool {
        switch self {
        case .begin, .discard, .settled: true
        case .put, .remove, .swap: false
        }
    }
}

extension Editions {
    /// Reads what `meta` says.
    ///
    /// - Throws: ``StoreFault/damaged(path:what:)`` if an entry is not what was written, or if two contradict each other.
    init(_ database: Database, path: String) throws {
        func number(_ key: Meta.Key) throws -> Int64? { try Meta.getNumber(key, in: database, path: path) }
        live = try number(.generation) ?? 0
        newest = try number(.newestGeneration) ?? 0
        staged = try number(.stagedGeneration)
        switch (try number(.departingGeneration), try number(.swap)) {
        case (nil, nil): swap = nil
        case (let departing?, let time?): swap = Swap(departing: departing, time: time)
        default: throw StoreFault.damaged(path: path, what: "the entry \(Meta.Key.swap.rawValue) is there without that of its edition")
        }
        let kept = kept
        let isInOrder = newest < Int64(Int32.max) && kept.allSatisfy { $0 >= 0 && $0 <= newest }
        guard isInOrder, Set(kept).count == kept.count else {
            throw StoreFault.damaged(path: path, what: "the entry \(Meta.Key.generation.rawValue) contradicts another one")
        }
    }

    /// What is likely where an entry cannot be read: of what is in the table, the newest generation that is known for nothing else.
    ///
    /// - Complexity: one seek for each generation that has rows.
    init(guessingFrom database: Database, path: String) {
        func number(_ key: Meta.Key) -> Int64? { try? Meta.getNumber(key, in: database, path: path) }
        staged = number(.stagedGeneration)
        if let departing = number(.departingGeneration), let time = number(.swap) { swap = Swap(departing: departing, time: time) }
        var found: [Int64] = []
        var from = Int64.min
        while let key = try? Int64.fetchOne(database, sql: "SELECT min(key) FROM subjects WHERE key >= ?", arguments: [from]) {
            found.append(key >> 32)
            guard key >> 32 < Int64(Int32.max) else { break }
            from = Self.keys(of: key >> 32 + 1).lowerBound
        }
        do {
            live = try Meta.getNumber(.generation, in: database, path: path) ?? 0
        } catch {
            live = found.last { $0 != staged && $0 != swap?.departing } ?? 0
        }
    }

    /// Writes what has changed.
    ///
    /// - Complexity: O(1).
    func write(to database: Database, replacing old: Editions) throws {
        func set(_ key: Meta.Key, _ value: Int64?, _ before: Int64?) throws {
            guard value != before else { return }
            if let value { try Meta.setNumber(key, value, in: database) } else { try Meta.remove(key, in: database) }
        }
        try set(.generation, live, old.live)
        try set(.newestGeneration, newest, old.newest)
        try set(.stagedGeneration, staged, old.staged)
        try set(.departingGeneration, swap?.departing, old.swap?.departing)
        try set(.swap, swap?.time, old.swap?.time)
    }

    // MARK: - Rows

    /// The primary key of a row: the generation, and below it the 32 bits of the slot. So the rows of a generation lie side by side, and
    /// in the order of their slots.
    static func key(_ generation: Int64, slot: UInt32) -> Int64 { generation << 32 | Int64(slot) }

    /// The primary keys of a generation's rows.
    static func keys(of generation: Int64) -> ClosedRange<Int64> { key(generation, slot: 0)...key(generation, slot: .max) }

    /// The generations that are garbage: those between the ones that are kept.
    var garbage: [ClosedRange<Int64>] {
        var ranges: [ClosedRange<Int64>] = []
        var from = Int64.min
        for generation in kept {
            if from < generation { ranges.append(from...generation - 1) }
            from = generation + 1
        }
        return ranges + [from...Int64.max]
    }

    /// Removes some of the garbage, in the order of the ids: so both indexes shrink from one end, and only the table's rows may lie anywhere.
    /// In the order of the keys it would be the other way round, which wrote twice as many pages.
    ///
    /// - Parameter limit: rows at most.
    /// - Returns: how many rows were removed; less than `limit` if none is left.
    func removeGarbage(_ limit: Int, from database: Database) throws -> Int {
        var removed = 0
        let sql = """
            DELETE FROM subjects WHERE key IN
                (SELECT key FROM subjects WHERE generation BETWEEN ? AND ? ORDER BY generation, id LIMIT ?)
            """
        for range in garbage where removed < limit {
            try database.cachedStatement(sql: sql).execute(arguments: [range.lowerBound, range.upperBound, limit - removed])
            removed += database.changesCount
        }
        return removed
    }
}
