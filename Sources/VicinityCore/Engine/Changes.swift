/// One change of one pair in memory, numbered; an ``Event`` once it is durable.
///
/// User and subject are slots, which ``Engine`` resolves until its next ``Engine/reclaim()``.
public struct Transition: Sendable, BitwiseCopyable {
    public let seq: Int64
    /// Unix milliseconds.
    public let time: Int64
    public let user: UInt32
    public let subject: UInt32
    public let change: Change

    /// As ``Event/Change``, but plain bytes, so that a list of them is copied and let go of without a look at each.
    public enum Change: Sendable, BitwiseCopyable {
        case enter(Cause, Disclosed)
        case leave(Cause, encounter: Int64, lasted: Int64)
        /// `kind` is an index into the engine's kinds of reports.
        case report(number: Int64, kind: Int)
        case following
    }
}

/// The end of a user who is gone, or of a moving subject that was removed: what is kept so that a resend stays harmless and no limit is reset.
public struct SignOff: Sendable, Equatable {
    /// A keyed hash of the id.
    public let hash: UInt64
    /// The `ts` of the sign-off, or of the subject's last fix; −1 if it is known no more.
    public let time: Int64
    /// When the entry may be forgotten, on the clock, in Unix milliseconds.
    public let until: Int64
    /// What limits need that outlive a sign-off, encoded by the engine; empty if there is nothing.
    public var limits: [UInt8]

    public init(hash: UInt64, time: Int64, until: Int64, limits: [UInt8] = []) {
        self.hash = hash
        self.time = time
        self.until = until
        self.limits = limits
    }
}

/// What became of the lines so far.
public struct Tally: Sendable, Equatable {
    public var accepted: Int64 = 0
    public var stale: Int64 = 0
    public var inaccurate: Int64 = 0
    /// Fixes that were held and then dropped, because nothing confirmed them.
    public var implausible: Int64 = 0
    /// Lines that were answered with an error.
    public var invalid: Int64 = 0
    /// Pairs that were kept outside because their user has entered enough subjects: each once, until it is near no more.
    public var withheld: Int64 = 0

    public init() {}
}

/// What a step of the engine brought forth; the caller brings it, takes from it and empties it.
public struct Changes: Sendable {
    /// In the contract's order.
    public internal(set) var transitions: [Transition] = []
    /// Of the batch, in the order of its lines.
    public internal(set) var errors: [LineError] = []
    public internal(set) var signOffs: [SignOff] = []
    public internal(set) var tally = Tally()

    public init() {}

    /// Whether nothing came of it, but for what the tally counts of lines.
    var isEmpty: Bool { transitions.isEmpty && signOffs.isEmpty && tally == Tally() }

    /// Counts lines that never came to the engine, because the decoder refused them.
    public mutating func count(invalid lines: Int) { tally.invalid += Int64(lines) }

    /// Empties the lists and keeps their storage; the tally goes on.
    public mutating func removeAll() {
        transitions.removeAllForReuse()
        errors.removeAllForReuse()
        signOffs.removeAllForReuse()
    }
}

/// A subject as the engine is told of it.
public struct SubjectPlacement: Sendable, Equatable {
    /// 1 to 128 bytes of UTF-8.
    public var id: [UInt8]
    public var kind: [UInt8]?
    public var position: Coordinate
    /// Metres, 0 to 100,000: the side of the cell whose centre stands for the position; 0 is exactly there. `nil` is ``Rules/precision``.
    public var precision: Double?
    /// From when on it is active, on the system clock, in Unix milliseconds; `nil` is *always has been*.
    public var validFrom: Int64?
    /// From when on it is active no more; above ``validFrom``. `nil` is *for ever*.
    public var validUntil: Int64?

    public init(
        id: [UInt8], kind: [UInt8]?, position: Coordinate, precision: Double? = nil, validFrom: Int64? = nil, validUntil: Int64? = nil
    ) {
        self.id = id
        self.kind = kind
        self.position = position
        self.precision = precision
        self.validFrom = validFrom
        self.validUntil = validUntil
    }
}
