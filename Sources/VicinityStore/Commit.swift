// What one commit makes durable, as plain values. The store knows the shape of a commit and nothing of what is in its
// blobs: blocks, journals and pages are encoded and decoded elsewhere.
//
// State and events are one transaction. A *journal* holds the state of every user that the commit touched, so that a fix
// that was acknowledged is never taken back; a *page* holds the state of a fixed range of slots, so that journals do not
// have to be kept for ever. Recovery takes the pages and then the journals, oldest first.

package import VicinityCore

/// The whole change that one commit makes: it becomes durable at once or not at all.
package struct Commit: Sendable {
    /// 1, 2, 3 … without a hole.
    package var number: Int64
    /// In order of seq, the first beginning where the log ends; empty if nothing happened.
    package var blocks: [EventBlock]
    /// The state that the commit changed, opaque; empty if it changed none.
    package var journal: [UInt8]
    /// The steps that the sweep over all state made; empty if it made none.
    package var pages: [StatePage]
    /// The number of the oldest commit whose journal is still needed, at most ``number``; `nil` leaves it as it was.
    package var journalNeededFrom: Int64?
    /// Of the edition that is live before the commit. Done before ``edition``: what a commit with a swap changes here belongs to the
    /// edition that departs, so that a change that comes after a swap is for the next commit.
    package var register: [RegisterChange]
    /// In the order in which they happened.
    package var edition: [EditionChange]
    package var signOffs: [SignOff]
    /// In the order in which they happened.
    package var cursors: [CursorChange]
    /// In the order in which they happened.
    package var suspensions: [SuspensionChange]
    /// In the order in which they happened.
    package var reports: [ReportChange]
    /// In order of number, the first following the last one of the log. The store must have the key of the chain.
    package var audit: [AuditEntry]
    /// In the order in which they happened.
    package var erasures: [ErasureChange]
    /// What is kept of the key that subjects stand by from now on; `nil` leaves it as it was.
    package var precision: PrecisionState?
    /// Unix milliseconds; what retention counts from.
    package var wallTime: Int64

    package init(
        number: Int64, blocks: [EventBlock] = [], journal: [UInt8] = [], pages: [StatePage] = [], journalNeededFrom: Int64? = nil,
        register: [RegisterChange] = [], edition: [EditionChange] = [], signOffs: [SignOff] = [], cursors: [CursorChange] = [],
        suspensions: [SuspensionChange] = [], reports: [ReportChange] = [], audit: [AuditEntry] = [], erasures: [ErasureChange] = [],
        precision: PrecisionState? = nil, wallTime: Int64
    ) {
        self.number = number
        self.blocks = blocks
        self.journal = journal
        self.pages = pages
        self.journalNeededFrom = journalNeededFrom
        self.register = register
        self.edition = edition
        self.signOffs = signOffs
        self.cursors = cursors
        self.suspensions = suspensions
        self.reports = reports
        self.audit = audit
        self.erasures = erasures
        self.precision = precision
        self.wallTime = wallTime
    }
}

/// The full state of a range of slots as of the commit that carries it. A later page of the same index replaces it.
package struct StatePage: Sendable, Equatable {
    /// At least 0. The store gives it no meaning but the order in which recovery returns pages.
    package var index: Int
    /// Opaque, not empty.
    package var bytes: [UInt8]

    package init(index: Int, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
    }
}

/// A step in the life of the register, without a swap.
package enum RegisterChange: Sendable, Equatable {
    /// A new subject, or a new record in place of the one that has this slot.
    case put(SubjectRow)
    /// The subject that has this slot is shown elsewhere; nothing happens if none has it.
    case show(slot: UInt32, ShownPlace)
    /// Nothing happens if no subject has the slot.
    case remove(slot: UInt32)
}

/// A subject as it was put.
package struct SubjectRow: Sendable, Equatable {
    /// The subject's place in the engine's tables; two subjects never share one at the same time.
    package var slot: UInt32
    /// UTF-8, 1 to 128 bytes; unique.
    package var id: [UInt8]
    /// UTF-8, 1 to 128 bytes; `nil` if the subject has none.
    package var kind: [UInt8]?
    /// Degrees, −90 to 90, as it was put.
    package var latitude: Double
    /// Degrees, −180 to 180, as it was put.
    package var longitude: Double
    /// Metres; `nil` if none was put.
    package var precision: Double?
    package var name: String?
    /// JSON text, as it was put.
    package var details: String?
    /// Unix milliseconds; `nil` is *always has been*.
    package var validFrom: Int64?
    /// Unix milliseconds; `nil` is *for ever*.
    package var validUntil: Int64?
    /// Where the engine shows it, and by which precision; `nil` for exactly where it was put.
    package var shown: ShownPlace?

    package init(
        slot: UInt32, id: [UInt8], kind: [UInt8]? = nil, latitude: Double, longitude: Double, precision: Double? = nil,
        name: String? = nil, details: String? = nil, validFrom: Int64? = nil, validUntil: Int64? = nil, shown: ShownPlace? = nil
    ) {
        self.slot = slot
        self.id = id
        self.kind = kind
        self.latitude = latitude
        self.longitude = longitude
        self.precision = precision
        self.name = name
        self.details = details
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.shown = shown
    }
}
