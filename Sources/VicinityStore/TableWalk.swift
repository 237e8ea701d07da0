// Goes through a table by its key and gets around pages that cannot be read.
//
// SQLite finds a row by walking down from the root, and stops at a page that contradicts itself. The rows behind it can still be had by
// asking for a key that lies on another page. Which one is not known, so that it is sought: keys ever farther off until one can be read,
// and then back by halves to the first.

import GRDB

struct TableWalk {
    private let select: String
    private let key: String
    private let path: String

    /// - Parameters:
    ///   - select: gives the key as its first column.
    ///   - key: the table's integer primary key.
    init(_ select: String, key: String, path: String) {
        self.select = select
        self.key = key
        self.path = path
    }

    /// Calls `body` with each row whose key is within two bounds, in ascending order, and with a fault for each place that cannot be read.
    ///
    /// - Complexity: about 130 seeks for each such place.
    func forEach(
        from start: Int64, through end: Int64 = .max, in database: Database, _ body: (Result<Row, StoreFault>) throws -> Void
    ) throws {
        var next: Int64? = start
        while let from = next {
            // The key after the last that was read.
            var after = from
            guard let fault = try run(from: from, through: end, &after, in: database, body) else { return }
            try body(.failure(fault))
            next = firstReadable(from: after, through: end, in: database)
        }
    }

    /// - Returns: what ended it before the end of the table.
    private func run(
        from start: Int64, through end: Int64, _ next: inout Int64, in database: Database, _ body: (Result<Row, StoreFault>) throws -> Void
    ) throws -> StoreFault? {
        let rows: RowCursor
        do { rows = try Row.fetchCursor(database, sql: sql, arguments: [start, end]) } catch { return StoreFault(error, path: path) }
        while true {
            let found: Row?
            do { found = try rows.next() } catch { return StoreFault(error, path: path) }
            guard let row = found else { return nil }
            guard let key = row[0] as Int64?, key >= next else { return .damaged(path: path, what: "rows are out of order") }
            try body(.success(row))
            guard key < .max else { return nil }
            next = key + 1
        }
    }

    /// The first key behind a place that cannot be read.
    ///
    /// - Parameter bad: cannot be read.
    /// - Returns: `nil` if nothing behind it can.
    private func firstReadable(from bad: Int64, through end: Int64, in database: Database) -> Int64? {
        var unreadable = bad
        var distance: Int64 = 1
        var readable: Int64?
        while readable == nil {
            let (probe, isPast) = bad.addingReportingOverflow(distance)
            guard !isPast else { return nil }
            if isReadable(from: probe, through: end, in: database) { readable = probe } else { unreadable = probe }
            let (twice, isFar) = distance.multipliedReportingOverflow(by: 2)
            if isFar && readable == nil { return nil }
            distance = twice
        }
        guard var readable else { return nil }
        while readable - 1 > unreadable {
            let middle = unreadable + (readable - unreadable) / 2
            if isReadable(from: middle, through: end, in: database) { readable = middle } else { unreadable = middle }
        }
        return readable
    }

    private func isReadable(from key: Int64, through end: Int64, in database: Database) -> Bool {
        do {
            guard let row = try Row.fetchOne(database, sql: sql + " LIMIT 1", arguments: [key, end]) else { return true }
            return (row[0] as Int64?).map { $0 >= key } ?? false
        } catch {
            return false
        }
    }

    private var sql: String { "\(select) WHERE \(key) BETWEEN ? AND ? ORDER BY \(key)" }
}
