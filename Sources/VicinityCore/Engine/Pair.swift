/// One user and one subject: inside or outside.
///
/// This is where it is decided, and nowhere else, whether a pair changes. The engine's paths differ only in how they find the
/// pairs that are worth asking.
enum PairState {
    case outside
    case inside

    /// What a newly measured distance does to a pair.
    enum Change {
        case enter
        case leave
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
    /// leave alternate. A user who is not known to within the halo's own size enters nothing.
    ///
    /// - Parameter mayEnter: a ≤ r, or accuracy plays no part.
    /// - Returns: the change to report, or `nil` if there is none.
    mutating func observe(_ measure: Measure, mayEnter: Bool) -> Change? {
        switch self {
        case .outside where measure.isNear && mayEnter:
            self = .inside
            return .enter
        case .inside where measure.isBeyond:
            self = .outside
            return .leave
        case .outside, .inside:
            return nil
        }
    }
}

/// What an open pair remembers of its enter.
///
/// 24 bytes; the order of the members is what makes it so.
struct OpenPair {
    /// The seq of the enter.
    var encounter: Int64
    /// The `ts` of the enter, in Unix milliseconds.
    var since: Int64
    var subject: UInt32
    /// Why it entered.
    var cause: Cause
}

/// A pair whose state is not what the distance at the last fix says, packed into 32 bits.
///
/// For every other active subject a pair is inside exactly if the subject was near (d ≤ r) when the user was last evaluated. Exceptions
/// are those in the margin that are still inside, and those that are near but may not enter.
struct Exception {
    let packed: UInt32

    init(subject: UInt32, state: PairState) {
        switch state {
        case .inside: packed = subject | 0x8000_0000
        case .outside: packed = subject
        }
    }

    var subject: UInt32 { packed & 0x7fff_ffff }
    var state: PairState { packed & 0x8000_0000 == 0 ? .outside : .inside }
}
