import CPrimitives

/// From an id's hash to the slot of its record.
///
/// 4,096 tables, chosen by the hash's low bits, each with open addressing and linear probing; each grows and shrinks by itself, so that
/// a growth moves a few hundred entries and never all (no pause over a million users). An entry is the hash's
/// high half and the slot; ids are compared by the caller. A table has as many entries as its block of the heap holds, which need be no power of two: the
/// high half, as a fraction of 2^32, is where in the table an entry is at home.
///
/// - Complexity: O(1) for each operation; 8 bytes an entry at a load of 0.64 to 0.8, 11 bytes on average.
struct IDIndex: ~Copyable {
    private struct Table {
        /// 0 is an empty one, else high half of the hash and slot + 1.
        var entries: UnsafeMutablePointer<UInt64>?
        /// How many entries there is room for.
        var capacity: UInt32
        var count: UInt32

        /// Where the search for a hash with this high half begins.
        @inline(__always)
        func home(_ tag: UInt32) -> Int { Int(truncatingIfNeeded: (UInt64(tag) &* UInt64(capacity)) >> 32) }

        @inline(__always)
        func after(_ position: Int) -> Int { position + 1 == Int(capacity) ? 0 : position + 1 }

        /// How many steps it is from one position to another.
        func steps(from start: Int, to end: Int) -> Int { end >= start ? end - start : end + Int(capacity) - start }
    }

    private static var tableCount: Int { 4096 }
    private let tables: UnsafeMutablePointer<Table>
    /// Of tables up to 32 KiB: all of them together are 128 MiB at most.
    private let heap = BlockHeap(.tables, reach: 512 << 20)

    init() {
        tables = vicinity_zeroed(Self.tableCount, MemoryLayout<Table>.stride).bindMemory(to: Table.self, capacity: Self.tableCount)
    }

    deinit {
        for index in 0..<Self.tableCount { if let entries = tables[index].entries { heap.release(entries) } }
        vicinity_release(tables, Self.tableCount, MemoryLayout<Table>.stride)
    }

    /// Tables that have entries.
    var blocks: Int { heap.blocks }

    /// How far the entries lie from where they are at home, on average: what a search walks before it finds one.
    var meanSteps: Double {
        var (steps, count) = (0, 0)
        for index in 0..<Self.tableCount {
            let table = tables[index]
            guard let entries = table.entries else { continue }
            for position in 0..<Int(table.capacity) where entries[position] != 0 {
                steps += table.steps(from: table.home(Self.tag(entries[position])), to: position)
                count += 1
            }
        }
        return count == 0 ? 0 : Double(steps) / Double(count)
    }

    @inline(__always)
    private func table(_ hash: UInt64) -> UnsafeMutablePointer<Table> { tables + Int(hash & UInt64(Self.tableCount - 1)) }

    @inline(__always)
    private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    /// Asks for the cache line where the search for `hash` will begin.
    @inline(__always)
    func prefetch(_ hash: UInt64) {
        let table = self.table(hash)
        guard let entries = table.pointee.entries else { return }
        vicinity_prefetch(entries + table.pointee.home(Self.tag(hash)))
    }

    /// The slot whose id has this hash and satisfies `matches`.
    @inline(__always)
    func find(_ hash: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
        let table = self.table(hash).pointee
        guard let entries = table.entries else { return nil }
        let tag = Self.tag(hash)
        var position = table.home(tag)
        while true {
            let entry = entries[position]
            if entry == 0 { return nil }
            if Self.tag(entry) == tag {
                let slot = UInt32(truncatingIfNeeded: entry) &- 1
                if matches(slot) { return slot }
            }
            position = table.after(position)
        }
    }

    /// Adds a slot whose id is not yet there.
    mutating func insert(_ hash: UInt64, slot: UInt32) {
        let table = self.table(hash)
        if (UInt64(table.pointee.count) + 1) * 5 > UInt64(table.pointee.capacity) * 4 {
            // A ninth more is the next size that the heap has.
            resize(table, to: Int(table.pointee.capacity) * 9 / 8 + 1)
        }
        Self.place(Self.entry(hash, slot), in: table)
        table.pointee.count += 1
    }

    /// Removes the entry of a slot that is there.
    mutating func remove(_ hash: UInt64, slot: UInt32) {
        let table = self.table(hash)
        guard let entries = table.pointee.entries else { preconditionFailure("removing an id that is not there") }
        let wanted = Self.entry(hash, slot)
        var hole = table.pointee.home(Self.tag(hash))
        while entries[hole] != wanted {
            precondition(entries[hole] != 0, "removing an id that is not there")
            hole = table.pointee.after(hole)
        }
        // Backward shift: an entry after the hole moves into it unless its own place lies between the two.
        var next = table.pointee.after(hole)
        while entries[next] != 0 {
            let home = table.pointee.home(Self.tag(entries[next]))
            if table.pointee.steps(from: home, to: next) >= table.pointee.steps(from: hole, to: next) {
                entries[hole] = entries[next]
                hole = next
            }
            next = table.pointee.after(next)
        }
        entries[hole] = 0
        table.pointee.count -= 1
        let (count, capacity) = (Int(table.pointee.count), Int(table.pointee.capacity))
        if count == 0 || capacity > 8 && count * 5 < capacity * 2 { resize(table, to: count * 3 / 2) }
    }

    private static func entry(_ hash: UInt64, _ slot: UInt32) -> UInt64 { hash & 0xffff_ffff_0000_0000 | UInt64(slot &+ 1) }

    private static func place(_ entry: UInt64, in table: UnsafeMutablePointer<Table>) {
        guard let entries = table.pointee.entries else { preconditionFailure("a table that has grown has entries") }
        var position = table.pointee.home(tag(entry))
        while entries[position] != 0 { position = table.pointee.after(position) }
        entries[position] = entry
    }

    /// Moves the entries of a table to where there is room for so many or some more; for none it gives the block back.
    private func resize(_ table: UnsafeMutablePointer<Table>, to capacity: Int) {
        let old = table.pointee
        table.pointee.entries = nil
        table.pointee.capacity = 0
        if capacity > 0 {
            let (memory, bytes) = heap.obtain(capacity * MemoryLayout<UInt64>.stride)
            let room = bytes / MemoryLayout<UInt64>.stride
            let fresh = memory.bindMemory(to: UInt64.self, capacity: room)
            fresh.initialize(repeating: 0, count: room)
            table.pointee.entries = fresh
            table.pointee.capacity = UInt32(room)
        }
        guard let entries = old.entries else { return }
        for index in 0..<Int(old.capacity) where entries[index] != 0 { Self.place(entries[index], in: table) }
        heap.release(entries)
    }
}
