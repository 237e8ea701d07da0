import Testing
import VicinitySimulation

@testable import VicinityCore

/// Lists against arrays.
struct SmallListTests {
    @Test("A list holds what an array holds, of a few elements and of thousands", arguments: UInt64(0)..<30)
    func againstArray(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let heap = BlockHeap(.lists, reach: 64 << 20)
        var lists = [SmallList<OpenPair>](repeating: SmallList(), count: 8)
        var arrays = [[Int64]](repeating: [], count: 8)
        let greatest = seed % 5 == 0 ? 3000 : seed % 5 == 1 ? 200 : 12
        for step in 0..<2000 {
            let place = Int.random(in: 0..<8, using: &random)
            let number = Int64(seed) << 32 | Int64(step)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50 where arrays[place].count < greatest:
                lists[place].append(pair(number), in: heap)
                arrays[place].append(number)
            case 0..<95 where !arrays[place].isEmpty:
                let index = Int.random(in: arrays[place].indices, using: &random)
                lists[place].swapRemove(at: index, in: heap)
                arrays[place].swapAt(index, arrays[place].count - 1)
                arrays[place].removeLast()
            case 95..<99:
                let count = Int.random(in: 0...greatest, using: &random)
                arrays[place] = (0..<Int64(count)).map { number << 12 | $0 }
                lists[place].replace(with: arrays[place].map(pair), in: heap)
            default:
                lists[place].free(in: heap)
                arrays[place] = []
            }
            if arrays[place].count < 100 || step % 20 == 0 {
                #expect(lists[place].elements.map(\.encounter) == arrays[place], "seed \(seed), step \(step)")
            }
            #expect(lists[place].count == arrays[place].count && lists[place].isEmpty == arrays[place].isEmpty)
        }
        for place in 0..<8 { #expect(lists[place].elements.map(\.encounter) == arrays[place], "seed \(seed)") }
        let short = lists.filter { !$0.isEmpty && !$0.isLong }
        #expect(heap.blocks == short.count)
        for place in 0..<8 { lists[place].free(in: heap) }
        #expect(heap.blocks == 0 && lists.allSatisfy(\.isEmpty))
    }

    @Test("A list has room for a quarter more than it holds while it grows, and for a third more when it has fallen")
    func cost() {
        let heap = BlockHeap(.lists, reach: 64 << 20)
        var list = SmallList<OpenPair>()
        for number in 1...1000 {
            list.append(pair(Int64(number)), in: heap)
            if number > 3 { #expect(list.capacity(in: heap) * 4 <= number * 5, "\(number)") }
        }
        for number in (1..<1000).reversed() {
            list.swapRemove(at: 0, in: heap)
            #expect(list.capacity(in: heap) * 3 <= number * 4 + 3, "\(number)")
        }
        list.free(in: heap)
    }

    @Test("An open pair gives back what it was made of")
    func openPair() {
        let times: [Int64] = [OpenPair.times.lowerBound, -1, 0, 1, 1_764_000_000_000, OpenPair.times.upperBound]
        for time in times {
            for seq in [0, 1, 0xffff_ffff, 0x1_0000_0000, Int64.max] {
                for cause in Cause.allCases {
                    let pair = OpenPair(encounter: seq, since: time, subject: 0x7fff_fffe, cause: cause)
                    #expect(pair.encounter == seq && pair.since == time && pair.subject == 0x7fff_fffe && pair.cause == cause)
                }
            }
        }
        #expect(MemoryLayout<OpenPair>.stride == 20)
    }

    private func pair(_ number: Int64) -> OpenPair { OpenPair(encounter: number, since: -number, subject: 7, cause: .user) }
}
