/// What came of a simulation of the daemon.
package struct ServiceFigures: Sendable, Equatable {
    package var runs = 0
    package var steps = 0
    /// Lives of the daemon that ended without warning.
    package var crashes = 0
    /// Crashes between a commit's becoming durable and its announcement.
    package var halfDone = 0
    /// Ends of the daemon by its own will.
    package var exits = 0
    package var leaps = 0
    package var lines = 0
    /// Lines that came again although they were durable.
    package var resent = 0
    /// Errors that were summed up.
    package var summed = 0
    package var commits = 0
    package var events = 0
    /// Writes of the disk that failed.
    package var faults = 0
    /// Reads of the disk …
    package var reads = 0
    /// … and conversations that ended because of one.
    package var unreadable = 0
    package var connections = 0
    package var snapshots = 0
    package var gaps = 0
    /// Events that retention has let go.
    package var removed = 0
    /// Subscriptions that were refused.
    package var refusals = 0
    /// FNV-1a over all that anybody outside could see: the same seed gives the same in every process.
    package private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    mutating func digest(_ bytes: some Sequence<UInt8>, of link: UInt64) {
        mix(link)
        for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    mutating func mix(_ number: UInt64) { digest = (digest ^ number) &* 0x0000_0100_0000_01b3 }

    /// Adds those of another run, in order.
    package mutating func add(_ other: ServiceFigures) {
        if runs == 0 { digest = other.digest } else { mix(other.digest) }
        runs += other.runs
        steps += other.steps
        crashes += other.crashes
        halfDone += other.halfDone
        exits += other.exits
        leaps += other.leaps
        lines += other.lines
        commits += other.commits
        events += other.events
        faults += other.faults
        reads += other.reads
        unreadable += other.unreadable
        connections += other.connections
        snapshots += other.snapshots
        gaps += other.gaps
        resent += other.resent
        summed += other.summed
        removed += other.removed
        refusals += other.refusals
    }
}
