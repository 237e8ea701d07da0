/// What is known of a user, in one place, so that a fix touches one record of 96 bytes; what few users have is in ``UserNotes``.
struct UserRecord {
    /// The last accepted fix, in units of 1e-7 degree; 0 while the user is silent.
    var latitude: Int32 = 0
    var longitude: Int32 = 0
    /// The radius the user was last evaluated with, in metres.
    var radius: Double = 0
    /// The accuracy the last accepted fix was taken with, in metres.
    var accuracy: Double = 0
    /// Where the pairs were last evaluated as a whole; the last fix lies within ``slack`` of it. See also ``silentSince``.
    var anchorLatitude: Int32 = 0
    var anchorLongitude: Int32 = 0
    /// The pairs that are inside, with what a leave must say of the enter.
    var pairs = SmallList<OpenPair>()
    /// The subjects for which near and inside are not the same.
    var exceptions = SmallList<Exception>()
    var id = ShortID.empty
    /// Metres; what the user's cell takes for a bound of ``slack``. From here on the order is one that leaves no holes.
    var slackBound: UInt8 = 0
    private var flags = UserFlags()
    private var timeLow: UInt32 = 0
    private var heardLow: UInt32 = 0
    /// Where the user stands in the ``UserGrid``.
    var cell: UInt32 = 0
    var place: UInt32 = 0
    private var timeHigh: Int16 = 0
    /// Round the anchor, where no pair changes, but perhaps exceptions. See also ``isCovered``.
    var region = SlackRegion()
    private var heardHigh: Int16 = 0

    init() {}

    init(id: ShortID) { self.id = id }

    /// The `ts` of the last accepted fix; of a silent user the last `ts` that an older line must not undercut. Of 48 bits: to the year 6429.
    var time: Int64 {
        get { Int64(timeHigh) << 32 | Int64(timeLow) }
        set {
            timeLow = UInt32(truncatingIfNeeded: newValue)
            timeHigh = Int16(truncatingIfNeeded: newValue >> 32)
        }
    }
    /// When the user was last heard of, on the steady clock, in milliseconds; of a silent one, when the silence was noticed. Of 48 bits, since that clock
    /// may be any, Unix time too.
    var heardAt: Int64 {
        get { Int64(heardHigh) << 32 | Int64(heardLow) }
        set {
            heardLow = UInt32(truncatingIfNeeded: newValue)
            heardHigh = Int16(truncatingIfNeeded: newValue >> 32)
        }
    }
    /// The radius of ``region``, in metres; 0 for none.
    var slack: Float {
        get { region.radius }
        set { region.radius = newValue }
    }
    /// The radius is the user's own and not the default.
    var hasOwnRadius: Bool {
        get { flags.contains(.ownRadius) }
        set { flags.set(.ownRadius, newValue) }
    }
    /// Some exception is near and outside.
    var isNearOutside: Bool {
        get { flags.contains(.nearOutside) }
        set { flags.set(.nearOutside, newValue) }
    }
    /// A journal holds the user's id.
    var isJournaled: Bool {
        get { flags.contains(.journaled) }
        set { flags.set(.journaled, newValue) }
    }
    /// The user's state is part of the next journal.
    var isTouched: Bool {
        get { flags.contains(.touched) }
        set { flags.set(.touched, newValue) }
    }
    /// The user has no position: nothing was heard of them for too long.
    var isSilent: Bool {
        get { flags.contains(.silent) }
        set { flags.set(.silent, newValue) }
    }
    /// There are ``UserNotes`` of this user.
    var hasNotes: Bool {
        get { flags.contains(.notes) }
        set { flags.set(.notes, newValue) }
    }
    /// The slot stands in the ring that watches for silence. Stays when the slot goes to another user.
    var isWatched: Bool {
        get { flags.contains(.watched) }
        set { flags.set(.watched, newValue) }
    }
    /// The user is gone, and the record stays only until the transitions of the step are taken.
    var isDeparted: Bool {
        get { flags.contains(.departed) }
        set { flags.set(.departed, newValue) }
    }
    /// There is a ``LimitRecord`` of this user.
    var hasLimits: Bool {
        get { flags.contains(.limits) }
        set { flags.set(.limits, newValue) }
    }
    /// The user may be inside with a subject that moves; not so only if this says so.
    var hasCompanions: Bool {
        get { flags.contains(.companions) }
        set { flags.set(.companions, newValue) }
    }
    /// Nobody has the record, and no list names its slot: it may become zero.
    var isVacant: Bool { id.length == 0 && flags.isDisjoint(with: [.touched, .watched]) }
    /// The slack holds for the exceptions, too: all of them are inside in the margin, with nothing that could change them but a distance.
    var isCovered: Bool {
        get { flags.contains(.covered) }
        set { flags.set(.covered, newValue) }
    }
    /// Has a position, and nothing that a fix would have to look up elsewhere.
    @inline(__always) var isPlain: Bool { flags.isDisjoint(with: [.silent, .notes]) }

    /// When a silent user's silence was noticed, on the system clock, in Unix milliseconds. It lies where the anchor of others is.
    var silentSince: Int64 {
        get { Int64(anchorLatitude) << 32 | Int64(UInt32(bitPattern: anchorLongitude)) }
        set {
            anchorLatitude = Int32(truncatingIfNeeded: newValue >> 32)
            anchorLongitude = Int32(truncatingIfNeeded: newValue)
        }
    }

    var position: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }
    var anchor: Coordinate { Coordinate(latitude: anchorLatitude, longitude: anchorLongitude) }
    var isUsed: Bool { id.length > 0 && !isDeparted }
}

private struct UserFlags: OptionSet {
    var rawValue: UInt16 = 0
    static let ownRadius = UserFlags(rawValue: 1)
    static let nearOutside = UserFlags(rawValue: 2)
    static let journaled = UserFlags(rawValue: 4)
    static let touched = UserFlags(rawValue: 8)
    static let silent = UserFlags(rawValue: 16)
    static let notes = UserFlags(rawValue: 32)
    static let watched = UserFlags(rawValue: 64)
    static let departed = UserFlags(rawValue: 128)
    static let limits = UserFlags(rawValue: 256)
    static let companions = UserFlags(rawValue: 512)
    static let covered = UserFlags(rawValue: 1024)

    @inline(__always)
    mutating func set(_ flag: UserFlags, _ isOn: Bool) { if isOn { insert(flag) } else { remove(flag) } }
}

/// A fix that was too far away to be believed at once, until another confirms it or takes its place.
package struct HeldFix: Sendable, Equatable {
    package var position: Coordinate
    /// Metres.
    package var accuracy: Double
    /// Metres; 0 if the line brought none.
    package var radius: Double
    /// Unix milliseconds.
    package var time: Int64

    package init(position: Coordinate, accuracy: Double, radius: Double, time: Int64) {
        self.position = position
        self.accuracy = accuracy
        self.radius = radius
        self.time = time
    }
}

/// What is kept of few users only.
package struct UserNotes: Sendable, Equatable {
    package var held: HeldFix?
    /// The `ts` at which the user was last heard of, where it is later than that of the last accepted fix.
    package var heard: Int64?
    /// The `ts` of the last change of the radius.
    package var radiusChange: Int64?
    /// Dwells and cooldowns, in no order; one for each pair at most.
    package var waits: [Wait] = []

    package init() {}

    var isEmpty: Bool { held == nil && heard == nil && radiusChange == nil && waits.isEmpty }
}

/// What the engine needs of a subject; the rest of the entry is the register's.
struct SubjectRecord {
    /// Where it is as far as anybody is told, in units of 1e-7 degree; see `Precision.swift`.
    var latitude: Int32 = 0
    var longitude: Int32 = 0
    /// Where it was last put: only to be compared with where it is put next.
    var putLatitude: Int32 = 0
    var putLongitude: Int32 = 0
    /// Where it is shown while no fix of its own has moved it.
    var shownLatitude: Int32 = 0
    var shownLongitude: Int32 = 0
    /// Metres: the precision that holds since the last put; 0 is exactly.
    var precision: Double = 0
    /// The `ts` of its last accepted fix; −1 if it has none.
    var time: Int64 = -1
    /// An index into the engine's kinds; ``noKind`` for none.
    var kind: UInt32 = SubjectRecord.noKind
    /// An index into the engine's motions; ``noMotion`` for a subject that never moved.
    var motion: UInt32 = SubjectRecord.noMotion
    var id = ShortID.empty
    var flags = SubjectFlags()
    /// The last put brought the precision along.
    var isPrecisionNamed = false

    /// Bytes up to where what an evaluation reads of a subject ends.
    static let endOfPlace = 47
    static let noKind = UInt32.max
    static let noMotion = UInt32.max

    /// Its fixes have moved it since it was last put elsewhere.
    var isMoving: Bool {
        get { flags.contains(.moving) }
        set { flags.set(.moving, newValue) }
    }
    /// Its state is part of the next journal.
    var isTouched: Bool {
        get { flags.contains(.touched) }
        set { flags.set(.touched, newValue) }
    }

    init() {}

    /// A subject as it is put.
    ///
    /// - Parameter shown: `nil` for exactly where it is put.
    init(_ placement: SubjectPlacement, kind: UInt32, shown: ShownPlace?) {
        let position = shown?.center ?? placement.position
        latitude = position.latitude
        longitude = position.longitude
        putLatitude = placement.position.latitude
        putLongitude = placement.position.longitude
        shownLatitude = latitude
        shownLongitude = longitude
        precision = shown?.precision ?? 0
        isPrecisionNamed = placement.precision != nil
        self.kind = kind
        id = placement.id.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an id is not empty") }
            return ShortID(base, count: buffer.count)
        }
    }

    /// Whether more is stored of it than its entry in the register.
    var hasStoredState: Bool { time >= 0 || !flags.isDisjoint(with: .stored) }
    /// Whether pairs with it can be inside.
    var isActive: Bool { flags.isDisjoint(with: .inactive) }
    var position: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }
    var putPosition: Coordinate { Coordinate(latitude: putLatitude, longitude: putLongitude) }
    var shownPosition: Coordinate { Coordinate(latitude: shownLatitude, longitude: shownLongitude) }
    /// The precision that the last put named; `nil` if it named none.
    var putPrecision: Double? { isPrecisionNamed ? precision : nil }
    var isUsed: Bool { id.length > 0 }
}

struct SubjectFlags: OptionSet {
    var rawValue: UInt8 = 0
    static let moving = SubjectFlags(rawValue: 1)
    /// A moving subject of which nothing was heard for too long.
    static let silent = SubjectFlags(rawValue: 2)
    /// Its validity has not begun.
    static let early = SubjectFlags(rawValue: 4)
    /// Its validity has ended.
    static let over = SubjectFlags(rawValue: 8)
    static let touched = SubjectFlags(rawValue: 16)
    /// The slot stands in the ring that watches for silence.
    static let watched = SubjectFlags(rawValue: 32)
    /// Of a staged subject: the live record has changed since it was copied.
    static let stale = SubjectFlags(rawValue: 64)
    /// Somebody suspends the id; see `Suspensions.swift`.
    static let suspended = SubjectFlags(rawValue: 128)

    static let inactive: SubjectFlags = [.silent, .early, .over, .suspended]
    /// What is stored.
    static let stored: SubjectFlags = [.moving, .silent, .early, .over]

    mutating func set(_ flag: SubjectFlags, _ isOn: Bool) { if isOn { insert(flag) } else { remove(flag) } }
}

/// What is kept of a subject that has moved.
struct MotionRecord {
    /// The accuracy the last accepted fix was taken with, in metres.
    var accuracy: Double = 0
    /// The `ts` at which it was last heard of.
    var heard: Int64 = -1
    /// When that was, on the steady clock, in milliseconds.
    var heardAt: Int64 = 0
    var held: HeldFix?
    /// Which of the engine's rules its pairs were last evaluated by; see ``Engine/edition``.
    var edition = -1
    /// The users to whom its pair is an exception, all of them as soon as its pairs have been evaluated.
    var bystanders = Bystanders()
}
