/// The slots of a table that nobody has, lowest first: so the upper ones become free together, and their memory can go.
///
/// A bit for each slot, a bit for each word of these that is not 0, and so on: 36 bits of a slot in six levels.
///
/// - Complexity: O(1) for each operation; an eighth of a byte a slot.
struct FreeSlots {
    private static var depth: Int { 6 }
    private var levels = [[UInt64]](repeating: [], count: FreeSlots.depth)

    init() {}

    var isEmpty: Bool { levels[Self.depth - 1].first ?? 0 == 0 }

    /// Adds a slot that is not there.
    mutating func insert(_ slot: UInt32) {
        var place = Int(slot)
        for level in 0..<Self.depth {
            let word = place >> 6
            while levels[level].count <= word { levels[level].append(0) }
            let old = levels[level][word]
            levels[level][word] = old | 1 << UInt64(place & 63)
            if old != 0 { return }
            place = word
        }
    }

    /// Takes the lowest out.
    mutating func removeFirst() -> UInt32? {
        guard !isEmpty else { return nil }
        var place = 0
        for level in (0..<Self.depth).reversed() { place = place << 6 | levels[level][place].trailingZeroBitCount }
        let slot = UInt32(place)
        for level in 0..<Self.depth {
            levels[level][place >> 6] &= ~(1 << UInt64(place & 63))
            if levels[level][place >> 6] != 0 { break }
            place >>= 6
        }
        return slot
    }
}
