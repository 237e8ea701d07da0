package import VicinityCore
package import VicinityStore

// What a relay may see for a user: what is near, and of that the fields that are allowed.
//
// A user who is refused must not learn why, neither from the words nor from the time that they take: whether a subject is far, suspended or
// unknown, or the user is. So `details` does the same in each case: the engine looks everything up (`Engine.nearness`), the register is read off
// this thread (the subject's row, or in its place none), the engine looks once more, one entry goes into the audit log, and the answer waits for
// that commit. Between the two looks nothing was told; the second one counts.

/// What a relay asks for a user.
package enum DisclosureWork: Sendable {
    /// What is inside the user's halo; audited.
    case nearby([UInt8], for: AuditEntry.Peer, Reply<[NearbySubject]>)
    /// Whether details may be read, so that they can be told if they still may. Answered at once.
    case approach(DetailsRequest, Reply<Bool>)
    /// Whether these fields may be told; audited.
    case details(DetailsRequest, fields: [String], for: AuditEntry.Peer, Reply<DisclosureRefusal?>)
}

/// Whose details are asked for, by whom and why.
package struct DetailsRequest: Sendable {
    package var user: [UInt8]
    package var subject: [UInt8]
    package var purpose: String

    package init(user: [UInt8], subject: [UInt8], purpose: String) {
        self.user = user
        self.subject = subject
        self.purpose = purpose
    }
}

/// Why nothing is told or taken: all that a relay learns of it.
package enum DisclosureRefusal: Error, Sendable {
    case notNear
    case limitReached
}

extension Writer {
    mutating func handle(_ work: DisclosureWork, now: ClockReading) {
        switch work {
        case .nearby(let user, let peer, let reply):
            engine.catchUp(user, into: &changes)
            let subjects = engine.nearby(user)
            let isKnown = engine.user(user) != nil
            audit(
                "nearby", for: peer, user: user, outcome: isKnown ? .shown : .unknownUser,
                detail: isKnown ? "\(subjects.count) \(subjects.count == 1 ? "subject" : "subjects")" : nil, now: now)
            open.replies.append { reply.send(subjects) }
        case .approach(let request, let reply):
            engine.catchUp(request.user, into: &changes)
            reply.send(engine.nearness(user: request.user, subject: request.subject, now: now).isNear)
        case .details(let request, let fields, let peer, let reply):
            let (refusal, nearness) = admit(.details, user: request.user, subject: request.subject, now: now)
            audit(
                "details", for: peer, user: request.user, subject: request.subject, purpose: request.purpose,
                outcome: AuditOutcome(refusal, else: .granted), fields: refusal == nil ? fields : [], detail: nearness.word, now: now)
            open.replies.append { reply.send(refusal) }
        }
    }

    /// Decides whether a user may have or do something with a subject, and counts it if so.
    ///
    /// - Returns: also how the user stands to the subject, for the audit log alone.
    mutating func admit(
        _ use: LimitedUse, user: [UInt8], subject: [UInt8], now: ClockReading
    ) -> (refusal: DisclosureRefusal?, nearness: Nearness) {
        engine.catchUp(user, into: &changes)
        let nearness = engine.nearness(user: user, subject: subject, now: now)
        guard nearness.isNear else { return (.notNear, nearness) }
        guard engine.mayUse(use, user: user) else { return (.limitReached, nearness) }
        engine.use(use, user: user, into: &changes)
        return (nil, nearness)
    }
}

extension Writer.AuditOutcome {
    init(_ refusal: DisclosureRefusal?, else granted: Self) {
        switch refusal {
        case .notNear: self = .notNear
        case .limitReached: self = .limitReached
        case nil: self = granted
        }
    }
}

extension Nearness {
    /// The word in the audit log.
    var word: String {
        switch self {
        case .inside: "inside"
        case .left: "left"
        case .outside: "outside"
        case .suspended: "suspended"
        case .unknownSubject: "unknown_subject"
        case .unknownUser: "unknown_user"
        }
    }
}
