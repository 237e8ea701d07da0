/// Signed numbers as unsigned ones that are small when the number is near 0.
public enum ZigZag {
    @inlinable
    public static func encode(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }
    @inlinable
    public static func decode(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
}

extension [UInt8] {
    /// Appends LEB128: seven bits a byte, the lowest first.
    package mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a length and as many bytes.
    package mutating func appendSized(_ bytes: UnsafeRawBufferPointer) {
        appendVarint(UInt64(bytes.count))
        append(contentsOf: bytes)
    }

    /// Appends the eight bytes of a double, little-endian.
    mutating func appendDouble(_ value: Double) { appendFixed(value.bitPattern) }

    /// Appends an integer's bytes, little-endian.
    mutating func appendFixed(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Puts an integer's bytes, little-endian, in place of those at `offset`.
    mutating func setFixed(_ value: some FixedWidthInteger & BitwiseCopyable, at offset: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value)) }
    }

    /// Appends what `body` writes, which must be no more than `room` bytes.
    ///
    /// One look at the array's storage for all of it: appending a record byte by byte costs several times what its bytes do.
    ///
    /// - Complexity: O(bytes), amortised.
    @inline(__always)
    mutating func write(atMost room: Int, _ body: (inout RawWriter) -> Void) {
        append(addingCapacity: room) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                var writer = RawWriter(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]))
                body(&writer)
                precondition(writer.count <= room, "what is written has been given room")
                count += writer.count
            }
        }
    }
}

/// Writes into bytes that somebody else keeps alive and that are enough.
struct RawWriter {
    private let raw: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ raw: UnsafeMutableRawBufferPointer) { self.raw = raw }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        raw[count] = value
        count += 1
    }

    @inline(__always)
    mutating func fixed(_ value: some FixedWidthInteger & BitwiseCopyable) {
        raw.storeBytes(of: value.littleEndian, toByteOffset: count, as: type(of: value))
        count += MemoryLayout.size(ofValue: value)
    }

    @inline(__always)
    mutating func double(_ value: Double) { fixed(value.bitPattern) }

    @inline(__always)
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    /// A length and as many bytes.
    @inline(__always)
    mutating func sized(_ bytes: UnsafeRawBufferPointer) {
        varint(UInt64(bytes.count))
        UnsafeMutableRawBufferPointer(rebasing: raw[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// The first `count` bytes of two words; room for both is needed.
    @inline(__always)
    mutating func words(_ low: UInt64, _ high: UInt64, count length: Int) {
        raw.storeBytes(of: low.littleEndian, toByteOffset: count, as: UInt64.self)
        raw.storeBytes(of: high.littleEndian, toByteOffset: count + 8, as: UInt64.self)
        count += length
    }

    /// Lets what is written next stand in the place of the last bytes.
    @inline(__always)
    mutating func takeBack(_ bytes: Int) { count -= bytes }

    /// A length in metres; see the top of `Journal.swift`.
    mutating func metres(_ metres: Double) {
        if metres >= 0, metres < 2_147_483_648, let whole = UInt64(exactly: metres) {
            varint(whole << 1)
        } else {
            varint(1)
            double(metres)
        }
    }
}

/// Reads from bytes that somebody else keeps alive; every read says `nil` at the end instead of passing it.
package struct RawReader {
    private let raw: UnsafeRawBufferPointer
    private(set) var offset = 0

    package init(_ raw: UnsafeRawBufferPointer) { self.raw = raw }

    package var isAtEnd: Bool { offset == raw.count }

    package mutating func byte() -> UInt8? {
        guard offset < raw.count else { return nil }
        defer { offset += 1 }
        return raw[offset]
    }

    package mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < raw.count, shift < 64 {
            let byte = raw[offset]
            offset += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// A varint that is to count or index something.
    package mutating func count() -> Int? { varint().flatMap { Int(exactly: $0) } }

    package mutating func sized() -> UnsafeRawBufferPointer? {
        guard let length = count(), length <= raw.count - offset else { return nil }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: raw[offset..<offset + length])
    }

    mutating func fixed<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        guard raw.count - offset >= MemoryLayout<Value>.size else { return nil }
        defer { offset += MemoryLayout<Value>.size }
        return Value(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// The next `length` bytes, at most 16, as two words; in the bits above them is anything.
    @inline(__always)
    mutating func words(count length: Int) -> (low: UInt64, high: UInt64)? {
        let left = raw.count - offset
        guard left >= length else { return nil }
        defer { offset += length }
        if left >= 16 {
            return (
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
            )
        }
        var (low, high): (UInt64, UInt64) = (0, 0)
        for place in 0..<length {
            let byte = UInt64(raw[offset + place])
            if place < 8 { low |= byte << UInt64(8 * place) } else { high |= byte << UInt64(8 * place - 64) }
        }
        return (low, high)
    }

    mutating func double() -> Double? { fixed(UInt64.self).map { Double(bitPattern: $0) } }
}

/// ``RawReader`` over an array, for heads and other short reads.
struct ByteReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func varint() -> UInt64? {
        bytes.withUnsafeBytes { raw in
            var reader = RawReader(UnsafeRawBufferPointer(rebasing: raw[offset...]))
            defer { offset += reader.offset }
            return reader.varint()
        }
    }
}
