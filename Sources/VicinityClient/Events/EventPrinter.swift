// One event, one line, for somebody who watches:
//
//     2024-11-22 15:40:00.123  #5001  enter      u-17  s-9 (toll)  within 250 m
//     2024-11-22 15:40:31.456  #5002  leave      u-17  s-9 (toll)  user, after 31.3 s

package struct EventPrinter: Sendable {
    /// Seconds that local time is ahead of UTC at a Unix time in seconds.
    private let offset: @Sendable (Int64) -> Int64

    package init(offset: @escaping @Sendable (Int64) -> Int64) {
        self.offset = offset
    }

    /// The line, without a newline.
    package func text(_ event: JSONValue) -> String {
        let type = event["type"]?.string ?? "?"
        var words = [
            event["ts"]?.integer.map(time) ?? "no time".padded(to: 23),
            event["seq"]?.integer.map { "#\($0)" } ?? "#?",
            type.padded(to: 9),
            event["user"]?.string ?? "(forgotten)",
        ]
        if let subject = event["subject"]?.string {
            words.append(subject + (event["kind"]?.string.map { " (\($0))" } ?? ""))
        }
        switch type {
        case "leave": words.append(Self.leave(event))
        case "report": words.append(Self.report(event))
        case "enter", "inside": words.append(Self.enter(event))
        default: break
        }
        return words.filter { !$0.isEmpty }.joined(separator: "  ").terminalSafe
    }

    private static func enter(_ event: JSONValue) -> String {
        var words: [String] = []
        if let distance = event["distance"]?.double { words.append("at \(metres(distance)) m") }
        if let within = event["within"]?.double { words.append("within \(metres(within)) m") }
        // That somebody comes near by moving goes without saying.
        if let cause = event["cause"]?.string, cause != "user" { words.append(cause) }
        return words.joined(separator: ", ")
    }

    private static func leave(_ event: JSONValue) -> String {
        var words: [String] = []
        if let cause = event["cause"]?.string { words.append(cause) }
        if let lasted = event["lasted"]?.integer { words.append("after \(spanText(milliseconds: lasted))") }
        return words.joined(separator: ", ")
    }

    private static func report(_ event: JSONValue) -> String {
        let kind = event["report_kind"]?.string ?? "report"
        return event["report"]?.integer.map { "\(kind), report \($0)" } ?? kind
    }

    static func metres(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? String((value * 100).rounded() / 100)
    }

    /// Local time of Unix milliseconds, "2024-11-22 15:40:00.123".
    func time(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let local = seconds + offset(seconds)
        let date = CivilDate(day: local / 86_400)
        let second = local % 86_400
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        let fraction = String(String(1000 + milliseconds % 1000).dropFirst())
        return "\(date.year)-\(two(date.month))-\(two(date.dayOfMonth)) \(clock).\(fraction)"
    }
}

/// A day of the Gregorian calendar.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let dayOfMonth: Int64

    /// - Parameter day: since 1970-01-01, ≥ 0.
    ///
    /// Years begin on 1 March here, so that the leap day is the last; 400 of them have 146,097 days.
    init(day: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}
