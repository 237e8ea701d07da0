// Where the small things of many users lie: a heap of blocks in few sizes, in huge pages, which goes back to the system when they are gone.
//
// A block of malloc's costs 8 bytes of its own and is rounded up to 16; a million users have two lists each, so that this was a third of
// what they took. Here a block is its bytes and nothing else. It costs what it costs to reach a random place in memory only once: the 16 bytes
// that are kept of 64 KiB lie side by side, apart from the blocks.
//
//     a heap    is a range of addresses, memory behind as much of it as is in use
//     a region  2 MiB of it, a huge page; memory comes and goes by regions
//     a slab    64 KiB of that, blocks of one size
//
// New slabs are taken from the lowest region that has room, so that the upper ones become empty.

import CPrimitives

/// Blocks of memory; see the top of the file.
///
/// Its pointers are `let`, so that who holds a block may change the heap while it reads its own tables, without a check of exclusivity. Sound
/// because a heap is not copyable, its owner is used by one thread, and it gives out no block twice (`BlockHeapTests` plays that against
/// a model). Who asks for a block sees to it that it is given back, once, or goes with the heap.
struct BlockHeap: ~Copyable {
    /// What is kept of 64 KiB. Places of blocks are counted in units of 4 bytes.
    private struct Slab {
        /// The first of the free blocks, each of which begins with the next; ``none`` after the last.
        var free: UInt16
        /// From here on nothing was ever given out.
        var fresh: UInt16
        /// Blocks in use.
        var used: UInt16
        /// The index of their size.
        var kind: UInt8
        /// Stands among the slabs of its size that have room.
        var isListed: Bool
        /// Its neighbours there; ``nobody`` at the ends.
        var previous: UInt32
        var next: UInt32
    }

    private struct Tally {
        /// Regions below this have no free slab.
        var lowest = 0
        /// Regions from here on have never had memory.
        var top = 0
        /// Regions that have memory.
        var committed = 0
        /// Of these, those without a block.
        var empty = 0
        /// Blocks in use.
        var blocks = 0
    }

    private static var slabShift: Int { 16 }
    private static var slabSize: Int { 1 << slabShift }
    private static var regionShift: Int { 21 }
    private static var regionSize: Int { 1 << regionShift }
    private static var slabsOfRegion: Int { 1 << (regionShift - slabShift) }
    private static var none: UInt16 { .max }
    private static var nobody: UInt32 { .max }

    private let base: UnsafeMutableRawPointer
    private let regionCount: Int
    private let slabs: UnsafeMutablePointer<Slab>
    /// A bit for each slab of a region that is in use.
    private let usedSlabs: UnsafeMutablePointer<UInt32>
    /// Whether a region has memory.
    private let hasMemory: UnsafeMutablePointer<Bool>
    private let sizes: UnsafeMutablePointer<Int>
    private let sizeCount: Int
    /// By size, the first slab that has room.
    private let listed: UnsafeMutablePointer<UInt32>
    private let tally: UnsafeMutablePointer<Tally>

    /// An empty heap.
    ///
    /// - Parameters:
    ///   - sizes: multiples of 4, at most 32 KiB.
    ///   - reach: how much it can ever hold, in bytes, a multiple of 2 MiB; only addresses, until there is something behind them.
    init(_ sizes: BlockSizes, reach: Int) {
        precondition(sizes.bytes.count < 64 && sizes.bytes.allSatisfy { $0 % 4 == 0 && $0 <= Self.slabSize / 2 }, "sizes that fit a slab")
        regionCount = reach >> Self.regionShift
        base = vicinity_reserve(regionCount << Self.regionShift)
        let slabCount = regionCount * Self.slabsOfRegion
        slabs = vicinity_zeroed(slabCount, MemoryLayout<Slab>.stride).bindMemory(to: Slab.self, capacity: slabCount)
        usedSlabs = vicinity_zeroed(regionCount, MemoryLayout<UInt32>.stride).bindMemory(to: UInt32.self, capacity: regionCount)
        hasMemory = vicinity_zeroed(regionCount, MemoryLayout<Bool>.stride).bindMemory(to: Bool.self, capacity: regionCount)
        sizeCount = sizes.bytes.count
        self.sizes = .allocate(capacity: sizeCount)
        self.sizes.initialize(from: sizes.bytes, count: sizeCount)
        listed = .allocate(capacity: sizeCount)
        listed.initialize(repeating: Self.nobody, count: sizeCount)
        tally = .allocate(capacity: 1)
        tally.initialize(to: Tally())
    }

    deinit {
        vicinity_release(base, 1, regionCount << Self.regionShift)
        vicinity_release(slabs, regionCount * Self.slabsOfRegion, MemoryLayout<Slab>.stride)
        vicinity_release(usedSlabs, regionCount, MemoryLayout<UInt32>.stride)
        vicinity_release(hasMemory, regionCount, MemoryLayout<Bool>.stride)
        sizes.deallocate()
        listed.deallocate()
        tally.deallocate()
    }

    /// Regions that have memory; one more than is needed at most.
    var regions: Int { tally.pointee.committed }

    /// Blocks in use.
    var blocks: Int { tally.pointee.blocks }

    // MARK: - Sizes

    /// Bytes of a block of this kind.
    @inline(__always)
    func size(_ kind: Int) -> Int { sizes[kind] }

    /// The kind of the smallest block that holds `bytes`; `nil` if none does.
    ///
    /// - Parameter start: no larger kind than it, to look from there on.
    @inline(__always)
    func kind(of bytes: Int, from start: Int = 0) -> Int? {
        var kind = start
        while kind < sizeCount {
            if sizes[kind] >= bytes { return kind }
            kind += 1
        }
        return nil
    }

    // MARK: - Blocks

    /// A block, whose bytes are whatever they are.
    ///
    /// - Complexity: O(1); now and then a region from the system.
    func allocate(_ kind: Int) -> UnsafeMutableRawPointer {
        let number = listed[kind] == Self.nobody ? open(kind) : Int(listed[kind])
        let slab = slabs + number
        let start = base + number << Self.slabShift
        let block: UnsafeMutableRawPointer
        if slab.pointee.free != Self.none {
            block = start + Int(slab.pointee.free) << 2
            slab.pointee.free = block.load(as: UInt16.self)
        } else {
            block = start + Int(slab.pointee.fresh) << 2
            slab.pointee.fresh += UInt16(sizes[kind] >> 2)
        }
        slab.pointee.used += 1
        tally.pointee.blocks += 1
        if slab.pointee.free == Self.none, Int(slab.pointee.fresh) << 2 + sizes[kind] > Self.slabSize { unlist(number) }
        return block
    }

    /// Gives a block back.
    ///
    /// - Complexity: O(1); now and then a region to the system.
    func free(_ block: UnsafeMutableRawPointer) {
        let offset = block - base
        precondition(offset >= 0 && offset >> Self.regionShift < regionCount, "a block of another heap")
        let number = offset >> Self.slabShift
        let slab = slabs + number
        precondition(slab.pointee.used > 0, "a block that nobody has")
        block.storeBytes(of: slab.pointee.free, as: UInt16.self)
        slab.pointee.free = UInt16(truncatingIfNeeded: (offset & (Self.slabSize - 1)) >> 2)
        slab.pointee.used -= 1
        tally.pointee.blocks -= 1
        if !slab.pointee.isListed { list(number) }
        if slab.pointee.used == 0 { close(number) }
    }

    /// Memory on a line of the cache for a table of so many bytes: a block of the next size, or where there is none an allocation of malloc's.
    ///
    /// - Returns: it and how many bytes it has; give it back with ``release(_:)``.
    func obtain(_ bytes: Int) -> (memory: UnsafeMutableRawPointer, bytes: Int) {
        if let kind = kind(of: bytes) { return (allocate(kind), sizes[kind]) }
        return (.allocate(byteCount: bytes, alignment: 64), bytes)
    }

    /// Gives back what ``obtain(_:)`` gave.
    func release(_ memory: UnsafeMutableRawPointer) {
        if memory >= base, memory < base + regionCount << Self.regionShift { free(memory) } else { memory.deallocate() }
    }

    // MARK: - Slabs

    private func list(_ number: Int) {
        let kind = Int(slabs[number].kind)
        slabs[number].previous = Self.nobody
        slabs[number].next = listed[kind]
        slabs[number].isListed = true
        if listed[kind] != Self.nobody { slabs[Int(listed[kind])].previous = UInt32(number) }
        listed[kind] = UInt32(number)
    }

    private func unlist(_ number: Int) {
        let (previous, next) = (slabs[number].previous, slabs[number].next)
        if next != Self.nobody { slabs[Int(next)].previous = previous }
        if previous != Self.nobody {
            slabs[Int(previous)].next = next
        } else {
            listed[Int(slabs[number].kind)] = next
        }
        slabs[number].isListed = false
    }

    /// A slab for blocks of a kind, in the lowest region that has room.
    private func open(_ kind: Int) -> Int {
        var region = tally.pointee.lowest
        while region < tally.pointee.top, usedSlabs[region] == .max { region += 1 }
        tally.pointee.lowest = region
        precondition(region < regionCount, "more than a heap can hold")
        tally.pointee.top = max(tally.pointee.top, region + 1)
        if !hasMemory[region] {
            commit(region)
        } else if usedSlabs[region] == 0 {
            tally.pointee.empty -= 1
        }
        let place = (~usedSlabs[region]).trailingZeroBitCount
        usedSlabs[region] |= 1 << UInt32(place)
        let number = region * Self.slabsOfRegion + place
        slabs[number] = Slab(
            free: Self.none, fresh: 0, used: 0, kind: UInt8(kind), isListed: false, previous: Self.nobody, next: Self.nobody)
        list(number)
        return number
    }

    /// Gives up a slab whose last block has been given back.
    private func close(_ number: Int) {
        unlist(number)
        let region = number / Self.slabsOfRegion
        usedSlabs[region] &= ~(1 << UInt32(number % Self.slabsOfRegion))
        tally.pointee.lowest = min(tally.pointee.lowest, region)
        guard usedSlabs[region] == 0 else { return }
        // One empty region is kept, so that somebody who comes and goes does not fetch it each time.
        guard tally.pointee.empty > 0 else {
            tally.pointee.empty += 1
            return
        }
        vicinity_decommit(base + region << Self.regionShift, Self.regionSize)
        hasMemory[region] = false
        tally.pointee.committed -= 1
    }

    private func commit(_ region: Int) {
        // The first is no huge page: an engine with ten users should not take 2 MiB.
        vicinity_commit(base + region << Self.regionShift, Self.regionSize, region == 0 ? 0 : 1)
        hasMemory[region] = true
        tally.pointee.committed += 1
    }
}
