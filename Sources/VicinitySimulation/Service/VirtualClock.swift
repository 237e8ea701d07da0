import VicinityCore

/// The machine's two clocks, in milliseconds: time passes only when the simulation says so.
final class VirtualClock {
    /// Never goes back.
    private(set) var monotonic: Int64 = 5_000
    private var offset = World.beginning
    /// By how much the clock was set in all; what the daemon measures against where it was when it began.
    private(set) var leaps: Int64 = 0

    /// The clock that people set.
    var unix: Int64 { offset + monotonic }

    var reading: ClockReading { ClockReading(wall: unix, steady: monotonic) }

    func pass(_ milliseconds: Int64) { monotonic += milliseconds }

    /// Somebody sets the clock.
    func leap(by milliseconds: Int64) {
        offset += milliseconds
        leaps += milliseconds
    }
}
