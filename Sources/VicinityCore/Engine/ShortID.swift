/// An id of 1 to 128 bytes in 17: up to 16 bytes lie in the value, longer ones in an allocation of their own.
///
/// Not freed by itself; the record that holds it calls ``free()`` exactly once.
struct ShortID {
    /// The first eight bytes, or the address of the allocation.
    private var low: UInt64
    private var high: UInt64
    private(set) var length: UInt8

    static let empty = ShortID()

    private init() {
        low = 0
        high = 0
        length = 0
    }

    /// Copies an id.
    ///
    /// - Precondition: 1 to 128 bytes.
    init(_ bytes: UnsafePointer<UInt8>, count: Int) {
        precondition((1...128).contains(count), "an id has 1 to 128 bytes")
        length = UInt8(count)
        if count <= 16 {
            (low, high) = Self.words(bytes, count: count)
        } else {
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
            copy.initialize(from: bytes, count: count)
            low = UInt64(UInt(bitPattern: copy))
            high = 0
        }
    }

    /// An id by itself, which may outlive the record that has it: all of an id of up to 16 bytes, or of none; of longer ones only that they are long.
    struct Inline {
        fileprivate let low: UInt64
        fileprivate let high: UInt64
        fileprivate let length: UInt8

        fileprivate init(low: UInt64, high: UInt64, length: UInt8) {
            self.low = low
            self.high = high
            self.length = length
        }

        /// The same as nothing.
        static let nobody = Inline(low: 0, high: 0, length: .max)

        init(_ bytes: UnsafeRawBufferPointer) {
            guard let start = bytes.baseAddress, bytes.count <= 16 else {
                self.init(low: 0, high: 0, length: bytes.isEmpty ? 0 : .max)
                return
            }
            let words = ShortID.words(start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
            self.init(low: words.0, high: words.1, length: UInt8(bytes.count))
        }

        /// Whether both are the same id, or none; false also if it cannot be told.
        @inline(__always)
        func isSame(as other: Inline) -> Bool { low == other.low && high == other.high && length == other.length && length <= 16 }
    }

    /// The id by itself.
    @inline(__always)
    var inline: Inline { Inline(low: low, high: high, length: length) }

    private var allocation: UnsafeMutablePointer<UInt8>? {
        length > 16 ? UnsafeMutablePointer(bitPattern: UInt(low)) : nil
    }

    /// Whether this is the id of these bytes. `words` are those of the bytes, if there are at most 16.
    @inline(__always)
    func equals(_ bytes: UnsafePointer<UInt8>, count: Int, words: (UInt64, UInt64)) -> Bool {
        guard count == Int(length) else { return false }
        if count <= 16 { return low == words.0 && high == words.1 }
        guard let allocation else { return false }
        for index in 0..<count where allocation[index] != bytes[index] { return false }
        return true
    }

    /// Up to 16 bytes as two words, the rest 0.
    @inline(__always)
    static func words(_ bytes: UnsafePointer<UInt8>, count: Int) -> (UInt64, UInt64) {
        let raw = UnsafeRawPointer(bytes)
        if count >= 8 {
            let low = raw.loadUnaligned(as: UInt64.self)
            if count == 8 { return (low, 0) }
            if count > 16 { return (0, 0) }
            let tail = raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            return (low, tail >> UInt64(8 * (16 - count)))
        }
        if count >= 4 {
            let low = UInt64(raw.loadUnaligned(as: UInt32.self))
            let tail = UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return (low | (tail >> UInt64(8 * (8 - count))) << 32, 0)
        }
        var low: UInt64 = 0
        for index in 0..<count { low |= UInt64(bytes[index]) << UInt64(8 * index) }
        return (low, 0)
    }

    /// Calls `body` with the bytes.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        if let allocation { return try body(UnsafeRawBufferPointer(start: allocation, count: Int(length))) }
        var words = (low.littleEndian, high.littleEndian)
        return try withUnsafeBytes(of: &words) { try body(UnsafeRawBufferPointer(rebasing: $0[..<Int(length)])) }
    }

    /// Writes the length and the bytes; room for 17 bytes is needed in any case.
    @inline(__always)
    func write(to writer: inout RawWriter) {
        if length > 16 {
            withBytes { writer.sized($0) }
        } else {
            writer.byte(length)
            writer.words(low, high, count: Int(length))
        }
    }

    var bytes: [UInt8] { withBytes { [UInt8]($0) } }

    /// Whether this id comes before `other`, by bytes.
    func precedes(_ other: ShortID) -> Bool {
        if length <= 16, other.length <= 16 {
            // As numbers whose first digit is the first byte; behind a short id's end are zeros.
            if low != other.low { return low.byteSwapped < other.low.byteSwapped }
            if high != other.high { return high.byteSwapped < other.high.byteSwapped }
            return length < other.length
        }
        return withBytes { mine in other.withBytes { mine.lexicographicallyPrecedes($0) } }
    }

    mutating func free() {
        allocation?.deallocate()
        self = .empty
    }
}
