// The chain of the audit log. Three things hold it, each an HMAC-SHA256 under a key that is not in the file:
//
// * The *hash* of an entry covers the entry and the hash before it: nothing can be changed, swapped, left out or put in between.
// * The *seal* stands in the newest row of `commits`, and each commit writes a new one. It covers the number of that commit, and the
//   number and the hash of the last entry: entries cannot be cut off at the end, nor an older seal be put back, unless the log itself is put
//   back to that commit, which the head file and the cursors of all subscribers tell.
// * The *anchor* stands in `meta`. It covers the number and the hash of the last entry that retention removed, and the moment before which
//   it removed them: entries cannot be cut off at the beginning.
//
// A chain whose end cannot be believed when the log is opened goes on behind what is there, and every seal from then on says where that
// was: damage is never covered up by going on.

/// A place in the chain.
struct AuditLink: Equatable, Sendable {
    /// 0 is before the first entry.
    var number: Int64
    /// 32 bytes.
    var hash: [UInt8]

    /// What the first entry is chained to.
    static let origin = AuditLink(number: 0, hash: [UInt8](repeating: 0, count: 32))
}

/// What a link and two numbers are when they are kept: number · hash · another number · code.
private struct SignedLink {
    static let size = 80

    var link: AuditLink
    var extra: Int64
    var code: [UInt8]

    /// - Returns: `nil` if it is of another length.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        link = AuditLink(number: Self.number(bytes[0..<8]), hash: Array(bytes[8..<40]))
        extra = Self.number(bytes[40..<48])
        code = Array(bytes[48..<80])
    }

    static func bytes(_ link: AuditLink, _ extra: Int64) -> [UInt8] { bytes(link.number) + link.hash + bytes(extra) }

    static func bytes(_ number: Int64) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
}

/// Where the chain ends, as of a commit.
struct AuditSeal: Equatable, Sendable {
    var last: AuditLink
    /// The first entry that was added after an end that could not be believed; 0 if there never was one.
    var brokenAt: Int64

    /// Of a log without a commit.
    static let origin = AuditSeal(last: .origin, brokenAt: 0)

    init(last: AuditLink, brokenAt: Int64) {
        self.last = last
        self.brokenAt = brokenAt
    }

    /// - Returns: `nil` if the bytes are not what was made with the key for this commit.
    init?(_ bytes: [UInt8], of commit: Int64, _ key: AuditKey) {
        guard let signed = SignedLink(bytes) else { return nil }
        self.init(last: signed.link, brokenAt: signed.extra)
        guard key.isValid(signed.code, .seal, message(of: commit)) else { return nil }
    }

    func bytes(of commit: Int64, _ key: AuditKey) -> [UInt8] {
        SignedLink.bytes(last, brokenAt) + key.code(.seal, message(of: commit))
    }

    private func message(of commit: Int64) -> [UInt8] { SignedLink.bytes(commit) + SignedLink.bytes(last, brokenAt) }
}

/// Where the chain begins, once retention has removed entries.
struct AuditAnchor: Equatable, Sendable {
    /// The last entry that was removed.
    var last: AuditLink
    /// Entries from before this moment were removed, in Unix milliseconds.
    var removedBefore: Int64

    static let origin = AuditAnchor(last: .origin, removedBefore: 0)

    init(last: AuditLink, removedBefore: Int64) {
        self.last = last
        self.removedBefore = removedBefore
    }

    /// - Returns: `nil` if the bytes are not what was made with the key.
    init?(_ bytes: [UInt8], _ key: AuditKey) {
        guard let signed = SignedLink(bytes) else { return nil }
        self.init(last: signed.link, removedBefore: signed.extra)
        guard key.isValid(signed.code, .anchor, SignedLink.bytes(last, removedBefore)) else { return nil }
    }

    func bytes(_ key: AuditKey) -> [UInt8] {
        let message = SignedLink.bytes(last, removedBefore)
        return message + key.code(.anchor, message)
    }
}

extension AuditKey {
    /// The hash of an entry that comes after another.
    func hash(of entry: AuditEntry, after hash: [UInt8]) -> [UInt8] { code(.entry, hash + entry.digest.columns) }
}

/// What the opening of a log has found of its chain.
package enum AuditStart: Sendable, Equatable {
    /// The store has no key: it takes no entries, and does not seal what it writes.
    case withoutKey
    /// There was no chain, and none is missing.
    case begins
    case continues
    /// The end of the chain is not what was written, or of another key. It goes on with the entry `at`, and every verification tells of
    /// that as long as this entry is kept.
    case broken(at: Int64)

    /// Whether the newest commit must be sealed anew, so that what was found stays.
    var isNews: Bool {
        switch self {
        case .withoutKey, .continues: false
        case .begins, .broken: true
        }
    }
}

/// The end of a chain to which entries are added.
struct AuditChain: Equatable, Sendable {
    let key: AuditKey
    private(set) var seal: AuditSeal

    /// The number of the last entry; 0 if there is none.
    var number: Int64 { seal.last.number }

    /// Adds entries.
    ///
    /// - Precondition: their numbers follow one another and the last one's.
    mutating func append(_ entries: [AuditEntry]) -> [ChainedEntry] {
        entries.map { entry in
            precondition(entry.number == number + 1, "audit entry \(entry.number) does not follow entry \(number)")
            seal.last = AuditLink(number: entry.number, hash: key.hash(of: entry, after: seal.last.hash))
            return ChainedEntry(entry: entry, hash: seal.last.hash)
        }
    }

    /// Notes that something stood behind the end of the chain that is not of it.
    mutating func markBroken(at number: Int64) { if seal.brokenAt == 0 { seal.brokenAt = number } }

    /// What the row of a commit says.
    func bytes(of commit: Int64) -> [UInt8] { seal.bytes(of: commit, key) }
}

extension AuditChain {
    /// Numbers from here on are nobody's; an entry that claims one is not counted on.
    static let greatestNumber: Int64 = 1 << 40

    /// What is there when a log is opened.
    struct Found {
        /// The number of the newest commit; 0 if there is none.
        var commit: Int64
        /// Of that commit, as it is kept.
        var seal: [UInt8]?
        /// The newest entry; of one that cannot be read, the number and no hash.
        var last: AuditLink?
        var hasAnchor: Bool
        /// Whether the log had no tables for a chain until just now.
        var isMigrated: Bool
    }

    /// Takes the chain up where it ends.
    init(_ key: AuditKey, _ found: Found, start: inout AuditStart) {
        self.key = key
        if let bytes = found.seal, let seal = AuditSeal(bytes, of: found.commit, key) {
            self.seal = seal
            start = .continues
            // Entries behind the end: they stay for whoever looks into it, and the chain goes on behind them.
            if let stray = found.last?.number, stray > number {
                self.seal.last.number = stray
                markBroken(at: stray + 1)
                start = .broken(at: stray + 1)
            }
            return
        }
        let isBare = found.seal == nil && found.last == nil && !found.hasAnchor
        if isBare, found.commit == 0 || found.isMigrated || key.isNew {
            seal = .origin
            start = .begins
            return
        }
        var last = found.last ?? .origin
        last.number = max(0, last.number)
        if last.hash.count != AuditLink.origin.hash.count { last.hash = AuditLink.origin.hash }
        seal = AuditSeal(last: last, brokenAt: last.number + 1)
        start = .broken(at: last.number + 1)
    }
}
