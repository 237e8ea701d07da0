// Reports of users, read naively from the contract: the event comes first, then the suspension, which ends with the last such report.

import VicinityCore

extension Model {
    /// A report, open or resolved.
    struct Report: Sendable {
        let user: [UInt8]
        let subject: [UInt8]
        let kind: String
        var isOpen = true
    }

    /// What suspends a subject.
    struct ReportPolicy {
        let suspendOn: Set<String>
        let suspendAfter: Int
    }

    /// - Returns: the number of the report; `nil` if the user is not near.
    mutating func report(_ user: [UInt8], _ subject: [UInt8], kind: String, _ policy: ReportPolicy) -> Int64? {
        guard nearness(user: user, subject: subject).isNear, let entry = subjects[subject] else { return nil }
        reports.append(Report(user: user, subject: subject, kind: kind))
        let number = Int64(reports.count)
        append(.report(number: number, kind: kind), clock.wall, user, entry)
        let disputing = Set(disputes(of: subject, policy).map(\.user))
        if policy.suspendOn.contains(kind), disputing.count >= policy.suspendAfter { suspend(subject, by: .dispute) }
        return number
    }

    /// - Returns: whether there is an open report of this number; `nil` if there never was one.
    mutating func resolve(_ number: Int64, removingSubject: Bool, _ policy: ReportPolicy) -> Bool? {
        guard number >= 1, number <= reports.count else { return nil }
        let report = reports[Int(number) - 1]
        guard report.isOpen else { return false }
        reports[Int(number) - 1].isOpen = false
        if removingSubject {
            remove([report.subject])
            unstage([report.subject])
        }
        if disputes(of: report.subject, policy).isEmpty { resume(report.subject, by: .dispute) }
        return true
    }

    private func disputes(of subject: [UInt8], _ policy: ReportPolicy) -> [Report] {
        reports.filter { $0.isOpen && $0.subject == subject && policy.suspendOn.contains($0.kind) }
    }
}
