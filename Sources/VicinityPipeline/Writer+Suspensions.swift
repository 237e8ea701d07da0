import VicinityCore
package import VicinityStore

// Suspensions by operators: durable, and written down with the reason, in the commit of what they change.

/// What operators do with a suspension.
package enum SuspensionWork: Sendable {
    /// Answered with whether there is such a subject. A new reason takes the place of the one before.
    case suspend([UInt8], reason: String, for: AuditEntry.Peer, Reply<Bool>)
    /// Answered with whether there is such a subject, or was and an operator had suspended it.
    case resume([UInt8], reason: String, for: AuditEntry.Peer, Reply<Bool>)
}

extension Writer {
    mutating func handle(_ work: SuspensionWork, now: ClockReading) {
        switch work {
        case .suspend(let id, let reason, let peer, let reply):
            let isKnown = engine.subject(id) != nil
            if isKnown { suspend(id, by: .operator, reason: reason, now: now) }
            audit(
                "subjects.suspend", for: peer, subject: id, outcome: isKnown ? .suspended : .unknownSubject, detail: reason, now: now)
            open.replies.append { reply.send(isKnown) }
        case .resume(let id, let reason, let peer, let reply):
            let wasSuspended = resume(id, by: .operator, now: now)
            let isKnown = wasSuspended || engine.subject(id) != nil
            audit(
                "subjects.resume", for: peer, subject: id,
                outcome: wasSuspended ? .resumed : isKnown ? .notSuspended : .unknownSubject, detail: reason, now: now)
            open.replies.append { reply.send(isKnown) }
        }
    }

    /// Suspends a subject, or gives the suspension of this source another reason.
    mutating func suspend(_ id: [UInt8], by source: SuspensionRow.Source, reason: String, now: ClockReading) {
        engine.suspend(id, by: SuspensionSources(source), now: now, into: &changes)
        let row = SuspensionRow(subject: id, source: source, reason: reason, wallTime: now.wall)
        open.commit.suspensions.append(.set(row))
        open.size += 512
    }

    /// - Returns: whether this source had suspended the subject.
    @discardableResult
    mutating func resume(_ id: [UInt8], by source: SuspensionRow.Source, now: ClockReading) -> Bool {
        guard engine.resume(id, by: SuspensionSources(source), now: now, into: &changes) else { return false }
        open.commit.suspensions.append(.remove(subject: id, source: source))
        open.size += 256
        return true
    }
}

extension SuspensionSources {
    init(_ source: SuspensionRow.Source) {
        switch source {
        case .operator: self = .operator
        case .dispute: self = .dispute
        }
    }
}
