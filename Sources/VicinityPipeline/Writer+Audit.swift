import VicinityCore
import VicinityStore

// What must be written down goes into the same commit as the answer that it tells of, so that nobody gets the one without the other.

extension Writer {
    /// Explains, for whom the audit log names.
    mutating func explain(
        user: [UInt8], subject: [UInt8]?, for peer: AuditEntry.Peer, _ reply: Reply<Explanation?>, now: ClockReading
    ) {
        engine.catchUp(user, into: &changes)
        let explanation = engine.explain(user: user, subject: subject, now: now)
        audit("explain", for: peer, user: user, subject: subject, outcome: explanation == nil ? .unknownUser : .shown, now: now)
        open.replies.append { reply.send(explanation) }
    }

    /// Tells a user's position, to whom the audit log names.
    mutating func locate(_ user: [UInt8], for peer: AuditEntry.Peer, _ reply: Reply<UserView?>, now: ClockReading) {
        engine.catchUp(user, into: &changes)
        let view = engine.user(user)
        let fields = view?.position == nil ? [] : ["position"]
        audit("users.get", for: peer, user: user, outcome: view == nil ? .unknownUser : .shown, fields: fields, now: now)
        open.replies.append { reply.send(view) }
    }

    /// Writes down whom the follow guard has muted: nobody has asked for it, so it is the daemon's own deed.
    mutating func auditFollowing(now: ClockReading) {
        for transition in changes.transitions {
            guard case .following = transition.change else { continue }
            let event = engine.event(transition)
            audit("follow_guard", for: daemon, user: event.user, subject: event.subject, outcome: .muted, now: now)
        }
    }

    /// What became of what was asked for.
    enum AuditOutcome: String {
        case shown
        case unknownUser = "unknown_user"
        /// What is answered when it is done.
        case begun
        case unknownSubject = "unknown_subject"
        case forgotten
        case suspended
        case resumed
        /// There was nothing to resume.
        case notSuspended = "not_suspended"
        case muted
        case granted
        case notNear = "not_near"
        case limitReached = "limit_reached"
        case reported
        case resolved
        case unknownReport = "unknown_report"
        /// The report was resolved before.
        case notOpen = "not_open"
    }

    /// Adds an entry to the audit log.
    ///
    /// - Parameters:
    ///   - user: the id, of which the entry has only a hash.
    ///   - userHash: that hash, where the id is not known any more.
    ///   - purpose: as whoever asks has stated it.
    ///   - fields: the names of those that are told.
    ///   - detail: what else an auditor must know.
    mutating func audit(
        _ method: String, for peer: AuditEntry.Peer, user: [UInt8]? = nil, userHash: UInt64? = nil, subject: [UInt8]? = nil,
        purpose: String? = nil, outcome: AuditOutcome, fields: [String] = [], detail: String? = nil, now: ClockReading
    ) {
        lastAudit += 1
        open.commit.audit.append(
            AuditEntry(
                number: lastAudit, wallTime: now.wall, peer: peer, method: method, user: userHash ?? user.map { engine.auditHash($0) },
                subject: subject, purpose: purpose, outcome: outcome.rawValue, fields: fields, detail: detail))
        open.size += 512
    }
}
