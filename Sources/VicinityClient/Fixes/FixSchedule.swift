// When a recorded line is due, and what its time becomes. All times are milliseconds; the clock is an argument.
//
//     nothing          as fast as possible, times as they are
//     --now            as fast as possible; all times are shifted by the same span, so that the first is the present
//     --speed 60x      the recording runs 60 times as fast as it was made, times as they are
//     --speed 60x --now    likewise, and each time becomes the moment at which the line is due: the recording is pressed together,
//                      so that nothing of it lies in the future

package struct FixSchedule: Sendable {
    /// How many times as fast as recorded; `nil` is as fast as possible.
    package let speed: Double?
    package let shiftsToNow: Bool

    private var start: Start?
    private var lastDue: Int64 = 0

    private struct Start {
        /// The first time in the recording.
        let recorded: Int64
        /// When it was placed, on the clock of ``place(_:clock:wall:)``.
        let clock: Int64
        let wall: Int64
    }

    /// - Parameter speed: > 0.
    package init(speed: Double?, shiftsToNow: Bool) {
        self.speed = speed
        self.shiftsToNow = shiftsToNow
    }

    /// Whether lines need to be looked at at all.
    package var isIdentity: Bool { speed == nil && !shiftsToNow }

    /// Decides on the next line, and rewrites its time if it must.
    ///
    /// A line without a time, or with one that is before the line's before it, is due with that one.
    ///
    /// - Parameters:
    ///   - clock: of any origin; does not step.
    ///   - wall: Unix time at the same moment.
    /// - Returns: when the line is due, on `clock`; in the past if it is due now.
    package mutating func place(_ line: inout [UInt8], clock: Int64, wall: Int64) -> Int64 {
        guard !isIdentity, let time = Timestamp(in: line) else { return speed == nil ? clock : lastDue }
        let start = start ?? Start(recorded: time.milliseconds, clock: clock, wall: wall)
        self.start = start
        let recorded = time.milliseconds - start.recorded
        let elapsed = speed.map { Int64((Double(recorded) / $0).rounded()) } ?? recorded
        if shiftsToNow { time.replace(with: max(0, start.wall + elapsed), in: &line) }
        guard speed != nil else { return clock }
        lastDue = max(lastDue, start.clock + elapsed)
        return lastDue
    }
}
