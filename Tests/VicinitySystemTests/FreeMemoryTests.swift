import Foundation
import Testing

@testable import VicinitySystem

@Suite("Memory that malloc holds free")
struct FreeMemoryTests {
    @Test("It is given back when there is much more of it than was given back before")
    func watch() {
        let worthwhile = FreeMemoryWatch.worthwhile
        var watch = FreeMemoryWatch()
        let answers = [
            worthwhile - 1, worthwhile + 5,
            // It was given back, and counts as free.
            worthwhile + 5, 2 * worthwhile + 4, 2 * worthwhile + 5,
            // Who came has taken it.
            100, worthwhile + 99, worthwhile + 100,
        ].map { watch.isDue(free: $0) }
        #expect(answers == [false, true, false, false, true, false, false, true])
    }

    /// Blocks with one in use behind them, as a crowd leaves them.
    @Test("Pages that are free in the middle of what is in use take no memory afterwards")
    func givingBack() throws {
        let size = 16 << 10
        // Small enough that malloc does not map each for itself.
        let blocks = (0..<2048).map { _ in
            let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            memset(block, 1, size)
            return block
        }
        defer { for block in blocks.enumerated() where block.offset % 256 == 255 { block.element.deallocate() } }
        /// Of each block a page that lies wholly within.
        let pages = blocks.enumerated().filter { $0.offset % 256 != 255 }.map { $0.element.alignedUp(toMultipleOf: 4096) }
        func resident() throws -> Int {
            try pages.count { page in
                var state: UInt8 = 0
                try #require(mincore(page, 1, &state) == 0, "\(errno)")
                return state & 1 == 1
            }
        }
        #expect(try resident() == pages.count)
        for block in blocks.enumerated() where block.offset % 256 != 255 { block.element.deallocate() }
        #expect(FreeMemory.bytes > 1900 * size)
        FreeMemory.giveBack()
        // Other tests may have taken some of it meanwhile.
        #expect(try resident() < pages.count / 2)
    }
}
