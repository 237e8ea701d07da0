// A start of the daemon: what was remembered is there, but all spans on the steady clock count anew.

package import VicinityCore

extension Model {
    /// Takes up the state at a start.
    ///
    /// - Parameter clock: the clocks at READY; the steady clock may have begun anew.
    package mutating func restart(at clock: ClockReading) {
        for id in users.keys {
            guard var user = users[id] else { continue }
            // By the system clock, since the steady one did not tick; but an hour is left, in case the clock was set.
            let greatest = max(0, rules.forgetAfter - Self.shortestMemory)
            user.silentSince = clock.steady - min(greatest, max(0, clock.wall - user.silentSinceWall))
            user.track?.heardAt = clock.steady
            let heard = user.track?.lastHeard ?? user.lastTime
            user.waits = user.waits.mapValues { $0.timed(at: clock.steady + max(0, $0.instant - heard)) }
            // Nobody keeps count across a restart.
            user.withheld = []
            users[id] = user
        }
        for id in subjects.keys { subjects[id]?.track?.heardAt = clock.steady }
        // By the system clock, of when it was committed.
        lastLeaves = lastLeaves.mapValues { ClockReading(wall: $0.wall, steady: clock.steady - max(0, clock.wall - $0.wall)) }
        // An edition that is to come does not outlive the daemon.
        endStaging()
        self.clock = clock
    }
}
