// What users have reported of subjects, and which subjects are suspended.

/// A report, as it is kept.
package struct ReportRow: Sendable, Equatable {
    /// What became of a report.
    package struct Resolution: Sendable, Equatable {
        package var outcome: String
        /// The operator's; `nil` if there is none.
        package var note: String?
        /// Unix milliseconds.
        package var wallTime: Int64

        package init(outcome: String, note: String? = nil, wallTime: Int64) {
            self.outcome = outcome
            self.note = note
            self.wallTime = wallTime
        }
    }

    /// 1, 2, 3 …, never given twice.
    package var number: Int64
    /// When it was made, in Unix milliseconds.
    package var wallTime: Int64
    /// The id of who made it, UTF-8, 1 to 128 bytes; `nil` once the user was forgotten.
    package var user: [UInt8]?
    /// The id, UTF-8, 1 to 128 bytes.
    package var subject: [UInt8]
    package var kind: String
    /// What the user wrote; `nil` once the user was forgotten.
    package var text: String?
    /// Until when the report counts for the limits of its user, in Unix milliseconds; `nil` if it counts for none, as that of a user who was
    /// forgotten.
    package var countsUntil: Int64?
    /// `nil` is open.
    package var resolution: Resolution?

    package init(
        number: Int64, wallTime: Int64, user: [UInt8]?, subject: [UInt8], kind: String, text: String?, countsUntil: Int64? = nil,
        resolution: Resolution? = nil
    ) {
        self.number = number
        self.wallTime = wallTime
        self.user = user
        self.subject = subject
        self.kind = kind
        self.text = text
        self.countsUntil = countsUntil
        self.resolution = resolution
    }

    /// Whether a daemon that starts must know of it.
    func isNeeded(at time: Int64) -> Bool { resolution == nil || countsUntil.map { $0 >= time } ?? false }

    /// Forgets who made it, and what they wrote.
    mutating func anonymise() {
        user = nil
        text = nil
        countsUntil = nil
    }
}

/// A step in the life of a report.
package enum ReportChange: Sendable, Equatable {
    /// A new report; its number was never given before.
    case create(ReportRow)
    /// Nothing happens if there is none of this number, or if it is resolved.
    case resolve(number: Int64, ReportRow.Resolution)
    /// Every report of a user, open or resolved, loses the user and the text.
    case anonymise(user: [UInt8])
}

/// Which reports are asked for.
package enum ReportState: String, Sendable, CaseIterable {
    case open
    case resolved
}

/// Reads reports. Safe from any thread; blocks the caller while the disk works.
package protocol ReportReader: Sendable {
    /// - Returns: `nil` if there is none of this number.
    func report(number: Int64) throws(StoreFault) -> ReportRow?

    /// The reports after `number`, in ascending order.
    ///
    /// - Parameters:
    ///   - state: `nil` is all.
    ///   - limit: at least 1.
    func reports(after number: Int64, limit: Int, state: ReportState?) throws(StoreFault) -> [ReportRow]
}

/// A reason why a subject is suspended: each source has its own, and the subject is until none is left. It belongs to the id, whether there is
/// such a subject or not.
package struct SuspensionRow: Sendable, Equatable {
    package enum Source: UInt8, Sendable, CaseIterable {
        case `operator` = 1
        case dispute
    }

    /// The id, UTF-8, 1 to 128 bytes.
    package var subject: [UInt8]
    package var source: Source
    package var reason: String
    /// When it was suspended, in Unix milliseconds.
    package var wallTime: Int64

    package init(subject: [UInt8], source: Source, reason: String, wallTime: Int64) {
        self.subject = subject
        self.source = source
        self.reason = reason
        self.wallTime = wallTime
    }

    /// The order in which recovery gives them: by the bytes of the subject's id, then by the source.
    static func precedes(_ one: SuspensionRow, _ other: SuspensionRow) -> Bool {
        one.subject == other.subject
            ? one.source.rawValue < other.source.rawValue : one.subject.lexicographicallyPrecedes(other.subject)
    }
}

/// A step in the life of a suspension.
package enum SuspensionChange: Sendable, Equatable {
    /// A new suspension, or a new one in place of that of the same subject and source.
    case set(SuspensionRow)
    /// Nothing happens if there is none; that of the other source stays.
    case remove(subject: [UInt8], source: SuspensionRow.Source)
}
