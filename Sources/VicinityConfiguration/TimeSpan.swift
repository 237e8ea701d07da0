/// A span of time as an operator writes it: `5min 20s`, `1h30min`, `2 h`, `1.5s`, or a bare number of seconds.
///
/// The syntax is that of systemd.time(7): values that are added up, each a number (a fraction is allowed) and a unit, white
/// space between them optional; a number without a unit is seconds. Kept in microseconds, the smallest unit of that page;
/// what is finer is cut off, as systemd does.
package struct TimeSpan: Sendable, Hashable, Comparable {
    /// 0 to 10 years.
    package let microseconds: Int64

    /// 10 years of 365.25 days: the most that any setting takes.
    package static let longest = TimeSpan(unchecked: 10 * yearInMicroseconds)
    package static let zero = TimeSpan(unchecked: 0)

    /// A span, or nil if it is below 0 or beyond 10 years.
    package init?(microseconds: Int64) {
        guard (0...Self.longest.microseconds).contains(microseconds) else { return nil }
        self.microseconds = microseconds
    }

    private init(unchecked microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Whole milliseconds, rounded up, so that only the span 0 is 0.
    package var milliseconds: Int64 { (microseconds + 999) / 1000 }

    package var duration: Duration { .microseconds(microseconds) }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.microseconds < right.microseconds }
}

// MARK: - Constants of the program's own

extension TimeSpan {
    // These make defaults and test values; each is far below ten years, which the precondition holds.

    package static func milliseconds(_ count: Int64) -> TimeSpan { exactly(count, 1000) }
    package static func seconds(_ count: Int64) -> TimeSpan { exactly(count, secondInMicroseconds) }
    package static func minutes(_ count: Int64) -> TimeSpan { exactly(count, 60 * secondInMicroseconds) }
    package static func hours(_ count: Int64) -> TimeSpan { exactly(count, 3600 * secondInMicroseconds) }
    package static func days(_ count: Int64) -> TimeSpan { exactly(count, dayInMicroseconds) }

    private static func exactly(_ count: Int64, _ unit: Int64) -> TimeSpan {
        let (microseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        precondition(!overflow && (0...longest.microseconds).contains(microseconds), "a span is 0 to 10 years")
        return TimeSpan(unchecked: microseconds)
    }
}

// MARK: - Text

private let secondInMicroseconds: Int64 = 1_000_000
private let dayInMicroseconds: Int64 = 86_400 * secondInMicroseconds
/// 365.25 days. systemd's month is a twelfth of it; the manual page's "30.44 days" is that, rounded.
private let yearInMicroseconds: Int64 = 31_557_600 * secondInMicroseconds

extension TimeSpan {
    package enum Invalid: Error, Equatable {
        /// Not written as systemd.time(7) says.
        case malformed
        /// Below 0, or beyond 10 years.
        case outOfRange
    }

    /// Reads a span.
    ///
    /// - Throws: ``Invalid``; a span that overflows any integer is out of range, not malformed.
    package init(_ text: some StringProtocol) throws(Invalid) {
        var rest = Substring(text)
        rest.skipWhiteSpace()
        guard !rest.isEmpty else { throw .malformed }
        var total: Int64 = 0
        var isBeyond = false
        while !rest.isEmpty {
            guard rest.first != "-" else {
                // Below 0 only if it is a number at all.
                guard let next = rest.dropFirst().first, next.isDigit else { throw .malformed }
                throw .outOfRange
            }
            guard let part = try Self.takeValue(from: &rest) else {
                isBeyond = true
                continue
            }
            let (sum, overflow) = total.addingReportingOverflow(part)
            total = sum
            isBeyond = isBeyond || overflow || sum > Self.longest.microseconds
            if overflow { total = 0 }
        }
        guard !isBeyond else { throw .outOfRange }
        microseconds = total
    }

    /// Takes a number, its unit and the white space after each.
    ///
    /// - Returns: microseconds; nil if they are more than an integer holds.
    private static func takeValue(from rest: inout Substring) throws(Invalid) -> Int64? {
        let whole = rest.takePrefix { $0.isDigit }
        var fraction: Substring = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = rest.takePrefix { $0.isDigit }
            guard !fraction.isEmpty else { throw .malformed }
        }
        guard !whole.isEmpty || !fraction.isEmpty else { throw .malformed }
        let hadSpace = rest.skipWhiteSpace()
        let name = rest.takePrefix { $0.isLetter }
        guard let unit = name.isEmpty ? secondInMicroseconds : unitInMicroseconds(name) else { throw .malformed }
        // "1.2.3" is nothing, "1.2 .3" and "1.2s.3" are two values.
        guard rest.isEmpty || hadSpace || !name.isEmpty else { throw .malformed }
        rest.skipWhiteSpace()
        return value(whole: whole, fraction: fraction, unit: unit)
    }

    private static func value(whole: Substring, fraction: Substring, unit: Int64) -> Int64? {
        guard let count = whole.isEmpty ? 0 : Int64(whole) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        // Digit by digit, each a tenth of the one before, as systemd does it.
        var sum = product
        var place = unit / 10
        for digit in fraction {
            let (next, tooMuch) = sum.addingReportingOverflow(Int64(digit.wholeNumberValue ?? 0) * place)
            guard !tooMuch else { return nil }
            sum = next
            place /= 10
        }
        return sum
    }

    private static func unitInMicroseconds(_ name: Substring) -> Int64? {
        switch name {
        // Both of Unicode's letters: the micro sign and the Greek one.
        case "usec", "us", "\u{B5}s", "\u{3BC}s": 1
        case "msec", "ms": 1000
        case "seconds", "second", "sec", "s": secondInMicroseconds
        case "minutes", "minute", "min", "m": 60 * secondInMicroseconds
        case "hours", "hour", "hr", "h": 3600 * secondInMicroseconds
        case "days", "day", "d": dayInMicroseconds
        case "weeks", "week", "w": 7 * dayInMicroseconds
        case "months", "month", "M": yearInMicroseconds / 12
        case "years", "year", "y": yearInMicroseconds
        default: nil
        }
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The exact span in few words: `5min`, `1d`, `1h 30min`. Years only where they come out even; weeks and months never.
    package var description: String {
        guard microseconds > 0 else { return "0s" }
        guard !microseconds.isMultiple(of: yearInMicroseconds) else { return "\(microseconds / yearInMicroseconds)y" }
        var rest = microseconds
        var words: [String] = []
        let units: [(String, Int64)] = [
            ("d", dayInMicroseconds), ("h", 3600 * secondInMicroseconds), ("min", 60 * secondInMicroseconds),
            ("s", secondInMicroseconds), ("ms", 1000), ("us", 1),
        ]
        for (name, unit) in units where rest >= unit {
            words.append("\(rest / unit)\(name)")
            rest %= unit
        }
        return words.joined(separator: " ")
    }
}

extension Substring {
    /// - Returns: whether there was any.
    @discardableResult
    fileprivate mutating func skipWhiteSpace() -> Bool {
        !takePrefix { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }.isEmpty
    }

    fileprivate mutating func takePrefix(while belongs: (Character) -> Bool) -> Substring {
        let taken = prefix(while: belongs)
        removeFirst(taken.count)
        return taken
    }
}

extension Character {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
