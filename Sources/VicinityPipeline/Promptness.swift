/// Which events a subscriber gets as soon as the daemon has them, so that the time since their fix is how long the daemon took.
///
/// A subscriber that was away, or that reads too slowly for what is in memory, is given old events, and that they are old is its own doing. So from
/// the time on when something had to be read from the disk nothing counts, until everything up to the head was given; and so at the beginning.
package struct Promptness {
    /// Events of one commit that were given to the client.
    package struct Handed: Equatable {
        /// When the first fix of their commit was read, in monotonic nanoseconds.
        package var arrived: Int64
        package var events: Int

        package init(arrived: Int64, events: Int) {
            self.arrived = arrived
            self.events = events
        }
    }

    private var hasCaughtUp = false
    private var handed: Handed?

    package init() {}

    /// There is no event that was not given.
    package mutating func reachedHead() { hasCaughtUp = true }

    /// The next events are so old that they are in memory no more.
    package mutating func readsFromDisk() { hasCaughtUp = false }

    /// Events of one commit were given.
    ///
    /// - Parameters:
    ///   - events: how many the filter let through, perhaps none.
    ///   - arrived: as in ``Handed``; `nil` if that is not known.
    package mutating func gave(_ events: Int, arrived: Int64?) {
        if hasCaughtUp, events > 0, let arrived { handed = Handed(arrived: arrived, events: events) }
    }

    /// What was last given, if it counts; once.
    package mutating func take() -> Handed? {
        defer { handed = nil }
        return handed
    }
}
