import Testing
import VicinityStore

struct ChecksumTests {
    /// Values that are published with xxHash and its bindings.
    @Test(
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)])
    func published(text: String, expected: UInt64) {
        let hash = Array(text.utf8).withUnsafeBytes { XXH64.hash($0, seed: 0) }
        #expect(hash == expected)
    }

    @Test(arguments: [1, 3, 4, 7, 8, 12, 31, 32, 33, 63, 64, 100, 300])
    func everyBitCounts(count: Int) {
        var random = Seeded(UInt64(count))
        let bytes = random.bytes(count)
        let whole = bytes.withUnsafeBytes { XXH64.hash($0, seed: 7) }
        let otherSeed = bytes.withUnsafeBytes { XXH64.hash($0, seed: 8) }
        #expect(otherSeed != whole)
        for position in 0..<count {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[position] ^= 1 << bit
                let hash = flipped.withUnsafeBytes { XXH64.hash($0, seed: 7) }
                if hash == whole { Issue.record("bit \(bit) of byte \(position) of \(count) does not count") }
            }
        }
    }
}
