// Who has left what not long ago: details may still be asked for then, for `privacy.details_grace`.
//
// A table of fixed size, so that a crowd cannot make it grow: a pair has one place in one lane, and where a lane is full the oldest leave in it
// gives way. What is lost this way is only a grace: who was inside is then refused, never the other way round. Nothing of it is stored, since the
// log says it all: after a start it is filled from the newest events.
//
// A lane is two lines of memory, and a leave two words of it: a mix of the pair's hashes, which tells it from every other pair, and its time
// with a few bits of the user's hash, by which all leaves of a user are found.

import CPrimitives

/// Leaves by user and subject.
///
/// It owns memory by a pointer, so that lanes begin where lines do; sound because it cannot be copied, and every place is computed from a
/// lane's number below their count.
struct RecentLeaves: ~Copyable {
    /// Whose leave it is; from hashes of this process, which nobody outside can foresee.
    struct Pair {
        fileprivate let key: UInt64
        fileprivate let lane: Int
        fileprivate let tag: UInt64

        init(user: UInt64, subject: UInt64) {
            // Two other numbers than those that hash an id.
            key = IDHasher.fold(user ^ 0x9e37_79b9_7f4a_7c15, subject ^ 0xc2b2_ae3d_27d4_eb4f)
            lane = Int(truncatingIfNeeded: (user ^ (subject << 17 | subject >> 47)) >> 20) & (RecentLeaves.laneCount - 1)
            tag = RecentLeaves.tag(of: user)
        }
    }

    private struct Entry {
        var key: UInt64 = 0
        /// The time, in 40 bits, and below it the tag; 0 of a place that is free.
        var rest: UInt64 = 0

        /// On the steady clock, in milliseconds; `Int64.min` of a place that is free.
        var time: Int64 { rest == 0 ? .min : Int64(bitPattern: rest) >> RecentLeaves.tagBits }
    }

    private static var laneCount: Int { 1 << 15 }
    private static var laneWidth: Int { 8 }
    private static var tagBits: UInt64 { 24 }
    /// Leaves that are kept at most: 4 MiB of them.
    static var capacity: Int { laneCount * laneWidth }

    /// `nil` until there is the first leave.
    private var entries: UnsafeMutablePointer<Entry>?

    init() {}

    deinit { if let entries { vicinity_release(entries, Self.capacity, MemoryLayout<Entry>.stride) } }

    /// The highest bits of the user's hash, of which the first is always set: so no entry that is used is 0.
    private static func tag(of user: UInt64) -> UInt64 { user >> (64 - tagBits) | 1 << (tagBits - 1) }

    /// Asks for a pair's lane.
    func prefetch(_ pair: Pair) {
        guard let entries else { return }
        vicinity_prefetch(entries + pair.lane * Self.laneWidth)
        vicinity_prefetch(entries + (pair.lane * Self.laneWidth + Self.laneWidth / 2))
    }

    /// Notes that a pair has left, at a reading of the steady clock that is within 17 years of 0.
    ///
    /// - Complexity: O(1).
    mutating func note(_ pair: Pair, at time: Int64) {
        let entries = self.entries ?? Self.allocate()
        self.entries = entries
        let lane = entries + pair.lane * Self.laneWidth
        var place = 0
        var oldest = Int64.max
        for index in 0..<Self.laneWidth {
            if lane[index].key == pair.key, lane[index].rest != 0 {
                place = index
                break
            }
            guard lane[index].time < oldest else { continue }
            oldest = lane[index].time
            place = index
        }
        lane[place] = Entry(key: pair.key, rest: UInt64(bitPattern: time) << Self.tagBits | pair.tag)
    }

    private static func allocate() -> UnsafeMutablePointer<Entry> {
        // All zero is all free.
        vicinity_zeroed(capacity, MemoryLayout<Entry>.stride).bindMemory(to: Entry.self, capacity: capacity)
    }

    /// Forgets that a pair has left.
    mutating func forget(_ pair: Pair) {
        guard let entries else { return }
        let lane = entries + pair.lane * Self.laneWidth
        for index in 0..<Self.laneWidth where lane[index].key == pair.key { lane[index] = Entry() }
    }

    /// Forgets all that a user has left, and perhaps a leave of somebody else.
    ///
    /// - Complexity: O(``capacity``), about a millisecond.
    mutating func forget(user: UInt64) {
        guard let entries else { return }
        let tag = Self.tag(of: user)
        let mask: UInt64 = 1 << Self.tagBits - 1
        for index in 0..<Self.capacity where entries[index].rest & mask == tag { entries[index] = Entry() }
    }

    /// When a pair has left, on the steady clock; `nil` if nothing is known of that. Takes as long for any pair.
    func time(_ pair: Pair) -> Int64? {
        guard let entries else { return nil }
        let lane = entries + pair.lane * Self.laneWidth
        var found: Int64?
        for index in 0..<Self.laneWidth where lane[index].key == pair.key && lane[index].rest != 0 { found = lane[index].time }
        return found
    }
}

/// A leave that is not in the table yet.
struct Leave {
    let user: UInt32
    let subject: UInt32
    /// Whether details may be asked for afterwards.
    let hasGrace: Bool
    /// On the steady clock.
    let time: Int64
}
