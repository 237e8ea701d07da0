import Testing
import VicinitySimulation

@testable import VicinityCore

/// Free slots against a set.
struct FreeSlotsTests {
    @Test("The lowest comes first", arguments: UInt64(0)..<10)
    func lowest(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var free = FreeSlots()
        var truth: Set<UInt32> = []
        let greatest: UInt32 = seed % 2 == 0 ? 300 : 300_000
        for step in 0..<3000 {
            if Bool.random(using: &random) || step < 500 {
                let slot = UInt32.random(in: 0..<greatest, using: &random)
                if truth.insert(slot).inserted { free.insert(slot) }
            } else {
                let least = truth.min()
                #expect(free.removeFirst() == least, "seed \(seed), step \(step)")
                if let least { truth.remove(least) }
            }
            #expect(free.isEmpty == truth.isEmpty)
        }
        for slot in truth.sorted() { #expect(free.removeFirst() == slot) }
        #expect(free.removeFirst() == nil)
    }
}
