import Testing
import VicinitySimulation

@testable import VicinityCore

/// The index against a dictionary.
struct IDIndexTests {
    @Test("An index finds what a dictionary finds, through collisions, growth and shrinking", arguments: UInt64(0)..<20)
    func againstDictionary(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = IDIndex()
        var slots: [UInt64: UInt32] = [:]
        // Few tables and few high halves, so that runs wrap round and hashes are equal up to the bits that neither looks at.
        let tables = seed % 3 == 0 ? 4096 : UInt64(3)
        let tags: UInt64 = seed % 2 == 0 ? 1 << 32 : 500
        func hash(_ number: UInt64) -> UInt64 {
            var mix = SeededRandom(seed: number)
            let tag = UInt64.random(in: 0..<tags, using: &mix)
            return (tags == 500 ? tag << 23 : tag) << 32 | number << 12 & 0xffff_f000 | number % tables
        }
        for step in 0..<6000 {
            let rises = step / 1500 % 2 == 0
            let number = UInt64.random(in: 0..<4000, using: &random)
            if let slot = slots[number] {
                guard !rises || step % 4 == 0 else { continue }
                index.remove(hash(number), slot: slot)
                slots[number] = nil
            } else if rises || step % 4 == 0 {
                slots[number] = UInt32(number)
                index.insert(hash(number), slot: UInt32(number))
            }
            let other = UInt64.random(in: 0..<4000, using: &random)
            #expect(index.find(hash(other)) { $0 == UInt32(other) } == slots[other], "seed \(seed), step \(step)")
        }
        for number in UInt64(0)..<4000 {
            #expect(index.find(hash(number)) { $0 == UInt32(number) } == slots[number], "seed \(seed)")
        }
        for (number, slot) in slots { index.remove(hash(number), slot: slot) }
        #expect(index.blocks == 0, "seed \(seed)")
    }

    /// Linear probing at a load of α walks (1/(1 − α) − 1) / 2 steps to find one (Knuth, The Art of Computer Programming 3, 6.4): 2 at the 0.8 that
    /// a table has before it grows.
    @Test("A search walks as few steps as linear probing has it", arguments: [1000, 30_000, 200_000, 1_000_000])
    func searchesAreShort(count: Int) {
        let hasher = IDHasher(seed: 7)
        var index = IDIndex()
        for number in 0..<count { index.insert(hasher.hash(Array("u\(number)".utf8)), slot: UInt32(number)) }
        #expect(index.meanSteps < 2)
    }
}
