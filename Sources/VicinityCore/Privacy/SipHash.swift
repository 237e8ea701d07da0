// SipHash-2-4: a keyed hash of 64 bits that tells nothing about its input to those without the key.
//
// J.-P. Aumasson, D. J. Bernstein, SipHash: a fast short-input PRF (2012), with 2 rounds a word and 4 at the end. It stands where an id
// must be recognised again but not be kept: unlike ``IDHasher`` its value may be stored, and keeps its meaning as long as its key.

/// A secret of 128 bits, and the hash that it keys.
public struct SipHashKey: Sendable, Equatable {
    /// Bytes 0 to 7, little-endian.
    let low: UInt64
    /// Bytes 8 to 15, little-endian.
    let high: UInt64

    /// - Parameters:
    ///   - low: bytes 0 to 7, little-endian.
    ///   - high: bytes 8 to 15, little-endian.
    public init(_ low: UInt64, _ high: UInt64) {
        self.low = low
        self.high = high
    }

    /// - Returns: `nil` unless there are 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            bytes[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) },
            bytes[8...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The 16 bytes, as ``init(bytes:)`` takes them.
    public var bytes: [UInt8] {
        [low, high].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
    }

    /// SipHash-2-4 of some bytes.
    ///
    /// - Complexity: O(count), about 1 ns a byte; no allocation.
    public func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = SipState(self)
        let whole = bytes.count & ~7
        for offset in stride(from: 0, to: whole, by: 8) {
            state.absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        // The last word holds what is left, and the length in its highest byte.
        var word = UInt64(truncatingIfNeeded: bytes.count) << 56
        for offset in whole..<bytes.count {
            word |= UInt64(bytes[offset]) << (8 * UInt64(offset - whole))
        }
        state.absorb(word)
        return state.finish()
    }

    /// SipHash-2-4 of an array.
    public func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { hash($0) }
    }
}

/// The four words that a hash in the making consists of.
private struct SipState {
    var v0: UInt64
    var v1: UInt64
    var v2: UInt64
    var v3: UInt64

    init(_ key: SipHashKey) {
        // "somepseudorandomlygeneratedbytes"
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    mutating func finish() -> UInt64 {
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
        v0 &+= v1
        v2 &+= v3
        v1 = Self.rotated(v1, 13) ^ v0
        v3 = Self.rotated(v3, 16) ^ v2
        v0 = Self.rotated(v0, 32)
        v2 &+= v1
        v0 &+= v3
        v1 = Self.rotated(v1, 17) ^ v2
        v3 = Self.rotated(v3, 21) ^ v0
        v2 = Self.rotated(v2, 32)
    }

    private static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 {
        word << bits | word >> (64 - bits)
    }
}
