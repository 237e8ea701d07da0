// Who has left what not long ago: details may still be asked for then, for `privacy.details_grace`.
//
// A table of fixed size, so that a crowd cannot make it grow: a pair has one place in one lane, and where a lane is full the oldest leave in it
// gives way. What is lost this way is only a grace: who was inside is then refused, never the other way round. Nothing of it is stored, since the
// log says it all: after a start it is filled from the newest events.

/// Leaves by user and subject.
struct RecentLeaves {
    /// The place of a pair; hashes of this process, which nobody outside can foresee.
    private struct Entry {
        var user: UInt64 = 0
        var subject: UInt64 = 0
        /// On the steady clock, in milliseconds; `Int64.min` of a place that is free.
        var time = Int64.min

        func isOf(_ user: UInt64, _ subject: UInt64) -> Bool { self.user == user && self.subject == subject && time > .min }
    }

    private static var laneCount: Int { 1 << 15 }
    private static var laneWidth: Int { 8 }
    /// Leaves that are kept at most: 6 MiB of them.
    static var capacity: Int { laneCount * laneWidth }

    /// Empty until there is the first leave.
    private var entries: [Entry] = []

    private static func lane(_ user: UInt64, _ subject: UInt64) -> Range<Int> {
        let lane = Int(truncatingIfNeeded: (user ^ (subject << 17 | subject >> 47)) >> 20) & (laneCount - 1)
        return lane * laneWidth..<(lane + 1) * laneWidth
    }

    /// Notes that a pair has left, at a reading of the steady clock.
    ///
    /// - Complexity: O(1).
    mutating func note(user: UInt64, subject: UInt64, at time: Int64) {
        if entries.isEmpty { entries = Array(repeating: Entry(), count: Self.capacity) }
        var place = 0
        var oldest = Int64.max
        for index in Self.lane(user, subject) {
            if entries[index].isOf(user, subject) {
                place = index
                break
            }
            guard entries[index].time < oldest else { continue }
            oldest = entries[index].time
            place = index
        }
        entries[place] = Entry(user: user, subject: subject, time: time)
    }

    /// Forgets that a pair has left.
    mutating func forget(user: UInt64, subject: UInt64) {
        guard !entries.isEmpty else { return }
        for index in Self.lane(user, subject) where entries[index].isOf(user, subject) { entries[index] = Entry() }
    }

    /// Forgets all that a user has left.
    ///
    /// - Complexity: O(``capacity``), about a millisecond.
    mutating func forget(user: UInt64) {
        for index in entries.indices where entries[index].user == user { entries[index] = Entry() }
    }

    /// When a pair has left, on the steady clock; `nil` if nothing is known of that. Takes as long for any pair.
    func time(user: UInt64, subject: UInt64) -> Int64? {
        guard !entries.isEmpty else { return nil }
        var found: Int64?
        for index in Self.lane(user, subject) where entries[index].isOf(user, subject) { found = entries[index].time }
        return found
    }
}
