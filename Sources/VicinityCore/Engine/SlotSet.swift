/// Some of the slots of a table, a bit for each.
struct SlotSet {
    private var words: [UInt64] = []

    init() {}

    /// A set without slots, with room for those below `count`.
    init(roomFor count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    /// Slots from here on have no room yet.
    var room: UInt32 { UInt32(words.count * 64) }

    @inline(__always)
    func contains(_ slot: UInt32) -> Bool { slot < room && words[Int(slot >> 6)] & (1 << UInt64(slot & 63)) != 0 }

    mutating func insert(_ slot: UInt32) {
        while slot >= room { words.append(0) }
        words[Int(slot >> 6)] |= 1 << UInt64(slot & 63)
    }

    mutating func remove(_ slot: UInt32) { if slot < room { words[Int(slot >> 6)] &= ~(1 << UInt64(slot & 63)) } }
}
