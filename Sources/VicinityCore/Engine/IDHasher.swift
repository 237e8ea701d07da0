/// Hashes ids for the tables in memory.
///
/// Multiply and fold, 16 bytes a round (the construction of wyhash). Seeded for each process, so that nobody can prepare
/// ids that collide; never stored, since another process has another seed.
public struct IDHasher: Sendable {
    @usableFromInline let seed: UInt64

    public init(seed: UInt64) {
        self.seed = seed ^ 0xa076_1d64_78bd_642f
    }

    /// What a hash begins with, for those who hash without us (CFixLines).
    package var state: UInt64 { seed }

    /// - Parameter count: 1 to 128 in use; any length works.
    /// - Complexity: O(count), about 2 ns for 12 bytes.
    @inlinable
    public func hash(_ bytes: UnsafePointer<UInt8>, count: Int) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: count)
        let raw = UnsafeRawPointer(bytes)
        var offset = 0
        while count - offset > 16 {
            state = Self.fold(
                raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ 0xe703_7ed1_a0b4_28db,
                raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self) ^ state)
            offset += 16
        }
        let low: UInt64
        let high: UInt64
        let rest = count - offset
        if rest >= 8 {
            low = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            high = raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        } else if rest >= 4 {
            low = UInt64(raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            high = UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        } else if rest > 0 {
            low = UInt64(bytes[offset]) << 16 | UInt64(bytes[offset + rest / 2]) << 8 | UInt64(bytes[count - 1])
            high = 0
        } else {
            low = 0
            high = 0
        }
        return Self.fold(low ^ 0x8ebc_6af0_9c88_c6e3, high ^ state)
    }

    /// The hash of a whole array.
    public func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return seed }
            return hash(base, count: buffer.count)
        }
    }

    @inlinable
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
