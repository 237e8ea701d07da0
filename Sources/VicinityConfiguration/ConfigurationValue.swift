/// A setting's value as people and programs read it: one tree, written as YAML or as JSON.
///
/// The YAML is the flow style on one line, and reads back as the same value; it is what a variable of the environment takes, too.
package indirect enum ConfigurationValue: Sendable, Equatable {
    /// Finite.
    case number(Double)
    case integer(Int)
    case text(String)
    case list([ConfigurationValue])
    /// In the order in which they are written.
    case map([Entry])

    package struct Entry: Sendable, Equatable {
        package var name: String
        package var value: ConfigurationValue
    }

    /// YAML on one line.
    package var yaml: String {
        switch self {
        case .number(let number): Self.text(of: number)
        case .integer(let integer): "\(integer)"
        case .text(let text): Self.isPlain(text) ? text : Self.quoted(text)
        case .list(let values): "[" + values.map(\.yaml).joined(separator: ", ") + "]"
        case .map(let entries): "{ " + entries.map { "\($0.name): \($0.value.yaml)" }.joined(separator: ", ") + " }"
        }
    }

    /// JSON without white space.
    package var json: String {
        switch self {
        case .number(let number): Self.text(of: number)
        case .integer(let integer): "\(integer)"
        case .text(let text): Self.quoted(text)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .map(let entries): "{" + entries.map { "\(Self.quoted($0.name)):\($0.value.json)" }.joined(separator: ",") + "}"
        }
    }

    /// The shortest text that reads back as the same number; without a point where it is whole.
    static func text(of number: Double) -> String {
        Int(exactly: number).map { abs($0) < 1 << 53 ? "\($0)" : "\(number)" } ?? "\(number)"
    }

    /// Whether YAML may show `text` without quotes: a word, a span or a limit, that no reader takes for something else.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.allSatisfy({ isWordByte($0) || $0 == UInt8(ascii: " ") }) else { return false }
        guard !["null", "true", "false", "yes", "no", "on"].contains(text.lowercased()) else { return false }
        // What begins with a digit is quoted if it is all a number, and so read as one.
        let isNumber = Double(text) != nil
        return !isNumber && first != UInt8(ascii: "-") && first != UInt8(ascii: " ") && first != UInt8(ascii: ".")
            && text.utf8.last != UInt8(ascii: " ")
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"): true
        default: false
        }
    }

    /// In double quotes, with the escapes that JSON and YAML share.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
