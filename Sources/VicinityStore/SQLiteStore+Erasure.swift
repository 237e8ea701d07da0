// Takes users out of what is kept, in steps that are as short as a commit; see Erasure.swift.

import Foundation
import GRDB
import Glibc
import VicinityCore

extension SQLiteStore {
    /// Journals that one step removes at most.
    private static let journalsPerStep: Int64 = 64

    package var erasures: [Erasure] { currentErasures.entries }

    package func erase() throws(StoreFault) -> ErasureStep {
        let state = try state()
        switch state.erasures.stage(oldestJournal: state.oldestJournal) {
        case .nothing: return .idle
        case .beginRound:
            try change(state.erasures) { $0.beginRound() }
            update { $0.cleaning = Cleaning() }
            return .more
        case .rewrite(let through): return try rewrite(state.erasures, through: through)
        case .dropJournals(let before): return try dropJournals(before: before, state)
        case .forgetIDs:
            try change(state.erasures) { $0.forgetIDs() }
            return .more
        case .cleanFile: return try cleanFile(state)
        }
    }

    private func change(_ before: ErasureQueue, _ change: (inout ErasureQueue) -> Void) throws(StoreFault) {
        var queue = before
        change(&queue)
        try working { try pool.write { database in try queue.write(to: database) } }
        update { $0.erasures = queue }
        copyWAL()
    }

    // MARK: - Blocks

    private func rewrite(_ before: ErasureQueue, through: Int64) throws(StoreFault) -> ErasureStep {
        let queue = try working(goesOnBesideDamage: true) {
            try pool.write { database in
                var rewriting = Rewriting(before, through: through)
                let times = try look(&rewriting, in: database)
                var queue = before
                queue.rewrote(before: rewriting.position, rewriting.events)
                for (block, wallTime) in zip(rewriting.blocks, times) {
                    let row = BlockRow(firstSeq: block.firstSeq, lastSeq: block.lastSeq, wallTime: wallTime, bytes: block.bytes)
                    try database.cachedStatement(sql: BlockRow.update).execute(arguments: [row.checksum, Data(row.bytes), row.firstSeq])
                }
                try queue.write(to: database)
                return queue
            }
        }
        update { $0.erasures = queue }
        copyWAL()
        return queue.position > through ? .rewritten(queue.users) : .more
    }

    /// Looks at blocks up to the bound of a step.
    ///
    /// - Returns: when the blocks that are to be rewritten were committed.
    private func look(_ rewriting: inout Rewriting, in database: Database) throws -> [Int64] {
        let sql =
            BlockRow.select + """
                 WHERE first_seq >= coalesce((SELECT max(first_seq) FROM blocks WHERE first_seq <= ?1), 0) AND first_seq <= ?2
                ORDER BY first_seq
                """
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: [rewriting.position, rewriting.through])
        var times: [Int64] = []
        while !rewriting.isFull {
            guard let row = try rows.next() else {
                rewriting.finish()
                break
            }
            let found = try BlockRow(row, path: path)
            do {
                try rewriting.take(try found.block(path: path))
            } catch is EventBlock.Damaged {
                throw StoreFault.damaged(path: path, what: "the block of event \(found.firstSeq) cannot be read")
            }
            if times.count < rewriting.blocks.count { times.append(found.wallTime) }
        }
        return times
    }

    // MARK: - State

    private func dropJournals(before commit: Int64, _ state: Writer) throws(StoreFault) -> ErasureStep {
        // A journal is superfluous when pages of its commit or of later ones hold all state.
        let end = min(state.neededFrom, commit, state.oldestJournal + Self.journalsPerStep)
        guard end > state.oldestJournal else { return .waitsForState }
        try working {
            try pool.write { database in
                try database.cachedStatement(sql: "DELETE FROM commits WHERE number < ?").execute(arguments: [end])
            }
        }
        update { state in
            state.oldestJournal = end
            state.mayHaveFreeSpace = true
        }
        copyWAL()
        return .more
    }

    // MARK: - The bytes of the file

    /// How far the file was cleaned in this round.
    struct Cleaning {
        /// The page to go on with, from 1.
        var nextPage = 1
        var isDone = false
    }

    private func cleanFile(_ state: Writer) throws(StoreFault) -> ErasureStep {
        guard !state.cleaning.isDone else { return .idle }
        let (wasReached, next) = try working {
            try resting { try pool.writeWithoutTransaction { database in try clean(database, state.cleaning) } }
        }
        guard wasReached else { return .waitsForReaders }
        update { state in
            state.wal.wasEmptied()
            if let next { state.cleaning.nextPage = next } else { state.cleaning.isDone = true }
        }
        return next == nil ? .done(Array(state.erasures.underWay)) : .more
    }

    /// Empties the WAL, and overwrites what a part of the file holds between its cells.
    ///
    /// - Returns: whether the WAL could be emptied, and the page with which to go on.
    private func clean(_ database: Database, _ cleaning: Cleaning) throws -> (Bool, Int?) {
        // Commits shall not wait for a reader; it is tried again.
        try database.execute(sql: "PRAGMA busy_timeout = 0")
        defer { try? database.execute(sql: "PRAGMA busy_timeout = \(Int(busyTimeout * 1000))") }
        do {
            guard try Int.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0 else { return (false, nil) }
            var next: Int?
            var isEmpty = false
            try database.inTransaction(.immediate) {
                var wal = stat()
                isEmpty = stat(path + "-wal", &wal) != 0 || wal.st_size == 0
                if isEmpty { next = try PageScrubber.scrub(database, from: cleaning.nextPage) }
                return .commit
            }
            try database.execute(sql: "PRAGMA shrink_memory")
            return (isEmpty, next)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return (false, nil)
        }
    }
}
