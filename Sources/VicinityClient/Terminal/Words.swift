// Numbers and spans of time as people read them.

/// 1234567 as "1,234,567".
package func grouped(_ number: Int64) -> String {
    var text = ""
    let digits = String(number.magnitude)
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return number < 0 ? "-" + text : text
}

package func grouped(_ number: Int) -> String { grouped(Int64(number)) }

/// "1 subject", "2,657 subjects".
package func counted(_ number: Int64, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }

package func counted(_ number: Int, _ noun: String) -> String { counted(Int64(number), noun) }

/// Bytes in the unit that keeps them short: "512 B", "181 KiB", "1.4 GiB".
package func byteText(_ bytes: Int64) -> String {
    var size = Double(bytes)
    for unit in ["B", "KiB", "MiB"] {
        if size < 1000 { return unit == "B" || size >= 10 ? "\(Int(size.rounded())) \(unit)" : "\((size * 10).rounded() / 10) \(unit)" }
        size /= 1024
    }
    return "\((size * 10).rounded() / 10) GiB"
}

/// Milliseconds as the two units that matter: "450 ms", "31.3 s", "5 min 3 s", "2 h 14 min", "3 d 4 h".
package func spanText(milliseconds: Int64) -> String {
    let seconds = milliseconds / 1000
    switch milliseconds {
    case ..<1000: return "\(milliseconds) ms"
    case ..<60_000: return "\(seconds).\(milliseconds % 1000 / 100) s"
    case ..<3_600_000: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400_000: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
    }
}

extension Unicode.Scalar {
    /// Of the category Cc, which Unicode will never extend: U+0000 to U+001F and U+007F to U+009F.
    var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension String {
    /// With control characters replaced, so that no text can move the cursor or colour the terminal.
    package var terminalSafe: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(scalar.isControl ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }

    /// Filled up with spaces to `width` characters.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// A span as on a command line: "30s", "5min", "1h 30min", "500ms"; a bare number is seconds.
package struct TimeSpan: Equatable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// - Returns: `nil` if the text is none, or more than 10 years.
    package init?(_ text: String) {
        let units: [String: Double] = [
            "": 1000, "ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "hr": 3_600_000, "d": 86_400_000,
        ]
        var total = 0.0
        var rest = Substring(text.filter { $0 != " " })
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = units[String(unit)] else { return nil }
            total += value * factor
        }
        guard total <= 10 * 365.25 * 86_400_000 else { return nil }
        milliseconds = Int64(total.rounded())
    }
}
