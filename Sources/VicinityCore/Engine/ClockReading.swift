/// What the clocks say when something is handed to the engine; the engine reads none itself.
///
/// Two, because the system clock may step: it dates what operators do and what brings no time of its own, while spans
/// (silence, dwells, cooldowns) are counted on a clock that only goes on.
public struct ClockReading: Sendable, Equatable {
    /// The system clock, in Unix milliseconds.
    public var wall: Int64
    /// Milliseconds on a clock that never steps; where it began means nothing.
    public var steady: Int64

    public init(wall: Int64, steady: Int64) {
        self.wall = wall
        self.steady = steady
    }
}
