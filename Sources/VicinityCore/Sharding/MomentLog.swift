// Where the moments of a step lie among its transitions, so that those of several engines can be put in one order.
//
// A moment is what `emit(into:)` numbers at once. A user's line has moments of its own, in one shard alone; a subject's line, a request and the
// clocks make moments that many users share, and every shard has its part of them. So each shard notes of its moments what tells one from
// another in the same words everywhere: never a slot of a user, never a count of its own.

/// When a moment happens within a step. Shards whose parts of a moment they are have the same.
struct MomentPlace: Comparable {
    /// The line of the batch. While the clocks advance, 0 for what validity does, and else how often the timers have been asked; 0 in a request.
    var line: UInt32
    /// In the time of the fixes: all that happens in one moment has one `ts`.
    var instant: Int64
    /// What was due; `nil` for what the line itself does, which comes last.
    var rank: Due.Rank?

    static func < (one: MomentPlace, other: MomentPlace) -> Bool {
        (one.line, one.instant, one.order) < (other.line, other.instant, other.order)
    }

    private var order: UInt8 { rank?.rawValue ?? .max }
}

/// What an engine that is a shard notes of one step; any other notes nothing, for the price of a comparison a moment.
struct MomentLog {
    struct Moment {
        var place: MomentPlace
        /// Its first transition among those of the step; it goes on to that of the next moment, and may have none.
        var first: Int
    }

    var isKept = false
    /// The present line; see ``MomentPlace/line``.
    var line: UInt32 = 0
    /// What is due in the moment that is being gathered; goes with it.
    var rank: Due.Rank?
    private(set) var moments: [Moment] = []
    /// What the step has added to the tally that is of subjects alone: every shard counts it, and it is true once.
    private(set) var ofSubjects = Tally()

    /// Notes that a moment is numbered.
    ///
    /// - Parameters:
    ///   - first: how many transitions there are.
    ///   - instant: of what is pending; `nil` if nothing is.
    @inline(__always)
    mutating func begin(at first: Int, instant: Int64?) {
        guard isKept else { return }
        if let instant { moments.append(Moment(place: MomentPlace(line: line, instant: instant, rank: rank), first: first)) }
        rank = nil
    }

    /// Notes what something that is of a subject alone has added to the tally, but for what it keeps users outside of.
    mutating func count(from old: Tally, to new: Tally) {
        guard isKept else { return }
        var added = new
        added.subtract(old)
        added.withheld = 0
        ofSubjects.add(added)
    }

    /// Begins with a step of which nothing is noted.
    mutating func startStep() {
        line = 0
        rank = nil
        moments.removeAll(keepingCapacity: true)
        ofSubjects = Tally()
    }
}

extension Tally {
    mutating func add(_ other: Tally) {
        accepted += other.accepted
        stale += other.stale
        inaccurate += other.inaccurate
        implausible += other.implausible
        invalid += other.invalid
        withheld += other.withheld
    }

    mutating func subtract(_ other: Tally) {
        accepted -= other.accepted
        stale -= other.stale
        inaccurate -= other.inaccurate
        implausible -= other.implausible
        invalid -= other.invalid
        withheld -= other.withheld
    }
}
