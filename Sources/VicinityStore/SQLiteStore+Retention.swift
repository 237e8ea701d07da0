// Removes old events and the garbage of the register in steps that are as short as a commit, and gives back what a large removal has left
// free.
//
// A step that finds nothing to do asks the database nothing: what it must know is kept beside the head.

import Foundation
import GRDB
import VicinityCore

/// Pages of the file that hold nothing.
struct FreeSpace {
    /// Pages that one step gives back at most.
    static let pagesPerStep = 128
    /// Below this, in bytes, free pages are kept for what comes.
    static let kept = 4 << 20
    /// Without removals the free pages are counted in one commit of so many.
    static let commitsPerCount: Int64 = 256

    var pages: Int
    var free: Int

    init(_ database: Database) throws {
        pages = try Int.fetchOne(database.cachedStatement(sql: "PRAGMA page_count")) ?? 0
        free = try Int.fetchOne(database.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
    }

    /// Whether so much is free that the file should shrink; what is less is soon used again.
    var isLarge: Bool { free * 4 > pages && free * Schema.pageSize > Self.kept }
}

extension SQLiteStore {
    /// Rows of the register that one step removes at most. Each may lie on another page of each index, so that they are about 1 MiB.
    private static let garbagePerStep = 256

    package func retain(_ retention: Retention) throws(StoreFault) -> RetentionStep {
        let state = try state()
        let head = state.head.seq
        var kept: Kept
        if let known = state.kept {
            kept = known
        } else {
            kept = try working(goesOnBesideDamage: true) { try pool.writeWithoutTransaction { database in try Kept(database, path: path) } }
        }
        var isCut = false
        let before = kept.oldest(head: head)
        if kept.isTouched(by: retention, head: head) {
            let removal = try working(goesOnBesideDamage: true) {
                try pool.write { database in try remove(retention, from: kept, head: head, in: database) }
            }
            kept = removal.kept
            isCut = removal.isCut
        }
        update { state in
            state.kept = kept
            if kept.oldest(head: head) > before { state.mayHaveFreeSpace = true }
        }
        if kept.oldest(head: head) > before { copyWAL() }
        let audit = try retainAudit(retention)
        isCut = isCut || audit.isCut
        // What a sweep leaves free is given back when it is over.
        let isSwept = isCut ? true : try !sweepRegister()
        let isMoreLeft = isCut || !isSwept ? isCut : try giveBack()
        let oldest = kept.oldest(head: head)
        return RetentionStep(
            oldest: oldest, removed: oldest - before, isDone: !isMoreLeft, isSwept: isSwept, auditRemoved: audit.removed,
            auditDamage: audit.damage)
    }

    /// Removes in the database what a step decides on.
    ///
    /// A row is believed only with its checksum: a bit that flipped in a time must not remove events that are to be kept.
    private func remove(_ retention: Retention, from kept: Kept, head: Int64, in database: Database) throws -> Removal {
        var removal = Removal(retention, from: kept, head: head)
        let rows = try Row.fetchCursor(database.cachedStatement(sql: BlockRow.select + " ORDER BY first_seq"))
        var next = kept.block?.firstSeq
        while let row = try rows.next() {
            let block = try BlockRow(row, path: path)
            guard block.firstSeq == next else { throw StoreFault.damaged(path: path, what: "event \(next ?? 0) is missing") }
            next = block.lastSeq + 1
            let span = Kept.Block(firstSeq: block.firstSeq, lastSeq: block.lastSeq, wallTime: block.wallTime)
            guard removal.takes(span, bytes: block.bytes.count) else { break }
        }
        removal.finish()
        let first = removal.kept.block?.firstSeq ?? head + 1
        try database.cachedStatement(sql: "DELETE FROM blocks WHERE first_seq < ?").execute(arguments: [first])
        if removal.kept.floor != kept.floor { try Meta.setNumber(.oldest, removal.kept.floor, in: database) }
        return removal
    }

    /// Removes some of the register's rows that belong to no edition any more.
    ///
    /// - Returns: whether there may be more.
    private func sweepRegister() throws(StoreFault) -> Bool {
        let state = try state()
        guard state.mayHaveGarbage else { return false }
        let removed = try working(goesOnBesideDamage: true) {
            try pool.write { database in try state.editions.removeGarbage(Self.garbagePerStep, from: database) }
        }
        update { state in
            state.mayHaveGarbage = removed == Self.garbagePerStep
            if removed > 0 { state.mayHaveFreeSpace = true }
        }
        if removed > 0 { copyWAL() }
        return removed == Self.garbagePerStep
    }

    /// - Returns: whether more is to be given back.
    private func giveBack() throws(StoreFault) -> Bool {
        let state = try state()
        // Pages that are being cleaned must stay where they are.
        guard state.mayHaveFreeSpace, state.erasures.round == 0 else { return false }
        let isLarge = try working {
            try pool.writeWithoutTransaction { database in
                guard try FreeSpace(database).isLarge else { return false }
                try database.execute(sql: "PRAGMA incremental_vacuum(\(FreeSpace.pagesPerStep))")
                return try FreeSpace(database).isLarge
            }
        }
        update { $0.mayHaveFreeSpace = isLarge }
        copyWAL()
        return isLarge
    }
}

extension Kept {
    init(_ database: Database, path: String) throws {
        block = try Row.fetchOne(database, sql: BlockRow.select + " ORDER BY first_seq LIMIT 1").map { row in
            let row = try BlockRow(row, path: path)
            return Block(firstSeq: row.firstSeq, lastSeq: row.lastSeq, wallTime: row.wallTime)
        }
        floor = try Meta.getNumber(.oldest, in: database, path: path) ?? 0
    }
}
