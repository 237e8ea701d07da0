import VicinityCore
package import VicinityStore

// Reports of users: logged, kept, and where enough of them dispute a subject it is suspended until they are resolved. All of it is one commit.

/// What relays and operators do with reports.
package enum ReportWork: Sendable {
    /// Answered with the number of the report.
    case create(NewReport, ReportPolicy, for: AuditEntry.Peer, Reply<Result<Int64, DisclosureRefusal>>)
    /// Answered when it is written down that somebody reads reports.
    case list(for: AuditEntry.Peer, Reply<Void>)
    case resolve(ReportVerdict, ReportPolicy, for: AuditEntry.Peer, Reply<ReportOutcome>)
}

/// What a user says of a subject.
package struct NewReport: Sendable {
    package var user: [UInt8]
    package var subject: [UInt8]
    package var kind: String
    package var text: String

    package init(user: [UInt8], subject: [UInt8], kind: String, text: String) {
        self.user = user
        self.subject = subject
        self.kind = kind
        self.text = text
    }
}

/// Which reports suspend a subject, as configured now.
package struct ReportPolicy: Sendable {
    /// The kinds that do.
    package var suspendOn: Set<String>
    /// From so many different users.
    package var suspendAfter: Int

    package init(suspendOn: Set<String>, suspendAfter: Int) {
        self.suspendOn = suspendOn
        self.suspendAfter = suspendAfter
    }
}

/// What an operator decides on a report.
package struct ReportVerdict: Sendable {
    package var number: Int64
    package var outcome: String
    package var note: String?
    /// Whether the subject goes from the register.
    package var removesSubject: Bool

    package init(number: Int64, outcome: String, note: String?, removesSubject: Bool) {
        self.number = number
        self.outcome = outcome
        self.note = note
        self.removesSubject = removesSubject
    }
}

/// What became of the wish to resolve a report.
package enum ReportOutcome: Sendable {
    case resolved
    case unknown
    /// It was resolved before, and stays as it is.
    case notOpen
}

extension Writer {
    mutating func handle(_ work: ReportWork, now: ClockReading) {
        switch work {
        case .create(let report, let policy, let peer, let reply):
            let outcome = create(report, policy, for: peer, now: now)
            open.replies.append { reply.send(outcome) }
        case .list(let peer, let reply):
            audit("reports.list", for: peer, outcome: .shown, now: now)
            open.replies.append { reply.send(()) }
        case .resolve(let verdict, let policy, let peer, let reply):
            let outcome = resolve(verdict, policy, for: peer, now: now)
            open.replies.append { reply.send(outcome) }
        }
    }

    private mutating func create(
        _ report: NewReport, _ policy: ReportPolicy, for peer: AuditEntry.Peer, now: ClockReading
    ) -> Result<Int64, DisclosureRefusal> {
        let (refusal, nearness) = admit(.reports, user: report.user, subject: report.subject, now: now)
        if let refusal {
            audit(
                "reports.create", for: peer, user: report.user, subject: report.subject, outcome: AuditOutcome(refusal, else: .reported),
                detail: nearness.word, now: now)
            return .failure(refusal)
        }
        let number = reports.last + 1
        let row = ReportRow(
            number: number, wallTime: now.wall, user: report.user, subject: report.subject, kind: report.kind, text: report.text)
        reports.add(row)
        open.commit.reports.append(.create(row))
        open.size += 512 + report.text.utf8.count
        engine.report(user: report.user, subject: report.subject, number: number, kind: report.kind, now: now, into: &changes)
        var detail = "report \(number), \(report.kind)"
        if policy.suspendOn.contains(report.kind),
            reports.users(reporting: report.subject, kinds: policy.suspendOn) >= policy.suspendAfter
        {
            suspend(report.subject, by: .dispute, reason: "report \(number)", now: now)
            detail += ", which suspends the subject"
        }
        audit("reports.create", for: peer, user: report.user, subject: report.subject, outcome: .reported, detail: detail, now: now)
        return .success(number)
    }

    private mutating func resolve(
        _ verdict: ReportVerdict, _ policy: ReportPolicy, for peer: AuditEntry.Peer, now: ClockReading
    ) -> ReportOutcome {
        var detail = "report \(verdict.number), \(verdict.outcome)"
        guard let subject = reports.subject(of: verdict.number) else {
            let isKnown = verdict.number >= 1 && verdict.number <= reports.last
            audit("reports.resolve", for: peer, outcome: isKnown ? .notOpen : .unknownReport, detail: detail, now: now)
            return isKnown ? .notOpen : .unknown
        }
        reports.remove(verdict.number)
        let resolution = ReportRow.Resolution(outcome: verdict.outcome, note: verdict.note, wallTime: now.wall)
        open.commit.reports.append(.resolve(number: verdict.number, resolution))
        open.size += 512 + (verdict.note?.utf8.count ?? 0)
        // First, so that nobody enters what is to go.
        if verdict.removesSubject, remove([subject], now: now) > 0 { detail += ", which removes the subject" }
        if reports.users(reporting: subject, kinds: policy.suspendOn) == 0, resume(subject, by: .dispute, now: now) {
            detail += ", which ends the dispute"
        }
        audit("reports.resolve", for: peer, subject: subject, outcome: .resolved, detail: detail, now: now)
        return .resolved
    }
}
