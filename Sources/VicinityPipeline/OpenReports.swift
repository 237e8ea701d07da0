import VicinityStore

/// The reports that are open, as far as it must be known which subjects are disputed, and by how many.
struct OpenReports: Sendable {
    private struct Entry {
        /// `nil` once the user was forgotten.
        var user: [UInt8]?
        let subject: [UInt8]
        let kind: String
    }

    /// The number of the last report that was ever made.
    var last: Int64 = 0
    private var entries: [Int64: Entry] = [:]
    private var bySubject: [[UInt8]: Set<Int64>] = [:]

    /// Takes up a report that is open.
    mutating func add(_ row: ReportRow) {
        last = max(last, row.number)
        entries[row.number] = Entry(user: row.user, subject: row.subject, kind: row.kind)
        bySubject[row.subject, default: []].insert(row.number)
    }

    /// The subject of a report; `nil` if it is not open.
    func subject(of number: Int64) -> [UInt8]? { entries[number]?.subject }

    /// A report is open no more.
    mutating func remove(_ number: Int64) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        bySubject[entry.subject]?.remove(number)
        if bySubject[entry.subject]?.isEmpty == true { bySubject[entry.subject] = nil }
    }

    /// A user was forgotten: their reports stay open, and nobody knows whose they are.
    ///
    /// - Complexity: O(open reports).
    mutating func forget(_ user: [UInt8]) {
        for number in entries.keys where entries[number]?.user == user { entries[number]?.user = nil }
    }

    /// How many different users have reported a subject in one of these ways; all those who were forgotten count as one.
    func users(reporting subject: [UInt8], kinds: Set<String>) -> Int {
        let matching = (bySubject[subject] ?? []).compactMap { entries[$0] }.filter { kinds.contains($0.kind) }
        return Set(matching.map(\.user)).count
    }
}
