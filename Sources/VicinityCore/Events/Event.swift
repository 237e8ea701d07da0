/// Why a pair changed; the contract's words.
public enum Cause: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case user = 1
    case radius
    case subject
    case removed
    case suspended
    case expired
    case gone
    case muted

    /// Whether a leave for this reason keeps the pair outside for the cooldown.
    var coolsDown: Bool {
        switch self {
        case .user, .radius, .subject, .suspended: true
        case .removed, .expired, .gone, .muted: false
        }
    }

    /// Whether details may be asked for after a leave for this reason: not by who was found to follow a subject.
    var leavesGrace: Bool {
        switch self {
        case .user, .radius, .subject, .removed, .suspended, .expired, .gone: true
        case .muted: false
        }
    }

    /// The word on the wire.
    public var word: StaticString {
        switch self {
        case .user: "user"
        case .radius: "radius"
        case .subject: "subject"
        case .removed: "removed"
        case .suspended: "suspended"
        case .expired: "expired"
        case .gone: "gone"
        case .muted: "muted"
        }
    }
}

/// What an enter says of the distance.
public enum Disclosed: Equatable, Sendable, BitwiseCopyable {
    case nothing
    /// The band, in metres.
    case within(Double)
    /// The distance, in metres, to the centimetre.
    case distance(Double)
}

/// One durable, numbered record of the log: a pair's change, or something else that a subscriber must know of a pair.
public struct Event: Equatable, Sendable {
    public enum Change: Equatable, Sendable {
        case enter(Cause, Disclosed)
        /// `encounter` is the seq of the enter that this closes; `lasted` milliseconds, at least 0.
        case leave(Cause, encounter: Int64, lasted: Int64)
        /// The user has reported something of the subject: the report's number, at least 1, and its kind, which is not the subject's.
        case report(number: Int64, kind: String)
        /// The follow guard says that the user follows the subject; its leave is an event of the same moment.
        case following
    }

    public var seq: Int64
    /// Unix milliseconds of what caused it.
    public var time: Int64
    public var change: Change
    /// UTF-8; `nil` once the user was forgotten.
    public var user: [UInt8]?
    /// UTF-8.
    public var subject: [UInt8]
    /// UTF-8; `nil` if the subject has none.
    public var kind: [UInt8]?

    public init(seq: Int64, time: Int64, change: Change, user: [UInt8]?, subject: [UInt8], kind: [UInt8]?) {
        self.seq = seq
        self.time = time
        self.change = change
        self.user = user
        self.subject = subject
        self.kind = kind
    }
}
