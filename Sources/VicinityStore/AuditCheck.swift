// Holds entries against the chain, one after the other: a verification takes them all, retention those that it removes.

/// How far a chain was found to be what was written.
struct AuditCheck {
    private let key: AuditKey
    /// The number of the last entry that retention has removed.
    private let removed: Int64
    /// The last entry that is what was written.
    private(set) var last: AuditLink
    private(set) var firstBreak: AuditVerification.Break?
    private(set) var entries: Int64 = 0
    /// Whether the beginning is not to be believed, so that the first entry is the first wrong one.
    private var isAnchorless = false

    /// - Parameter anchor: the one that is kept, which is `nil` if it is not what was written.
    init(_ key: AuditKey, from anchor: AuditAnchor?) {
        self.key = key
        last = anchor?.last ?? .origin
        removed = last.number
        isAnchorless = anchor == nil
    }

    /// Takes the next entry.
    ///
    /// - Parameters:
    ///   - number: where it stands.
    ///   - row: `nil` if it contradicts its checksum.
    mutating func take(_ number: Int64, _ row: ChainedEntry?) {
        entries += 1
        guard firstBreak == nil else { return }
        let due = last.number + 1
        if isAnchorless {
            fail(number, "nobody can tell what was before it: where the chain begins is not what was written")
        } else if number < due {
            fail(number, "there is an entry \(number), but the chain begins with \(due)")
        } else if number > due {
            fail(due, number == due + 1 ? "it is missing" : "the entries \(due) to \(number - 1) are missing")
        } else if let row {
            let hash = key.hash(of: row.entry, after: last.hash)
            if hash == row.hash { last = AuditLink(number: number, hash: hash) } else { fail(due, "it is not what was written") }
        } else {
            fail(due, "it does not say what was written there")
        }
    }

    /// Notes that nothing further can be read.
    mutating func takeUnreadable(_ why: String) { fail(last.number + 1, "it cannot be read: \(why)") }

    /// Takes the end of the chain.
    ///
    /// - Parameters:
    ///   - seal: of the newest commit; `nil` if it is not what was written.
    ///   - known: the number of an entry that was surely written; 0 if nothing is known.
    mutating func finish(_ seal: AuditSeal?, known: Int64) -> AuditVerification {
        let due = last.number + 1
        if isAnchorless && entries == 0 {
            fail((seal?.last.number ?? 0) + 1, "what was before it is not there, and where the chain begins is not what was written")
        } else if let seal {
            let end = max(seal.last.number, known)
            if end >= due { fail(due, end == due ? "it is missing, at the end" : "the entries \(due) to \(end), at the end, are missing") }
            if end < last.number { fail(end + 1, "the chain ends before it") }
            if seal.last != last { fail(due, "the chain ends with another entry than the last one") }
        } else {
            fail(due, "where the chain ends, before it, is not what was written")
        }
        if let brokenAt = seal?.brokenAt, brokenAt > removed, brokenAt <= firstBreak?.number ?? .max {
            firstBreak = nil
            fail(brokenAt, "when it was added, the end of the chain before it was not what had been written")
        }
        return AuditVerification(entries: entries, firstBreak: firstBreak)
    }

    private mutating func fail(_ number: Int64, _ what: String) {
        if firstBreak == nil { firstBreak = .init(number: number, what: "entry \(number): \(what)") }
    }
}
