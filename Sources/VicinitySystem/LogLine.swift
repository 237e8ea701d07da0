import Glibc
import Logging

/// One message as one line of text.
///
/// A message without a name has its fields after it, as `key=value`, sorted by key, quoted where a blank or a quote would blur the ends; the
/// sentence of one with a name says what its fields say.
struct LogLine {
    let entry: LogEntry

    /// With the priority of syslog(3), which journald takes off.
    var journal: String { "<\(entry.level.priority)>\(text)" }

    /// - Parameter milliseconds: Unix time.
    func plain(at milliseconds: Int64) -> String { "\(Self.time(milliseconds)) \(entry.level.rawValue) \(text)" }

    var text: String {
        var line = Self.escaped(entry.message, quotes: false)
        guard entry.id == nil else { return line }
        for field in entry.fields { line += " \(Self.word(field.key))=\(Self.word(field.value))" }
        return line
    }

    private static func word(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && $0 != "\\" }
        return isPlain ? escaped(value, quotes: false) : "\"\(escaped(value, quotes: true))\""
    }

    /// Control characters, which could forge a line or move a terminal's cursor, as escapes.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes, "\\" where quotes: result += "\\\(scalar)"
            case _ where scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}":
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// RFC 3339 in UTC with milliseconds.
    private static func time(_ milliseconds: Int64) -> String {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        var clock = time_t(seconds)
        var parts = tm()
        gmtime_r(&clock, &parts)
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let hours = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(hours).\(padded(Int32(rest), 3))Z"
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Logger.Level {
    /// The priority of syslog(3): smaller is more urgent.
    var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
