// The rows of `reports` and `suspensions`.

import Foundation
import GRDB

extension ReportRow {
    static let select = """
        SELECT number, wall_time, user, subject, kind, text, counts_until, resolved_at, outcome, note, checksum FROM reports
        """
    private static let columns = "(number, wall_time, user, subject, kind, text, counts_until, resolved_at, outcome, note, checksum)"
    /// Fails if there is a report of this number.
    static let insert = "INSERT INTO reports \(columns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    /// Only what may change after a report was made.
    static let upsert =
        insert + """
             ON CONFLICT (number) DO UPDATE SET user = excluded.user, text = excluded.text, counts_until = excluded.counts_until,
            resolved_at = excluded.resolved_at, outcome = excluded.outcome, note = excluded.note, checksum = excluded.checksum
            """

    private var checksum: Int64 {
        var digest = RowDigest(.reports)
        digest.add(number)
        digest.add(wallTime)
        digest.add(user) { $0.add($1) }
        digest.add(subject)
        digest.add(kind)
        digest.add(text) { $0.add($1) }
        digest.add(countsUntil) { $0.add($1) }
        digest.add(resolution?.wallTime) { $0.add($1) }
        digest.add(resolution?.outcome) { $0.add($1) }
        digest.add(resolution?.note) { $0.add($1) }
        return digest.checksum
    }

    var arguments: StatementArguments {
        [
            number, wallTime, user.map { Data($0) }, Data(subject), kind, text, countsUntil, resolution?.wallTime, resolution?.outcome,
            resolution?.note, checksum,
        ]
    }

    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "report \(row[0] as DatabaseValue)")
        self.init(
            number: try columns.integer(0), wallTime: try columns.integer(1), user: try columns.bytesOrNull(2),
            subject: try columns.bytes(3), kind: try columns.text(4), text: try columns.textOrNull(5),
            countsUntil: try columns.integerOrNull(6))
        switch (try columns.integerOrNull(7), try columns.textOrNull(8), try columns.textOrNull(9)) {
        case (nil, nil, nil): break
        case (let time?, let outcome?, let note): resolution = Resolution(outcome: outcome, note: note, wallTime: time)
        default: throw columns.damaged
        }
        try columns.check(checksum, at: 10)
    }
}

extension SuspensionRow {
    static let select = "SELECT key, subject, source, reason, wall_time, checksum FROM suspensions"
    /// The key is whatever SQLite gives.
    static let upsert = """
        INSERT INTO suspensions (subject, source, reason, wall_time, checksum) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (subject, source) DO UPDATE SET reason = excluded.reason, wall_time = excluded.wall_time, checksum = excluded.checksum
        """
    static let delete = "DELETE FROM suspensions WHERE subject = ? AND source = ?"

    private var checksum: Int64 {
        var digest = RowDigest(.suspensions)
        digest.add(subject)
        digest.add(Int64(source.rawValue))
        digest.add(reason)
        digest.add(wallTime)
        return digest.checksum
    }

    var arguments: StatementArguments { [Data(subject), source.rawValue, reason, wallTime, checksum] }

    init(_ row: Row, path: String) throws(StoreFault) {
        let columns = Columns(row: row, path: path, what: "a suspension")
        guard let source = UInt8(exactly: try columns.integer(2)).flatMap({ Source(rawValue: $0) }) else { throw columns.damaged }
        self.init(
            subject: try columns.bytes(1), source: source, reason: try columns.text(3), wallTime: try columns.integer(4))
        try columns.check(checksum, at: 5)
    }
}
