/// The bytes that lines and JSON are made of.
enum Byte {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")

    /// Whether a byte is JSON's white space within a line.
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
}

/// Eight bytes looked at in one step, the first of them in the lowest place.
enum Word {
    static let lows: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Marks the top bit of every byte that is 0, and perhaps of bytes after the first such.
    @inline(__always)
    static func zeros(_ word: UInt64) -> UInt64 { (word &- lows) & ~word & highs }

    /// Marks the top bit of every byte that is `byte`, and perhaps of bytes after the first such.
    @inline(__always)
    static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 { zeros(word ^ (lows &* UInt64(byte))) }
}

extension UnsafeRawBufferPointer {
    /// The place of the first such byte at or after `start`; `nil` if there is none.
    ///
    /// - Complexity: O(bytes), eight at a time.
    func firstPlace(of byte: UInt8, from start: Int = 0) -> Int? {
        var at = start
        while count - at >= 8 {
            let marks = Word.matches(UInt64(littleEndian: loadUnaligned(fromByteOffset: at, as: UInt64.self)), byte)
            if marks != 0 { return at + marks.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < count {
            if self[at] == byte { return at }
            at += 1
        }
        return nil
    }

    /// Whether nothing but white space is in it.
    var isBlank: Bool { allSatisfy(Byte.isBlank) }

    /// The bytes of a range, without a copy.
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// Without one carriage return at the end.
    var withoutCarriageReturn: UnsafeRawBufferPointer { last == Byte.carriageReturn ? part(0..<count - 1) : self }

    /// Whether the bytes are those of a literal.
    package func equals(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount && literal.withUTF8Buffer { elementsEqual($0) }
    }
}
