/// Something that an outsider could learn, or do, with the settings and the register as they are.
package struct PrivacyFinding: Equatable, Sendable {
    package enum Severity: Int, Comparable, Sendable {
        /// Somebody can be found, or everything be read.
        case high
        /// More is told or kept than the purpose is likely to need.
        case medium
        /// Worth a look.
        case low

        package var word: String {
            switch self {
            case .high: "high"
            case .medium: "medium"
            case .low: "low"
            }
        }

        package static func < (one: Severity, other: Severity) -> Bool { one.rawValue < other.rawValue }
    }

    package let severity: Severity
    /// One word for scripts; it does not change.
    package let code: String
    /// What could be learnt, in plain words.
    package let sentence: String
    /// What to do about it.
    package let advice: String

    /// The finding as JSON.
    package var json: JSONValue {
        .object([
            JSONValue.Member("severity", .string(severity.word)), JSONValue.Member("code", .string(code)),
            JSONValue.Member("finding", .string(sentence)), JSONValue.Member("advice", .string(advice)),
        ])
    }
}

/// What a privacy check has to say.
package struct PrivacyReport: Sendable {
    /// The gravest first.
    package let findings: [PrivacyFinding]
    package let subjects: Int64
    package let isAboutPeople: Bool

    /// For people, without a newline at the end.
    package var text: String {
        let looked = "\(counted(subjects, "subject")), profile \(isAboutPeople ? "people" : "places")"
        guard !findings.isEmpty else { return "nothing to say: \(looked)" }
        let lines = findings.map { finding in
            "\((finding.severity.word + ":").padded(to: 8))\(finding.sentence)\n        → \(finding.advice)".split(separator: "\n")
                .map { String($0).terminalSafe }.joined(separator: "\n")
        }
        return (lines + ["\(counted(findings.count, "finding")): \(looked)"]).joined(separator: "\n")
    }

    package var json: String {
        JSONValue.object([
            JSONValue.Member("subjects", .number(subjects)), JSONValue.Member("findings", .array(findings.map(\.json))),
        ]).text
    }
}
