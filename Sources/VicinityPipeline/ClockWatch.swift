/// Notices when the system's clock is set.
///
/// The daemon dates by the clock what it is not told the time of, and lets events go by it. A clock that leaps ahead would make it let go of
/// everything at once; so the age of events counts for nothing until the leap is an hour old, which gives whoever made it by mistake time to
/// take it back.
package struct ClockWatch: Sendable {
    /// A leap of the clock, in milliseconds; below 0 if it was set back.
    package struct Leap: Sendable, Equatable {
        package let by: Int64

        package init(by: Int64) { self.by = by }
    }

    /// Less than this is what time daemons do all day, in milliseconds.
    package static var tolerance: Int64 { 2000 }
    /// How long a leap counts, in milliseconds.
    package static var quarantine: Int64 { 3_600_000 }

    private var last: (unix: Int64, steady: Int64)?
    private var leaptAt: Int64?
    /// The leaps that still count, together.
    private var sum: Int64 = 0

    package init() {}

    /// Takes a sample; call it about once a second.
    ///
    /// - Parameters:
    ///   - unix: milliseconds of the clock that can be set.
    ///   - steady: milliseconds of a clock that cannot be set and runs on while the machine sleeps.
    /// - Returns: the leap, if there was one since the last sample.
    package mutating func sample(unix: Int64, steady: Int64) -> Leap? {
        defer { last = (unix, steady) }
        if let at = leaptAt, steady - at >= Self.quarantine {
            leaptAt = nil
            sum = 0
        }
        guard let last else { return nil }
        let by = (unix - last.unix) - (steady - last.steady)
        guard abs(by) >= Self.tolerance else { return nil }
        sum += by
        // Taken back: all is as before.
        leaptAt = abs(sum) < Self.tolerance ? nil : steady
        if leaptAt == nil { sum = 0 }
        return Leap(by: by)
    }

    /// By how much the clock was set within the last hour, in milliseconds; `nil` if it was not.
    package var recentLeap: Int64? { leaptAt == nil ? nil : sum }

    /// Whether the age of events may be measured with the clock: unless it was set ahead within the last hour.
    package var isTrusted: Bool { leaptAt == nil || sum < 0 }
}
