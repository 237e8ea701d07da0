/// One user and one subject: inside or outside.
///
/// This is where it is decided, and nowhere else, whether a pair changes. The engine's paths differ only in how they find the
/// pairs that are worth asking.
enum PairState {
    case outside
    case inside

    /// What a newly measured distance does to a pair.
    enum Outcome {
        case nothing
        case enter
        case leave
        /// The condition to enter or leave begins to hold, and must go on for the dwell.
        case beginDwell
        /// The condition holds no longer.
        case endDwell
    }

    /// Where the subject is, as the pair sees it.
    struct Measure {
        /// d ≤ r.
        var isNear: Bool
        /// d > r + leave margin + min(a, accuracy cap).
        var isBeyond: Bool
    }

    /// Moves to the state that `measure` implies.
    ///
    /// Between the radius and the leave threshold a pair stays what it was (hysteresis), so that jitter on the edge cannot make enter and
    /// leave alternate. A user who is not known to within the halo's own size enters nothing. A pair that cools down stays outside.
    ///
    /// - Parameters:
    ///   - mayEnter: a ≤ r, or accuracy plays no part.
    ///   - wait: what the pair waits for.
    ///   - dwells: whether entering and leaving take time.
    @inline(__always)
    mutating func observe(_ measure: Measure, mayEnter: Bool, _ wait: Wait.Kind?, _ dwells: Dwells) -> Outcome {
        let wants: Bool
        switch self {
        case .outside: wants = measure.isNear && mayEnter
        case .inside: wants = measure.isBeyond
        }
        switch wait {
        case .cooldown: return .nothing
        case .enter, .leave: return wants ? .nothing : .endDwell
        case nil: break
        }
        guard wants else { return .nothing }
        switch self {
        case .outside:
            if dwells.enter { return .beginDwell }
            self = .inside
            return .enter
        case .inside:
            if dwells.leave { return .beginDwell }
            self = .outside
            return .leave
        }
    }
}

/// Whether entering and leaving take time.
struct Dwells {
    let enter: Bool
    let leave: Bool

    init(_ rules: Rules) {
        enter = rules.enterDwell > 0
        leave = rules.leaveDwell > 0
    }
}

/// What a pair waits for.
package struct Wait: Sendable, Equatable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Outside; enters when the dwell is complete.
        case enter = 1
        /// Inside; leaves when the dwell is complete.
        case leave
        /// Outside, whatever the distance, until then; is evaluated anew then.
        case cooldown
    }

    package var kind: Kind
    /// Of the evaluation at which a dwell began.
    package var cause: Cause
    /// The subject's slot.
    package var subject: UInt32
    /// When it is over, in the time of the fixes.
    package var due: Int64
    /// When it is over without any fix, on the steady clock, in milliseconds; means nothing in another process.
    package var timer: Int64

    package init(kind: Kind, cause: Cause, subject: UInt32, due: Int64, timer: Int64) {
        self.kind = kind
        self.cause = cause
        self.subject = subject
        self.due = due
        self.timer = timer
    }
}

/// What an open pair remembers of its enter.
///
/// 20 bytes, since nothing in it asks to lie at a multiple of eight; ten million users have as many of them as there are subjects near.
struct OpenPair: BitwiseCopyable {
    private var encounterBits: (UInt32, UInt32)
    /// The low half of `since`, and above it 24 bits more and the cause.
    private let sinceBits: (UInt32, UInt32)
    let subject: UInt32

    /// What ``since`` can be: a million years on either side. A line's `ts` is less.
    static var times: ClosedRange<Int64> { -(1 << 55)...(1 << 55) - 1 }

    init(encounter: Int64, since: Int64, subject: UInt32, cause: Cause) {
        precondition(Self.times.contains(since), "a time within a million years")
        encounterBits = Self.halves(encounter)
        sinceBits = (UInt32(truncatingIfNeeded: since), UInt32(truncatingIfNeeded: since >> 32) << 8 | UInt32(cause.rawValue))
        self.subject = subject
    }

    /// The seq of the enter.
    var encounter: Int64 {
        get { Int64(encounterBits.0) | Int64(encounterBits.1) << 32 }
        set { encounterBits = Self.halves(newValue) }
    }

    /// The `ts` of the enter, in Unix milliseconds.
    var since: Int64 { Int64(sinceBits.0) | Int64(Int32(bitPattern: sinceBits.1) >> 8) << 32 }

    private static func halves(_ value: Int64) -> (UInt32, UInt32) {
        (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32))
    }

    /// Why it entered.
    var cause: Cause {
        guard let cause = Cause(rawValue: UInt8(truncatingIfNeeded: sinceBits.1)) else { preconditionFailure("a cause that is none") }
        return cause
    }
}

/// A pair whose state is not what the distance at the last fix says, in 8 bytes.
///
/// For every other active subject a pair is inside exactly if the subject was near (d ≤ r) when the user was last evaluated. Exceptions
/// are those in the margin that are still inside, those that are near but may not enter, and those whose dwell or cooldown keeps them.
struct Exception {
    private let packed: UInt32
    /// Where the user stands among the subject's ``Bystanders``; ``Bystander/nobody`` with a subject that does not move.
    let place: UInt32

    init(subject: UInt32, state: PairState, place: UInt32 = Bystander.nobody) {
        switch state {
        case .inside: packed = subject | 0x8000_0000
        case .outside: packed = subject
        }
        self.place = place
    }

    var subject: UInt32 { packed & 0x7fff_ffff }
    var state: PairState { packed & 0x8000_0000 == 0 ? .outside : .inside }
}
