// Why there was an alert or none: what is known of a user and of a pair, and what an evaluation would decide now. It asks the same
// predicate (`Halo`) and the same pair (`PairState`) that decide, and changes nothing.

/// What became of a line that was not accepted.
public enum Refusal: UInt8, Sendable, CaseIterable {
    case stale
    case inaccurate
    case held
    case radiusTooSoon
    case futureFix
}

/// The present state of a user, and of one pair if it was asked for.
public struct Explanation: Sendable, Equatable {
    /// A fix that was not accepted.
    public struct Refused: Sendable, Equatable {
        public let refusal: Refusal
        /// Its `ts`.
        public let time: Int64
    }

    /// The `ts` of the last accepted fix; of a silent user the last `ts` that counts.
    public let time: Int64
    /// How long ago that was by the system clock, in milliseconds; below 0 for a fix of the future.
    public let age: Int64
    /// The `ts` at which the user was last heard of.
    public let heard: Int64
    /// Whether the position was forgotten, because nothing was heard for too long.
    public let isSilent: Bool
    /// Metres.
    public let radius: Double
    public let isOwnRadius: Bool
    /// Metres, as taken.
    public let accuracy: Double
    /// Metres beyond which a pair leaves.
    public let leaveThreshold: Double
    /// Whether the user is known well enough to enter anything.
    public let mayEnter: Bool
    /// The `ts` from which on the user is silent if nothing is heard; `nil` is never.
    public let silentFrom: Int64?
    /// The `ts` of a fix that waits to be confirmed.
    public let held: Int64?
    /// The last line that was not accepted, if it was not long ago.
    public let refused: Refused?
    /// The `ts` from which on the radius may change again; `nil` is any time.
    public let radiusFrom: Int64?
    /// Subjects that the user is inside with.
    public let insideCount: Int
    /// `nil` if no subject was asked for.
    public let pair: PairExplanation?
}

/// The present state of a pair.
public struct PairExplanation: Sendable, Equatable {
    /// Whether pairs with the subject can be inside.
    public enum Activity: Sendable, Equatable {
        /// The register does not have it.
        case unknown
        case active
        /// A moving subject of which nothing was heard for too long.
        case silent
        case notYetValid
        case noLongerValid
        /// An operator or a dispute suspends it.
        case suspended
    }

    /// What an evaluation would do now.
    public enum Verdict: Sendable, Equatable {
        case nothing
        case enter
        case leave
        /// It would have to go on for the dwell.
        case beginDwell
        /// A dwell would end without an event.
        case endDwell
        /// It would enter, but the user has entered as many subjects as the limit allows.
        case withheld
    }

    /// What the pair waits for.
    public enum Waiting: Sendable, Equatable {
        /// To enter, at this `ts`.
        case enter(Int64)
        /// To leave.
        case leave(Int64)
        /// To be evaluated again.
        case cooldown(Int64)
        /// To be free of the follow guard, which keeps it outside.
        case mute(Int64)
    }

    public let activity: Activity
    /// The seq and the `ts` of the enter, if the pair is inside.
    public let encounter: Int64?
    public let since: Int64?
    /// d ≤ r.
    public let isNear: Bool
    /// d is past the leave threshold.
    public let isBeyond: Bool
    /// What may be said of the distance, if it is near.
    public let disclosed: Disclosed?
    public let waiting: Waiting?
    public let verdict: Verdict
}

extension Engine {
    /// Why a user is or is not alerted.
    ///
    /// - Parameter subject: its id, to have the pair explained too.
    /// - Returns: `nil` if nothing is known of the user.
    /// - Complexity: O(open pairs of the user).
    public borrowing func explain(user id: [UInt8], subject: [UInt8]?, now: ClockReading) -> Explanation? {
        guard let slot = findUser(id) else { return nil }
        let user = users[slot].pointee
        let halo = Halo(center: user.position, radius: user.radius, accuracy: user.accuracy, rules: rules, metrics: metrics)
        let notes = notes(of: slot)
        let hasEnd = !user.isSilent && rules.expireAfter > 0
        let change = user.hasOwnRadius ? notes?.radiusChange : nil
        return Explanation(
            time: user.time, age: now.wall - user.time, heard: heard(slot), isSilent: user.isSilent, radius: user.radius,
            isOwnRadius: user.hasOwnRadius, accuracy: user.accuracy, leaveThreshold: halo.reach.meters, mayEnter: halo.mayEnter,
            silentFrom: hasEnd ? heard(slot) + rules.expireAfter : nil, held: notes?.held?.time, refused: refusals[slot],
            radiusFrom: change.map { $0 + rules.radiusInterval }, insideCount: user.pairs.count,
            pair: subject.map { explain(slot, $0, halo) })
    }

    private borrowing func explain(_ slot: UInt32, _ id: [UInt8], _ halo: Halo) -> PairExplanation {
        guard let subject = findSubject(id) else {
            return PairExplanation(
                activity: .unknown, encounter: nil, since: nil, isNear: false, isBeyond: false, disclosed: nil, waiting: nil,
                verdict: .nothing)
        }
        let record = subjects[subject].pointee
        let open = users[slot].pointee.pairs.elements.first { $0.subject == subject }
        let wait = wait(of: slot, for: subject)
        var measure = PairState.Measure(isNear: false, isBeyond: false)
        var verdict = PairExplanation.Verdict.nothing
        if record.isActive, !users[slot].pointee.isSilent {
            measure = halo.measure(latitude: record.latitude, longitude: record.longitude)
            var state = open == nil ? PairState.outside : .inside
            verdict = PairExplanation.Verdict(state.observe(measure, mayEnter: halo.mayEnter, wait?.kind, dwells))
        }
        let mute = muteEnd(subject, of: slot).flatMap { $0 > users[slot].pointee.time ? $0 : nil }
        if verdict == .enter { verdict = mute != nil ? .nothing : hasRoom(slot, for: subject) ? .enter : .withheld }
        return PairExplanation(
            activity: PairExplanation.Activity(record.flags), encounter: open?.encounter, since: open?.since, isNear: measure.isNear,
            isBeyond: measure.isBeyond, disclosed: measure.isNear ? disclosed(slot, subject) : nil,
            waiting: wait.map { PairExplanation.Waiting($0) } ?? mute.map { .mute($0) }, verdict: verdict)
    }
}

extension PairExplanation.Activity {
    fileprivate init(_ flags: SubjectFlags) {
        if flags.contains(.suspended) {
            self = .suspended
        } else if flags.contains(.over) {
            self = .noLongerValid
        } else if flags.contains(.early) {
            self = .notYetValid
        } else {
            self = flags.contains(.silent) ? .silent : .active
        }
    }
}

extension PairExplanation.Waiting {
    fileprivate init(_ wait: Wait) {
        switch wait.kind {
        case .enter: self = .enter(wait.due)
        case .leave: self = .leave(wait.due)
        case .cooldown: self = .cooldown(wait.due)
        }
    }
}

extension PairExplanation.Verdict {
    fileprivate init(_ outcome: PairState.Outcome) {
        switch outcome {
        case .nothing: self = .nothing
        case .enter: self = .enter
        case .leave: self = .leave
        case .beginDwell: self = .beginDwell
        case .endDwell: self = .endDwell
        }
    }
}

/// The last few lines that were not accepted, by user: of bounded size, so that who sends nothing else takes nobody's memory.
struct RefusalTable {
    private var entries: [(slot: UInt32, refused: Explanation.Refused)?] = []
    private static var size: Int { 1 << 14 }

    /// - Complexity: O(1).
    mutating func note(_ refusal: Refusal, of slot: UInt32, at time: Int64) {
        if entries.isEmpty { entries = Array(repeating: nil, count: Self.size) }
        entries[Int(slot) & (Self.size - 1)] = (slot, Explanation.Refused(refusal: refusal, time: time))
    }

    mutating func forget(_ slot: UInt32) {
        guard self[slot] != nil else { return }
        entries[Int(slot) & (Self.size - 1)] = nil
    }

    subscript(slot: UInt32) -> Explanation.Refused? {
        guard !entries.isEmpty, let entry = entries[Int(slot) & (Self.size - 1)], entry.slot == slot else { return nil }
        return entry.refused
    }
}
