// The face of the store. There are two: SQLite, and one in memory that can fail on purpose.
//
// One thread appends; anybody reads, at any time, and sees whole commits only.

package import VicinityCore

/// How far the log has come.
package struct LogHead: Sendable, Equatable {
    /// The number of the last commit; 0 if there is none.
    package var commit: Int64
    /// The seq of the last event; 0 if there never was one. It survives the removal of the events.
    package var seq: Int64

    package init(commit: Int64, seq: Int64) {
        self.commit = commit
        self.seq = seq
    }
}

/// What tells one log from another, made when the log was created and never changed.
package struct LogIdentity: Sendable, Equatable {
    /// 32 hexadecimal digits, random.
    package var logID: String
    /// 16 random bytes: the key of the hashes in ``SignOff``.
    package var signOffKey: [UInt8]

    package init(logID: String, signOffKey: [UInt8]) {
        self.logID = logID
        self.signOffKey = signOffKey
    }

    /// A new identity.
    package init(using generator: inout some RandomNumberGenerator) {
        let digits = Array("0123456789abcdef".utf8)
        let hexadecimal = (0..<32).map { _ in digits[Int.random(in: 0..<16, using: &generator)] }
        logID = String(decoding: hexadecimal, as: UTF8.self)
        signOffKey = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// When a commit counts as done.
package enum Durability: Sendable, CaseIterable {
    /// When it survives the end of the process.
    case process
    /// When it survives the loss of power too.
    case power
}

/// One piece of what is on disk. They come in this order: what is kept of the key of the cells if there is something, every subject by ascending slot, the swap if one is not settled and then the
/// subjects that depart with it by ascending slot, every suspension by ascending subject id and then source, every sign-off by ascending end,
/// every cursor by ascending name, the numbers of the last report and of the last audit entry if there is one, every report that is still needed
/// by ascending number, every page by ascending index, and every journal that is still needed by ascending commit number. Sign-offs that are
/// over may be among them.
package enum Recovered: Sendable, Equatable {
    case precision(PrecisionState)
    case subject(SubjectRow)
    /// The register was swapped at this moment, in Unix milliseconds, and the edition before it is not settled.
    case swap(at: Int64)
    /// A subject of the edition before whose slot is not in the register: it may have pairs that are still open.
    case departing(SubjectRow)
    case suspension(SuspensionRow)
    case signOff(SignOff)
    case cursor(Cursor)
    /// The number of the last report that was ever made.
    case reported(through: Int64)
    /// The number of the last audit entry, if the store has the key to add more.
    case audited(through: Int64)
    /// A report that is open, or that counted for the limits of its user when the last commit was made; others are read by who asks for
    /// them (``ReportReader``).
    case report(ReportRow)
    case page(StatePage)
    /// The commits that follow one another; `bytes` is empty if the commit changed no state.
    case journal(commit: Int64, bytes: [UInt8])
}

/// Keeps the log and what is needed to go on after any end of the process.
package protocol LogStore: Sendable {
    var identity: LogIdentity { get }

    /// How far the log is durable.
    var head: LogHead { get }

    /// Makes a commit durable. Called by one thread at a time.
    ///
    /// - Throws: what went wrong; nothing of the commit is then kept, and ``head`` is where it was. Where
    ///   ``StoreFault/mayPass`` says so, the same commit may be appended again; otherwise the store is of no more use.
    /// - Precondition: `commit.number` follows the head's, its blocks begin where the log ends, nothing needed is trimmed, and its audit
    ///   entries begin where the audit log ends, of which the store has the key.
    func append(_ commit: Commit) throws(StoreFault)

    /// Removes a bounded part of the events that need not be kept, oldest first, then of the audit log, then of the register's rows that are
    /// garbage, and gives a bounded part of the free space back. Called by the thread that appends, between commits.
    ///
    /// Whole blocks are removed; where events of the oldest block that stays need not be kept, they are from then on as good as removed
    /// (``LogReader/oldest()`` is past them).
    ///
    /// - Throws: as for ``append(_:)``; but damage in what is old, which is never removed in silence, does not end the work.
    func retain(_ retention: Retention) throws(StoreFault) -> RetentionStep

    /// The erasures that were begun and not ended, in the order of their beginning.
    var erasures: [Erasure] { get }

    /// Takes a bounded step towards the end of the erasures that were begun. Called by the thread that appends, between commits.
    ///
    /// - Throws: as for ``append(_:)``; but damage in what is old, which cannot be rewritten, does not end the work.
    func erase() throws(StoreFault) -> ErasureStep

    /// Streams the state of the last commit.
    ///
    /// - Returns: the head that this state belongs to.
    /// - Throws: ``StoreFault``; an error of `sink` ends it too and becomes ``StoreFault/damaged(path:what:)``.
    func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead

    /// The newest blocks, oldest first, from those on that were committed at a time or later.
    ///
    /// - Parameters:
    ///   - time: Unix milliseconds.
    ///   - maxBytes: the size at which no older block is added. One comes in any case if there is one.
    func blocks(committedSince time: Int64, maxBytes: Int) throws(StoreFault) -> [CommittedBlock]
}

/// A block of events, and when it was committed.
package struct CommittedBlock: Sendable {
    package var block: EventBlock
    /// Unix milliseconds.
    package var wallTime: Int64

    package init(block: EventBlock, wallTime: Int64) {
        self.block = block
        self.wallTime = wallTime
    }
}

/// Reads events that are durable. Safe from any thread; blocks the caller while the disk works.
package protocol LogReader: Sendable {
    /// The blocks that hold the events after `seq`, in order; the first may begin with earlier ones, and if those after `seq` were
    /// removed, it begins later.
    ///
    /// - Parameters:
    ///   - seq: at least 0.
    ///   - maxBytes: the weight at which no further block is added. One comes in any case if there is one.
    /// - Returns: none if there is nothing after `seq`.
    func blocks(after seq: Int64, maxBytes: Int) throws(StoreFault) -> [EventBlock]

    /// The block that holds an event, or `nil` if it was removed or never was.
    func block(containing seq: Int64) throws(StoreFault) -> EventBlock?

    /// The seq of the oldest event that is kept; one past the head if there is none.
    func oldest() throws(StoreFault) -> Int64

    /// What the log takes on the disk.
    func size() throws(StoreFault) -> LogSize
}

/// Reads the register, which is its live edition, as it was put. Safe from any thread; blocks the caller while the disk works.
package protocol RegisterReader: Sendable {
    func subject(id: [UInt8]) throws(StoreFault) -> SubjectRow?

    /// A page of the register, in ascending order of the bytes of the ids.
    ///
    /// - Parameters:
    ///   - id: where the page before ended; `nil` begins.
    ///   - limit: at least 1.
    ///   - kind: only subjects of this kind; `nil` is all.
    func subjects(after id: [UInt8]?, limit: Int, kind: [UInt8]?) throws(StoreFault) -> [SubjectRow]
}
