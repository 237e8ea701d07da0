import Synchronization
import VicinityCore

/// What `status` says of the engine: numbers as of the last durable commit.
struct Snapshot: Sendable {
    var users = 0
    var subjects = 0
    var pairs = 0
    var head: Int64 = 0
    var tally = Tally()
}

/// Numbers that several threads write and `status` reads.
final class Statistics: Sendable {
    private struct State {
        var snapshot = Snapshot()
        var rates = (fixes: 0.0, events: 0.0)
        var lastSample: (time: Int64, fixes: Int64, events: Int64)?
    }

    private let state = Mutex(State())

    /// Makes the numbers of a commit the present ones.
    func publish(_ snapshot: Snapshot) { state.withLock { $0.snapshot = snapshot } }

    var snapshot: Snapshot { state.withLock(\.snapshot) }

    /// Accepted fixes and events a second, between the last two samples.
    var rates: (fixes: Double, events: Double) { state.withLock(\.rates) }

    /// Takes a sample for the rates; call it about once a second.
    ///
    /// - Parameter now: monotonic milliseconds.
    func sample(now: Int64) {
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
