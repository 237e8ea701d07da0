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

    /// What became of what was asked for.
    private enum AuditOutcome: String {
        case shown
        case unknownUser = "unknown_user"
    }

    /// Adds an entry to the audit log.
    private mutating func audit(
        _ method: String, for peer: AuditEntry.Peer, user: [UInt8], subject: [UInt8]? = nil, outcome: AuditOutcome, fields: [String] = [],
        now: ClockReading
    ) {
        lastAudit += 1
        open.commit.audit.append(
            AuditEntry(
                number: lastAudit, wallTime: now.wall, peer: peer, method: method, user: engine.auditHash(user), subject: subject,
                outcome: outcome.rawValue, fields: fields))
        open.size += 512
    }
}
