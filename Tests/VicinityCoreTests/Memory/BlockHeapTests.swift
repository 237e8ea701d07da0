import Testing
import VicinitySimulation

@testable import VicinityCore

/// The heap against a list of what it has given out.
struct BlockHeapTests {
    private struct Given {
        var block: UnsafeMutableRawPointer
        var size: Int
        var mark: UInt8

        /// Looked at where another block would begin, and here and there.
        var isWhole: Bool {
            let bytes = UnsafeRawBufferPointer(start: block, count: size)
            return bytes[0] == mark && bytes[size - 1] == mark && stride(from: 0, to: size, by: 61).allSatisfy { bytes[$0] == mark }
        }
    }

    @Test("Blocks overlap nowhere, whatever comes and goes, and in the end everything is given back", arguments: UInt64(0)..<20)
    func comeAndGo(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sizes: BlockSizes = seed % 2 == 0 ? .lists : .tables
        let heap = BlockHeap(sizes, reach: 64 << 20)
        var given: [Given] = []
        var greatest = 0
        // Few sizes in one seed, all in another, so that slabs become full as well as many.
        let kinds = Int.random(in: 1...sizes.bytes.count, using: &random)
        for step in 0..<3000 {
            // Rises and falls several times.
            if given.isEmpty || Int.random(in: 0..<100, using: &random) < (step / 500 % 2 == 0 ? 80 : 30) {
                let kind = sizes.bytes.count - 1 - Int.random(in: 0..<kinds, using: &random)
                let size = heap.size(kind)
                let mark = UInt8.random(in: 0...255, using: &random)
                let block = heap.allocate(kind)
                block.initializeMemory(as: UInt8.self, repeating: mark, count: size)
                given.append(Given(block: block, size: size, mark: mark))
                greatest = max(greatest, heap.regions)
            } else {
                let gone = given.remove(at: Int.random(in: given.indices, using: &random))
                #expect(gone.isWhole, "seed \(seed), step \(step)")
                heap.free(gone.block)
            }
            #expect(heap.blocks == given.count)
        }
        #expect(given.allSatisfy { $0.isWhole }, "seed \(seed)")
        let starts = given.sorted { $0.block < $1.block }
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $0.block + $0.size <= $1.block }, "seed \(seed)")
        for gone in given { heap.free(gone.block) }
        #expect(greatest > 1, "seed \(seed) never filled a region")
        #expect(heap.blocks == 0 && heap.regions == 1, "seed \(seed)")
    }

    @Test("What is asked for after much has gone lies where the least has, so that regions become empty")
    func lowestFirst() throws {
        let heap = BlockHeap(.tables, reach: 64 << 20)
        let found = heap.kind(of: 4096)
        let kind = try #require(found)
        var blocks = (0..<4096).map { _ in heap.allocate(kind) }
        #expect(heap.regions == 8)
        // The lower half goes, and comes again.
        let lower = blocks[..<2048]
        for block in lower { heap.free(block) }
        #expect(heap.regions == 5)
        blocks.removeFirst(2048)
        for block in blocks.suffix(1024) { heap.free(block) }
        blocks.removeLast(1024)
        #expect(heap.regions == 3)
        blocks += (0..<1024).map { _ in heap.allocate(kind) }
        #expect(heap.regions == 4)
        for block in blocks { heap.free(block) }
        #expect(heap.regions == 1)
    }

    @Test("A region that is left and entered again and again is not fetched each time")
    func edge() throws {
        let heap = BlockHeap(.tables, reach: 64 << 20)
        let found = heap.kind(of: 32_768)
        let kind = try #require(found)
        let first = (0..<64).map { _ in heap.allocate(kind) }
        #expect(heap.regions == 1)
        for _ in 0..<100 {
            let block = heap.allocate(kind)
            #expect(heap.regions == 2)
            heap.free(block)
            #expect(heap.regions == 2)
        }
        for block in first { heap.free(block) }
        #expect(heap.regions == 1)
    }

    @Test("Sizes rise by a quarter at most once they are no longer tiny, and tables lie on lines of the cache")
    func sizes() {
        for sizes in [BlockSizes.lists, .tables] {
            #expect(zip(sizes.bytes, sizes.bytes.dropFirst()).allSatisfy { $0 < $1 && ($0 < 256 || $1 * 4 <= $0 * 5) })
        }
        #expect(BlockSizes.tables.bytes.allSatisfy { $0 % 64 == 0 })
        // Every number of pairs up to eight, and the most that a list counts.
        #expect((1...8).allSatisfy { BlockSizes.lists.bytes.contains(20 * $0) })
        #expect(BlockSizes.lists.bytes.last ?? 0 >= 20 * 1023)
    }

    @Test("What is greater than any block is an allocation of its own")
    func large() {
        let heap = BlockHeap(.tables, reach: 64 << 20)
        let (memory, bytes) = heap.obtain(100_000)
        #expect(bytes >= 100_000 && heap.blocks == 0 && UInt(bitPattern: memory) % 64 == 0)
        let (small, room) = heap.obtain(1000)
        #expect(room == 1024 && heap.blocks == 1)
        heap.release(memory)
        heap.release(small)
        #expect(heap.blocks == 0)
    }
}
