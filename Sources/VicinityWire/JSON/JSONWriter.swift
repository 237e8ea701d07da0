/// Appends JSON text to bytes; one value after another, commas and colons by itself.
///
///     var writer = JSONWriter()
///     writer.object { writer in
///         writer.member("put", 3)
///     }
///     writer.bytes      // {"put":3}
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    package mutating func object(_ members: (inout JSONWriter) -> Void) { nested(UInt8(ascii: "{"), UInt8(ascii: "}"), members) }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) { nested(UInt8(ascii: "["), UInt8(ascii: "]"), elements) }

    /// Begins a member; its value must follow.
    package mutating func key(_ name: String) {
        value(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func member(_ name: String, _ number: some BinaryInteger) {
        key(name)
        value(number)
    }

    package mutating func member(_ name: String, _ number: Double) {
        key(name)
        value(number)
    }

    package mutating func member(_ name: String, _ text: String) {
        key(name)
        value(text)
    }

    package mutating func member(_ name: String, _ truth: Bool) {
        key(name)
        raw(truth ? "true" : "false")
    }

    package mutating func member(_ name: String, utf8: some Collection<UInt8>) {
        key(name)
        value(utf8: utf8)
    }

    package mutating func value(_ number: some BinaryInteger) { raw(String(number)) }

    /// The shortest text that reads back as this number, without a fraction where there is none.
    package mutating func value(_ number: Double) {
        separate()
        bytes.appendNumber(number)
    }

    package mutating func value(_ text: String) { value(utf8: text.utf8) }

    package mutating func value(utf8: some Collection<UInt8>) {
        separate()
        bytes.appendQuoted(utf8)
    }

    /// Appends text that is JSON already.
    package mutating func raw(_ json: String) { raw(utf8: json.utf8) }

    package mutating func raw(utf8 json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Appends a parsed value of any nesting: the way through it is kept here and not on the stack, which has an end.
    package mutating func value(_ element: JSONElement) {
        var open: [Opened] = []
        if let opened = begin(element) { open.append(opened) }
        while let last = open.indices.last {
            var inner: JSONElement?
            switch open[last] {
            case .object(var members):
                if let member = members.next() {
                    value(utf8: member.key)
                    bytes.append(UInt8(ascii: ":"))
                    needsComma = false
                    inner = member.value
                }
                open[last] = .object(members)
            case .array(var elements):
                inner = elements.next()
                open[last] = .array(elements)
            }
            if let inner {
                if let opened = begin(inner) { open.append(opened) }
            } else {
                bytes.append(open[last].closing)
                needsComma = true
                open.removeLast()
            }
        }
    }

    /// A container whose elements are being written.
    private enum Opened {
        case object(JSONElement.Members)
        case array(JSONElement.Elements)

        var closing: UInt8 {
            switch self {
            case .object: UInt8(ascii: "}")
            case .array: UInt8(ascii: "]")
            }
        }
    }

    /// Writes a value that holds no others, or the beginning of one that does.
    private mutating func begin(_ element: JSONElement) -> Opened? {
        switch element.kind {
        case .object:
            raw("{")
            needsComma = false
            return .object(element.members)
        case .array:
            raw("[")
            needsComma = false
            return .array(element.elements)
        case .string: if let utf8 = element.utf8 { value(utf8: utf8) }
        case .number:
            separate()
            element.appendNumber(to: &bytes)
        case .bool: raw(element.bool == true ? "true" : "false")
        case .null: raw("null")
        }
        return nil
    }

    private mutating func nested(_ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(opening)
        needsComma = false
        body(&self)
        bytes.append(closing)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}

extension [UInt8] {
    /// Appends a JSON string. What is not UTF-8 never comes here: ids are checked where they come in.
    mutating func appendQuoted(_ utf8: some Collection<UInt8>) {
        append(Byte.quote)
        for byte in utf8 {
            switch byte {
            case Byte.quote, Byte.backslash:
                append(Byte.backslash)
                append(byte)
            case 0..<0x20: append(contentsOf: Self.escape(byte))
            default: append(byte)
            }
        }
        append(Byte.quote)
    }

    private static func escape(_ control: UInt8) -> [UInt8] {
        switch control {
        case 0x08: Array("\\b".utf8)
        case 0x09: Array("\\t".utf8)
        case 0x0a: Array("\\n".utf8)
        case 0x0c: Array("\\f".utf8)
        case 0x0d: Array("\\r".utf8)
        default: Array("\\u00".utf8) + [hexDigit(control >> 4), hexDigit(control & 15)]
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

    /// Appends a finite number in its shortest form, `250` rather than `250.0`.
    mutating func appendNumber(_ number: Double) {
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 {
            appendNumber(whole)
        } else {
            append(contentsOf: number.description.utf8)
        }
    }

    /// Appends a whole number in decimal digits.
    mutating func appendNumber(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var place = 20
            repeat {
                place -= 1
                digits[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            append(contentsOf: digits[place..<20])
        }
    }
}
