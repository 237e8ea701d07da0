// RFC 8259, strictly: bytes to a ``JSONValue``. One pass, recursive, with a bound on the depth so that hostile
// input cannot exhaust the stack.

/// Why bytes are not one JSON value.
package struct JSONFault: Error, Equatable, Sendable {
    /// A clause: "expected `:` after a key".
    package let why: String
    /// Bytes from the beginning of the text, from 0.
    package let offset: Int
}

extension JSONValue {
    /// Parses exactly one value, with white space round it.
    package init(parsing bytes: [UInt8]) throws(JSONFault) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }

    package init(parsing text: String) throws(JSONFault) {
        try self.init(parsing: Array(text.utf8))
    }
}

private struct JSONParser {
    /// Deeper values are refused; the daemon's own limit is higher, and no register comes near it.
    static let maximumDepth = 256

    let bytes: [UInt8]
    var position = 0
    var depth = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONFault) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw fault("something follows the value") }
        return value
    }

    private func fault(_ why: String) -> JSONFault { JSONFault(why: why, offset: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position].isSpace { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        guard let byte = current else { throw fault("the text ends where a value is due") }
        switch byte {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONFault) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONFault) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw fault("expected a value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONFault) -> JSONValue
    ) throws(JSONFault) -> JSONValue {
        guard depth < Self.maximumDepth else { throw fault("nested deeper than \(Self.maximumDepth)") }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        let expected = Array("\(text)".utf8)
        guard bytes[position...].starts(with: expected) else { throw fault("expected a value") }
        position += expected.count
        return value
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        var members: [JSONValue.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fault("expected : after a key") }
            skipSpace()
            members.append(JSONValue.Member(key, try value()))
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "}")) { return .object(members) }
            throw fault("expected , or } in an object")
        }
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            skipSpace()
            elements.append(try value())
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "]")) { return .array(elements) }
            throw fault("expected , or ] in an array")
        }
    }

    private mutating func number() throws(JSONFault) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// One digit or more.
    private mutating func digits() throws(JSONFault) {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw fault("expected a digit") }
    }

    private mutating func string() throws(JSONFault) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if current == UInt8(ascii: "\"") {
            let text = try validated(bytes[start..<position])
            position += 1
            return text
        }
        return try escapedString(from: start)
    }

    /// The rest of a string that holds an escape (or is not closed); what lies before ``position`` is plain.
    private mutating func escapedString(from start: Int) throws(JSONFault) -> String {
        var content = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let text = try validated(content[...])
                position += 1
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw fault("a control character in a string")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw fault("a string is not closed")
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONFault) {
        position += 1
        guard let byte = current else { throw fault("a string is not closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw fault("a lone surrogate") }
                let low = try fourDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw fault("a lone surrogate") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("a lone surrogate") }
            content.append(contentsOf: String(Character(scalar)).utf8)
        default: throw fault("an unknown escape")
        }
    }

    private mutating func fourDigits() throws(JSONFault) -> UInt32 {
        let end = position + 4
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw fault("expected four hexadecimal digits") }
        position = end
        return code
    }

    private func validated(_ content: ArraySlice<UInt8>) throws(JSONFault) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw fault("a string is not UTF-8") }
        return text
    }
}

extension UInt8 {
    /// White space by RFC 8259: space, tab, newline, carriage return.
    var isSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
