// JSON text as it was written: what a parsed document no longer shows, namely how a value was spelled.

/// Looks at the spelling of JSON text.
package enum JSONText {
    /// Whether there is an escape of half a surrogate pair in a string, which stands for no character.
    ///
    /// Works on broken JSON too: strings are taken to begin and end at quotes.
    ///
    /// - Complexity: O(bytes).
    package static func holdsLoneSurrogate(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.firstPlace(of: Byte.backslash) != nil else { return false }
        var inString = false
        var at = 0
        while at < text.count {
            switch text[at] {
            case Byte.quote: inString.toggle()
            case Byte.backslash where inString:
                switch surrogate(in: text, at: at) {
                case .high where surrogate(in: text, at: at + 6) == .low: at += 10
                case .high, .low: return true
                case nil: at += 1
                }
            default: break
            }
            at += 1
        }
        return false
    }

    private enum Surrogate {
        case high
        case low
    }

    /// The half that `\uXXXX` at that place stands for, if it stands for one.
    private static func surrogate(in text: UnsafeRawBufferPointer, at: Int) -> Surrogate? {
        guard at + 6 <= text.count, text[at] == Byte.backslash, text[at + 1] == UInt8(ascii: "u") else { return nil }
        var unit: UInt32 = 0
        for offset in 2..<6 {
            guard let digit = hexDigit(text[at + offset]) else { return nil }
            unit = unit << 4 | digit
        }
        switch unit {
        case 0xd800...0xdbff: return .high
        case 0xdc00...0xdfff: return .low
        default: return nil
        }
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// How the value of an object's member was written.
    ///
    /// - Parameters:
    ///   - place: the member's place among the object's members, from 0.
    ///   - object: one valid JSON object, with or without white space around it.
    /// - Returns: the value without white space around it; `nil` if there are fewer members.
    /// - Complexity: O(bytes before and of the value).
    package static func member(_ place: Int, of object: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var cursor = Cursor(text: object)
        cursor.skipBlanks()
        cursor.at += 1
        for index in 0... {
            cursor.skipBlanks()
            guard cursor.byte == Byte.quote else { return nil }
            cursor.skipValue()
            cursor.skipBlanks()
            cursor.at += 1
            cursor.skipBlanks()
            let start = cursor.at
            cursor.skipValue()
            if index == place { return UnsafeRawBufferPointer(rebasing: object[start..<cursor.at]) }
            cursor.skipBlanks()
            cursor.at += 1
        }
        return nil
    }

    /// How an element of an array was written; as ``member(_:of:)``.
    package static func element(_ place: Int, of array: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var cursor = Cursor(text: array)
        cursor.skipBlanks()
        cursor.at += 1
        for index in 0... {
            cursor.skipBlanks()
            guard let byte = cursor.byte, byte != UInt8(ascii: "]") else { return nil }
            let start = cursor.at
            cursor.skipValue()
            if index == place { return UnsafeRawBufferPointer(rebasing: array[start..<cursor.at]) }
            cursor.skipBlanks()
            cursor.at += 1
        }
        return nil
    }

    /// Walks over valid JSON; at the end of the text it stands still.
    private struct Cursor {
        let text: UnsafeRawBufferPointer
        var at = 0

        var byte: UInt8? { at < text.count ? text[at] : nil }

        mutating func skipBlanks() {
            while let byte, Byte.isBlank(byte) || byte == Byte.newline { at += 1 }
        }

        mutating func skipString() {
            at += 1
            while let byte, byte != Byte.quote { at += byte == Byte.backslash ? 2 : 1 }
            at = min(at + 1, text.count)
        }

        /// Goes behind the value that begins here: brackets are counted, strings are passed over.
        mutating func skipValue() {
            var depth = 0
            repeat {
                switch byte {
                case Byte.quote: skipString()
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    at += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    at += 1
                case nil: return
                default:
                    at += 1
                    if depth == 0 { skipScalar() }
                }
            } while depth > 0
        }

        /// Goes behind the rest of a number, `true`, `false` or `null`.
        private mutating func skipScalar() {
            while let byte, !Byte.isBlank(byte), byte != Byte.newline {
                switch byte {
                case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return
                default: at += 1
                }
            }
        }
    }
}
