// A point in time as tracks are dated: ISO 8601, in the profile of XML Schema's dateTime, and what recorders write beside it.
//
//     2024-05-01T12:34:56Z   2024-05-01T12:34:56.789+02:00   2024-05-01T12:34:56   2024-05-01 12:34:56,5-0330

/// Reads times of tracks.
enum TrackTime {
    /// Unix milliseconds of a time; what is finer is cut off.
    ///
    /// A time without an offset is UTC, as GPX says it must be. A second 60 is the one after 59, as in Unix time, and 24:00:00 the
    /// next day's first.
    ///
    /// - Returns: `nil` if it is none, or no day of the calendar. Before 1970 it is negative.
    static func milliseconds(_ text: String) -> Int64? {
        var digits = DigitReader(Array(text.utf8))
        guard let year = digits.number(4), digits.take("-"), let month = digits.number(2), digits.take("-"), let day = digits.number(2),
            digits.take("T") || digits.take("t") || digits.take(" "),
            let hour = digits.number(2), digits.take(":"), let minute = digits.number(2), digits.take(":"), let second = digits.number(2),
            let fraction = digits.fraction(), let offset = digits.offset(), digits.isAtEnd
        else { return nil }
        guard (1...12).contains(month), (1...length(ofMonth: month, year: year)).contains(day) else { return nil }
        guard minute <= 59, second <= 60 else { return nil }
        guard hour <= 23 || (hour == 24 && minute == 0 && second == 0 && fraction == 0) else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
        return seconds * 1_000 + fraction
    }

    private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days of the proleptic Gregorian calendar, from years that begin in March, so that the leap day is the last
    /// (Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        // A whole era ahead: the year is not negative then, and neither is a quotient.
        let year = (month <= 2 ? year - 1 : year) + 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468 - 146_097
    }
}

private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    private var digit: Int64? {
        guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { return nil }
        return Int64(bytes[position] - UInt8(ascii: "0"))
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    /// A number of exactly so many digits.
    mutating func number(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit else { return nil }
            value = value * 10 + digit
            position += 1
        }
        return value
    }

    /// Milliseconds of what stands after the seconds; 0 if there is nothing.
    mutating func fraction() -> Int64? {
        guard take(".") || take(",") else { return 0 }
        var value: Int64 = 0
        var place: Int64 = 100
        guard digit != nil else { return nil }
        while let digit {
            value += digit * place
            place /= 10
            position += 1
        }
        return value
    }

    /// Minutes that the local time is ahead of UTC; 0 if nothing stands there.
    mutating func offset() -> Int64? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(2), hours <= 23 else { return nil }
        let hadColon = take(":")
        if isAtEnd, !hadColon { return sign * hours * 60 }
        guard let minutes = number(2), minutes <= 59 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
