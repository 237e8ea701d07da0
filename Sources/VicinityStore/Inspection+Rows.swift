// The rows of each table, one by one, around those that cannot be read.

import GRDB
import VicinityCore

extension Inspection {
    /// Every block that holds an event from `seq` on, in order.
    ///
    /// `body` gets a fault for each block that cannot be read and for each run of events that is missing before the next block or at the
    /// end; what follows comes after it. What `body` throws ends it.
    package func forEachBlock(from seq: Int64 = 0, _ body: (Result<Block, StoreFault>) throws -> Void) throws {
        try access { database in
            let first = try? Int64.fetchOne(database, sql: "SELECT max(first_seq) FROM blocks WHERE first_seq <= ?", arguments: [seq])
            // The seq that is due; not known at the beginning, and after a block that could not be read.
            var due: Int64?
            try TableWalk(BlockRow.select, key: "first_seq", path: path).forEach(from: first ?? 0, in: database) { row in
                switch row {
                case .failure(let fault):
                    due = nil
                    try body(.failure(fault))
                case .success(let row):
                    let block: Block
                    do throws(StoreFault) {
                        let found = try BlockRow(row, path: path)
                        block = Block(events: try found.block(path: path), wallTime: found.wallTime)
                    } catch {
                        due = nil
                        try body(.failure(error))
                        return
                    }
                    if let due, block.events.firstSeq != due { try body(.failure(missing(from: due, to: block.events.firstSeq - 1))) }
                    due = block.events.lastSeq + 1
                    if block.events.lastSeq >= seq { try body(.success(block)) }
                }
            }
            if let due, case .success(let head) = Result(catching: { try LastCommit.newest(database, version: schemaVersion, path: path) }),
                let head,
                head.head >= due
            {
                try body(.failure(missing(from: due, to: head.head)))
            }
        }
    }

    /// Every piece of the state, in the order of recovery, with every report, and without the number of the last audit entry.
    ///
    /// `body` gets a fault for each that cannot be read, and for each journal that is missing; the suspensions and sign-offs that can be read
    /// come after the faults of theirs. What `body` throws ends it.
    package func forEach(_ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        try access { database in
            try readPrecision(in: database, body)
            try walkRegister(in: database, body)
            if schemaVersion >= 4 { try walkSuspensions(in: database, body) }
            try walkSignOffs(in: database, body)
            if schemaVersion >= 2 { try walkCursors(in: database, body) }
            if schemaVersion >= 4 { try walkReports(in: database, body) }
            try walk(StatePage.select, key: "number", in: database, body) { row in .page(try StatePage(row, path: path)) }
            try walkJournals(in: database, body)
        }
    }

    private func missing(from first: Int64, to last: Int64) -> StoreFault {
        .damaged(path: path, what: first == last ? "event \(first) is missing" : "the events \(first) to \(last) are missing")
    }

    private func walk(
        _ select: String, key: String, in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void,
        from first: Int64 = .min, through last: Int64 = .max, _ piece: (Row) throws -> Recovered?
    ) throws {
        try TableWalk(select, key: key, path: path).forEach(from: first, through: last, in: database) { row in
            switch row.flatMap({ row in Result { try piece(row) }.mapError { StoreFault($0, path: path) } }) {
            case .success(let piece?): try body(.success(piece))
            case .success(nil): break
            case .failure(let fault): try body(.failure(fault))
            }
        }
    }

    private func readPrecision(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        let state: PrecisionState?
        do { state = try PrecisionState(database, path: path) } catch { return try body(.failure(StoreFault(error, path: path))) }
        if let state { try body(.success(.precision(state))) }
    }

    /// The live edition, and of one that departs what is not in that, or cannot be read there. Where nobody knows which is the live one,
    /// the likeliest.
    ///
    /// - Complexity: memory for the slots of the live edition while a swap is not settled.
    private func walkRegister(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        var editions: Editions
        do { editions = try Editions(database, path: path) } catch {
            try body(.failure(StoreFault(error, path: path)))
            editions = Editions(guessingFrom: database, path: path)
        }
        let select = SubjectRow.select(version: schemaVersion)
        let key = SubjectRow.key(version: schemaVersion)
        var slots: Set<UInt32> = []
        let live = Editions.keys(of: editions.live)
        try walk(select, key: key, in: database, body, from: live.lowerBound, through: live.upperBound) { row in
            let subject = try SubjectRow(row, path: path)
            if editions.swap != nil { slots.insert(subject.slot) }
            return .subject(subject)
        }
        guard let swap = editions.swap else { return }
        try body(.success(.swap(at: swap.time)))
        let departing = Editions.keys(of: swap.departing)
        try walk(select, key: key, in: database, body, from: departing.lowerBound, through: departing.upperBound) { row in
            let key = Int64.fromDatabaseValue(row[0]) ?? departing.lowerBound
            return slots.contains(UInt32(truncatingIfNeeded: key)) ? nil : .departing(try SubjectRow(row, path: path))
        }
    }

    /// By key, since the order of recovery would need an index, which may be damaged; and then in the order of recovery.
    private func walkSuspensions(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        var found: [SuspensionRow] = []
        try TableWalk(SuspensionRow.select, key: "key", path: path).forEach(from: .min, in: database) { row in
            switch row.flatMap({ row in Result { try SuspensionRow(row, path: path) }.mapError { StoreFault($0, path: path) } }) {
            case .success(let row): found.append(row)
            case .failure(let fault): try body(.failure(fault))
            }
        }
        for row in found.sorted(by: SuspensionRow.precedes) { try body(.success(.suspension(row))) }
    }

    private func walkReports(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        if let last = try? Int64.fetchOne(database, sql: "SELECT max(number) FROM reports") { try body(.success(.reported(through: last))) }
        try walk(ReportRow.select, key: "number", in: database, body) { row in .report(try ReportRow(row, path: path)) }
    }

    /// By hash, since the order of recovery would need an index, which may be damaged; and then in the order of recovery.
    private func walkSignOffs(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        var found: [SignOff] = []
        try TableWalk(SignOff.select(version: schemaVersion), key: "hash", path: path).forEach(from: .min, in: database) { row in
            switch row.flatMap({ row in Result { try SignOff(row, path: path) }.mapError { StoreFault($0, path: path) } }) {
            case .success(let signOff): found.append(signOff)
            case .failure(let fault): try body(.failure(fault))
            }
        }
        found.sort { ($0.until, Int64(bitPattern: $0.hash)) < ($1.until, Int64(bitPattern: $1.hash)) }
        for signOff in found { try body(.success(.signOff(signOff))) }
    }

    /// From both ends to the first row that cannot be read: names cannot be counted through, and there are few.
    private func walkCursors(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        var last: [UInt8] = []
        let fault = try walkCursors("", in: database) { cursor in
            if let name = try? cursor.get().name { last = name }
            try body(cursor.map { .cursor($0) })
        }
        guard let fault else { return }
        try body(.failure(fault))
        var rest: [Result<Cursor, StoreFault>] = []
        _ = try walkCursors(" DESC", in: database) { rest.append($0) }
        for cursor in rest.reversed() {
            if let name = try? cursor.get().name, last.lexicographicallyPrecedes(name) { try body(cursor.map { .cursor($0) }) }
        }
    }

    /// - Returns: why it ended early.
    private func walkCursors(
        _ order: String, in database: Database, _ body: (Result<Cursor, StoreFault>) throws -> Void
    ) throws -> StoreFault? {
        let rows: RowCursor
        do { rows = try Row.fetchCursor(database, sql: Cursor.select + " ORDER BY name" + order) } catch {
            return StoreFault(error, path: path)
        }
        while true {
            let next: Row?
            do { next = try rows.next() } catch { return StoreFault(error, path: path) }
            guard let row = next else { return nil }
            try body(Result { try Cursor(row, path: path) }.mapError { StoreFault($0, path: path) })
        }
    }

    private func walkJournals(in database: Database, _ body: (Result<Recovered, StoreFault>) throws -> Void) throws {
        let newest = try? LastCommit.newest(database, version: schemaVersion, path: path)
        var due = newest?.neededFrom
        func tellMissing(before number: Int64) throws {
            guard let first = due, first < number else { return }
            let what = first == number - 1 ? "the journal of commit \(first) is" : "the journals of commits \(first) to \(number - 1) are"
            try body(.failure(.damaged(path: path, what: "\(what) missing")))
        }
        try TableWalk(CommitRow.select(version: schemaVersion), key: "number", path: path).forEach(from: due ?? 0, in: database) { row in
            switch row.flatMap({ row in Result { try CommitRow(row, path: path) }.mapError { StoreFault($0, path: path) } }) {
            case .success(let commit):
                try tellMissing(before: commit.number)
                due = commit.number + 1
                try body(.success(.journal(commit: commit.number, bytes: commit.journal)))
            case .failure(let fault):
                due = nil
                try body(.failure(fault))
            }
        }
        if let newest { try tellMissing(before: newest.number + 1) }
    }
}
