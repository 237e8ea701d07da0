import CPrimitives

/// From an id's hash to the slot of its record.
///
/// 4,096 tables, chosen by the hash's low bits, each with open addressing and linear probing; each grows by itself, so that
/// a growth moves a few hundred entries and never all (no pause over a million users). An entry is the hash's
/// high half and the slot; ids are compared by the caller.
///
/// - Complexity: O(1) for each operation; 8 bytes an entry at a load of 0.35 to 0.7.
struct IDIndex: ~Copyable {
    private struct Table {
        /// `mask + 1` entries; 0 is an empty one, else high half of the hash and slot + 1.
        var entries: UnsafeMutablePointer<UInt64>?
        var mask: UInt32
        var count: UInt32
    }

    private static var tableCount: Int { 4096 }
    private let tables: UnsafeMutablePointer<Table>

    init() {
        tables = vicinity_zeroed(Self.tableCount, MemoryLayout<Table>.stride).bindMemory(to: Table.self, capacity: Self.tableCount)
    }

    deinit {
        for index in 0..<Self.tableCount { tables[index].entries?.deallocate() }
        vicinity_release(tables, Self.tableCount, MemoryLayout<Table>.stride)
    }

    @inline(__always)
    private func table(_ hash: UInt64) -> UnsafeMutablePointer<Table> { tables + Int(hash & UInt64(Self.tableCount - 1)) }

    /// Asks for the cache line where the search for `hash` will begin.
    @inline(__always)
    func prefetch(_ hash: UInt64) {
        let table = self.table(hash)
        guard let entries = table.pointee.entries else { return }
        vicinity_prefetch(entries + Int(UInt32(truncatingIfNeeded: hash >> 32) & table.pointee.mask))
    }

    /// The slot whose id has this hash and satisfies `matches`.
    @inline(__always)
    func find(_ hash: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
        let table = self.table(hash)
        guard let entries = table.pointee.entries else { return nil }
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        let mask = table.pointee.mask
        var position = tag & mask
        while true {
            let entry = entries[Int(position)]
            if entry == 0 { return nil }
            if UInt32(truncatingIfNeeded: entry >> 32) == tag {
                let slot = UInt32(truncatingIfNeeded: entry) &- 1
                if matches(slot) { return slot }
            }
            position = (position &+ 1) & mask
        }
    }

    /// Adds a slot whose id is not yet there.
    mutating func insert(_ hash: UInt64, slot: UInt32) {
        let table = self.table(hash)
        if table.pointee.entries == nil || (UInt64(table.pointee.count) + 1) * 10 > (UInt64(table.pointee.mask) + 1) * 7 { grow(table) }
        Self.place(Self.entry(hash, slot), in: table)
        table.pointee.count += 1
    }

    /// Removes the entry of a slot that is there.
    mutating func remove(_ hash: UInt64, slot: UInt32) {
        let table = self.table(hash)
        guard let entries = table.pointee.entries else { preconditionFailure("removing an id that is not there") }
        let mask = table.pointee.mask
        let wanted = Self.entry(hash, slot)
        var hole = UInt32(truncatingIfNeeded: hash >> 32) & mask
        while entries[Int(hole)] != wanted {
            precondition(entries[Int(hole)] != 0, "removing an id that is not there")
            hole = (hole &+ 1) & mask
        }
        // Backward shift: an entry after the hole moves into it unless its own place lies between the two.
        var next = (hole &+ 1) & mask
        while entries[Int(next)] != 0 {
            let home = UInt32(truncatingIfNeeded: entries[Int(next)] >> 32) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                entries[Int(hole)] = entries[Int(next)]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        entries[Int(hole)] = 0
        table.pointee.count -= 1
    }

    private static func entry(_ hash: UInt64, _ slot: UInt32) -> UInt64 { hash & 0xffff_ffff_0000_0000 | UInt64(slot &+ 1) }

    private static func place(_ entry: UInt64, in table: UnsafeMutablePointer<Table>) {
        guard let entries = table.pointee.entries else { preconditionFailure("a table that has grown has entries") }
        let mask = table.pointee.mask
        var position = UInt32(truncatingIfNeeded: entry >> 32) & mask
        while entries[Int(position)] != 0 { position = (position &+ 1) & mask }
        entries[Int(position)] = entry
    }

    private func grow(_ table: UnsafeMutablePointer<Table>) {
        let old = table.pointee
        let capacity = old.entries == nil ? 8 : (Int(old.mask) + 1) * 2
        let fresh = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
        fresh.initialize(repeating: 0, count: capacity)
        table.pointee.entries = fresh
        table.pointee.mask = UInt32(capacity - 1)
        guard let entries = old.entries else { return }
        for index in 0...Int(old.mask) where entries[index] != 0 { Self.place(entries[index], in: table) }
        entries.deallocate()
    }
}
