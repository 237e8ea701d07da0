import Synchronization
import VicinityCore

/// Numbers that several threads write and `status` reads.
package final class Statistics: Sendable {
    private struct State {
        var snapshot = Snapshot()
        var rates = (fixes: 0.0, events: 0.0)
        var lastSample: (time: Int64, fixes: Int64, events: Int64)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Makes the numbers of a commit the present ones.
    package func publish(_ snapshot: Snapshot) { state.withLock { $0.snapshot = snapshot } }

    package var snapshot: Snapshot { state.withLock(\.snapshot) }

    /// Accepted fixes and events a second, between the last two samples.
    package var rates: (fixes: Double, events: Double) { state.withLock(\.rates) }

    /// Takes a sample for the rates; call it about once a second.
    ///
    /// - Parameter now: monotonic milliseconds.
    package func sample(now: Int64) {
        state.withLock { state in
            let fixes = state.snapshot.tally.accepted
            let events = state.snapshot.head
            if let last = state.lastSample, now > last.time {
                let seconds = Double(now - last.time) / 1000
                state.rates = (Double(fixes - last.fixes) / seconds, Double(events - last.events) / seconds)
            }
            state.lastSample = (now, fixes, events)
        }
    }
}
