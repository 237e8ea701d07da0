// What the audit log says: who asked for what, when and why, and which fields were told. Entries are only ever added, in the commit that
// does what they tell of, and each is chained to the one before (see AuditChain.swift).

/// One entry of the audit log.
package struct AuditEntry: Sendable, Equatable {
    /// Who asked, as the system knows it: the credentials of the other end of the connection.
    package struct Peer: Sendable, Equatable {
        package var uid: UInt32
        package var gid: UInt32
        /// Of the process that connected; numbers are given again after it has ended.
        package var pid: Int32

        package init(uid: UInt32, gid: UInt32, pid: Int32) {
            self.uid = uid
            self.gid = gid
            self.pid = pid
        }
    }

    /// 1, 2, 3 … without a hole.
    package var number: Int64
    /// When it was asked for, in Unix milliseconds.
    package var wallTime: Int64
    package var peer: Peer
    /// What was asked for: a method of `control.sock`, or what the daemon did by itself.
    package var method: String
    /// A keyed hash of the user's id, made elsewhere; `nil` if it concerned no user. The id itself must be nowhere in an entry, since nothing
    /// is ever taken out of one.
    package var user: UInt64?
    /// The id of the subject, UTF-8, 1 to 128 bytes; `nil` if it concerned none.
    package var subject: [UInt8]?
    /// As it was stated; `nil` if none was.
    package var purpose: String?
    /// A word: what became of it.
    package var outcome: String
    /// The names of the fields that were told, in the order in which they were.
    package var fields: [String]
    /// Whatever else an auditor must know, in a few words.
    package var detail: String?

    package init(
        number: Int64, wallTime: Int64, peer: Peer, method: String, user: UInt64? = nil, subject: [UInt8]? = nil,
        purpose: String? = nil, outcome: String, fields: [String] = [], detail: String? = nil
    ) {
        self.number = number
        self.wallTime = wallTime
        self.peer = peer
        self.method = method
        self.user = user
        self.subject = subject
        self.purpose = purpose
        self.outcome = outcome
        self.fields = fields
        self.detail = detail
    }
}

/// An entry with its place in the chain.
package struct ChainedEntry: Sendable, Equatable {
    package var entry: AuditEntry
    /// 32 bytes: the HMAC-SHA256 of the entry and of the hash before it.
    package var hash: [UInt8]
}

/// What a verification of the audit log has found.
package struct AuditVerification: Sendable, Equatable {
    /// Where the log is not what was written.
    package struct Break: Sendable, Equatable {
        /// Of the first entry that is not what was written, or is missing; where the end of the chain is not to be believed, one past the
        /// last entry that is.
        package var number: Int64
        /// What is wrong there: a sentence without an end.
        package var what: String

        package init(number: Int64, what: String) {
            self.number = number
            self.what = what
        }
    }

    /// Entries that are there, whether they can be believed or not.
    package var entries: Int64
    /// The first place that is wrong; `nil` if none is.
    package var firstBreak: Break?

    package var isIntact: Bool { firstBreak == nil }

    package init(entries: Int64, firstBreak: Break? = nil) {
        self.entries = entries
        self.firstBreak = firstBreak
    }
}

/// Reads the audit log. Safe from any thread; blocks the caller while the disk works.
package protocol AuditReader: Sendable {
    /// The entries after `number`, in order.
    ///
    /// - Parameter limit: at least 1.
    /// - Throws: ``StoreFault``; ``StoreFault/damaged(path:what:)`` names an entry that cannot be read, and those after it still can be.
    func auditEntries(after number: Int64, limit: Int) throws(StoreFault) -> [AuditEntry]

    /// Holds every entry against the chain.
    ///
    /// - Throws: ``StoreFault`` if the disk fails; damage is an answer.
    /// - Complexity: reads the whole audit log, one entry at a time; no memory.
    /// - Precondition: the store has the key of the chain.
    func verifyAudit() throws(StoreFault) -> AuditVerification
}
