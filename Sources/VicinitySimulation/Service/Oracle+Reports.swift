import VicinityCore
import VicinityPipeline
import VicinityStore

// What users report and operators decide, as the oracle sees it.

extension Oracle {
    func handle(_ work: ReportWork) {
        switch work {
        case .create(let report, let policy, _, _):
            let number = model.report(report.user, report.subject, kind: report.kind, Model.ReportPolicy(policy))
            answers.append(.report(number ?? 0))
        case .resolve(let verdict, let policy, _, _):
            let wasOpen = model.resolve(verdict.number, removingSubject: verdict.removesSubject, Model.ReportPolicy(policy))
            answers.append(.resolved(wasOpen))
        case .list: preconditionFailure("nobody asks for that here")
        }
    }

    func handle(_ work: DisclosureWork) {
        switch work {
        case .details(let request, _, _, _):
            answers.append(.known(model.nearness(user: request.user, subject: request.subject).isNear))
        case .nearby, .approach: preconditionFailure("nobody asks for that here")
        }
    }

    /// Holds the reports and the audit log that are durable against the model, and against the chain.
    func checkReports(_ contents: MemoryStore.Contents, _ copy: MemoryStore) throws(Violation) {
        let expected = model.reports.enumerated().map {
            "\($0.offset + 1) \(Text.quoted($0.element.user)) \($0.element.kind) \($0.element.isOpen)"
        }
        let found = contents.reports.sorted { $0.key < $1.key }.map { number, row in
            "\(number) \(Text.quoted(row.user ?? [])) \(row.kind) \(row.resolution == nil)"
        }
        try demand(expected == found, "the durable reports are \(found), expected \(expected)")
        let verification: AuditVerification
        do throws(StoreFault) {
            verification = try copy.verifyAudit()
        } catch {
            throw Violation("the audit log cannot be read: \(error)")
        }
        try demand(verification.isIntact, "the audit log is broken: \(verification)")
    }
}

extension Model.ReportPolicy {
    init(_ policy: ReportPolicy) { self.init(suspendOn: policy.suspendOn, suspendAfter: policy.suspendAfter) }
}
