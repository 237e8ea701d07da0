import CSimdjson

/// One value of a parsed document; valid until its ``JSONParser`` parses again or goes away.
package struct JSONElement {
    /// RFC 8259's types, numbers being one.
    package enum Kind: Sendable {
        case object
        case array
        case string
        case number
        case bool
        case null

        /// With its article, for messages.
        package var words: StaticString {
            switch self {
            case .object: "an object"
            case .array: "an array"
            case .string: "a string"
            case .number: "a number"
            case .bool: "a boolean"
            case .null: "null"
            }
        }
    }

    /// What ``double`` says of a positive number beyond all doubles, such as 1e400.
    package static let tooLarge = 1e308
    /// The largest integer that every JSON reader keeps, 2^53 − 1.
    package static let largestInteger: Int64 = 9_007_199_254_740_991

    private let raw: csimdjson_element

    init(_ raw: csimdjson_element) { self.raw = raw }

    package var kind: Kind {
        switch csimdjson_type_of(raw) {
        case csimdjson_object: .object
        case csimdjson_array: .array
        case csimdjson_string: .string
        case csimdjson_int64, csimdjson_uint64, csimdjson_double: .number
        case csimdjson_bool: .bool
        default: .null
        }
    }

    package var isNull: Bool { kind == .null }

    /// The bytes of a string, unescaped; `nil` for another type.
    package var utf8: UnsafeRawBufferPointer? {
        guard csimdjson_type_of(raw) == csimdjson_string else { return nil }
        var count = 0
        let start = csimdjson_get_string(raw, &count)
        return UnsafeRawBufferPointer(start: start, count: count)
    }

    /// A copy of a string; `nil` for another type.
    package var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

    /// A number as the nearest double, up to ±``tooLarge``; `nil` for another type.
    package var double: Double? { kind == .number ? csimdjson_get_double(raw) : nil }

    package var bool: Bool? { csimdjson_type_of(raw) == csimdjson_bool ? csimdjson_get_bool(raw) : nil }

    /// A number without a fraction, in any form (`1.7e12` too), clamped to 64 bits; `nil` for a fraction and for another type.
    package var integer: Int64? {
        switch csimdjson_type_of(raw) {
        case csimdjson_int64: return csimdjson_get_int64(raw)
        case csimdjson_uint64: return .max
        case csimdjson_double:
            let value = csimdjson_get_double(raw)
            guard value == value.rounded(.towardZero) else { return nil }
            return Int64(exactly: value) ?? (value < 0 ? .min : .max)
        default: return nil
        }
    }

    /// Appends a number: all digits of an integer of up to 64 bits, the shortest form of another number.
    func appendNumber(to bytes: inout [UInt8]) {
        switch csimdjson_type_of(raw) {
        case csimdjson_int64: bytes.appendNumber(csimdjson_get_int64(raw))
        case csimdjson_uint64: bytes.append(contentsOf: String(csimdjson_get_uint64(raw)).utf8)
        default: bytes.appendNumber(csimdjson_get_double(raw))
        }
    }

    /// The members of an object in their order, with unescaped keys; none for another type.
    package var members: Members { Members(iterator: csimdjson_object_begin(raw)) }

    /// The elements of an array in their order; none for another type.
    package var elements: Elements { Elements(iterator: csimdjson_array_begin(raw)) }

    /// The last member of that name in an object; `nil` if there is none, or it is `null`, which is as if absent.
    ///
    /// - Complexity: O(members).
    package subscript(key key: StaticString) -> JSONElement? {
        var found: JSONElement?
        for member in members where member.key.equals(key) {
            found = member.value
        }
        return found.flatMap { $0.isNull ? nil : $0 }
    }

    package struct Members: Sequence, IteratorProtocol {
        fileprivate var iterator: csimdjson_iterator

        package mutating func next() -> (key: UnsafeRawBufferPointer, value: JSONElement)? {
            var start: UnsafePointer<UInt8>?
            var count = 0
            var value = csimdjson_element()
            guard csimdjson_object_next(&iterator, &start, &count, &value) else { return nil }
            return (UnsafeRawBufferPointer(start: start, count: count), JSONElement(value))
        }
    }

    package struct Elements: Sequence, IteratorProtocol {
        fileprivate var iterator: csimdjson_iterator

        package mutating func next() -> JSONElement? {
            var value = csimdjson_element()
            guard csimdjson_array_next(&iterator, &value) else { return nil }
            return JSONElement(value)
        }
    }
}
