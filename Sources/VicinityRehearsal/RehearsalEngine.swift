package import VicinityCore

/// What a rehearsal asks of an engine: the daemon's own, or that of a test.
///
/// What a call brings forth is kept until it is taken.
package protocol RehearsalEngine: ~Copyable {
    /// Hashes the ids of the batches that it is given.
    var hasher: IDHasher { get }
    /// What became of the lines so far.
    var tally: Tally { get }

    /// Puts the register, as one moment.
    mutating func put(_ placements: [SubjectPlacement], at now: ClockReading)

    /// Takes lines in their order, after all that is due at `now`.
    mutating func apply(_ batch: FixBatch, at now: ClockReading)

    /// Lets the clocks go on: whatever is due by then happens. They never go back.
    mutating func advance(to now: ClockReading)

    /// Lets the clocks run on from `now` until nothing is due any more.
    mutating func finish(at now: ClockReading)

    /// Takes the events since they were taken last: in order, their seq without a hole.
    mutating func takeEvents() -> [Event]

    /// Takes the errors of the last batch, in the order of its lines.
    mutating func takeErrors() -> [LineError]

    /// Why there is an alert or none, in lines for a person.
    ///
    /// - Parameter subject: `nil` is all that concerns the user.
    /// - Returns: `nil` if nothing is known of the user.
    func explanation(of user: [UInt8], subject: [UInt8]?, at now: ClockReading) -> String?
}
