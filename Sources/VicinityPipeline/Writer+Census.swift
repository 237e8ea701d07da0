import VicinityCore

// The census that the map is made of: a pass over all users and subjects, in slices between other work. There is one at a time, whoever asks.

/// How far a census has come, and who waits for it.
struct CensusDesk {
    private var census = Census()
    private var waiting: [Reply<Census>] = []
    /// When the next slice may be counted, on the steady clock, in milliseconds.
    private(set) var nextSlice = Int64.min

    var isCounting: Bool { !waiting.isEmpty }

    mutating func wait(_ reply: Reply<Census>) { waiting.append(reply) }

    /// Counts a slice.
    ///
    /// - Returns: what is to be sent if it was the last.
    mutating func advance(_ engine: inout Engine, steps: Int, now: Int64) -> (@Sendable () -> Void)? {
        // Most of the time is left for others.
        nextSlice = now + 4
        engine.count(steps, into: &census)
        guard census.isComplete else { return nil }
        let done = CensusDesk.sending(census, to: waiting)
        self = CensusDesk()
        return done
    }

    private static func sending(_ census: Census, to waiting: [Reply<Census>]) -> @Sendable () -> Void {
        { for reply in waiting { reply.send(census) } }
    }
}

extension Writer {
    /// Slots that are looked at for each step that a slice of other work has: to look whether somebody is there, and where, is so much less than to
    /// ask their pairs. 32,000 in all, which take about a millisecond.
    private static var slotsPerStep: Int { 64 }

    /// Begins a census, or waits for the one that is being taken.
    mutating func takeCensus(_ reply: Reply<Census>, now: ClockReading) {
        let isFirst = !census.isCounting
        census.wait(reply)
        if isFirst { countSlice(now: now) }
    }

    /// Counts a slice, now and then, so that batches have their turn.
    mutating func advanceCensus(to now: ClockReading) {
        guard census.isCounting, now.steady >= census.nextSlice, !engine.isBehindClock, !isFull else { return }
        countSlice(now: now)
    }

    private mutating func countSlice(now: ClockReading) {
        let steps = slice.steps.multipliedReportingOverflow(by: Self.slotsPerStep)
        guard let send = census.advance(&engine, steps: steps.overflow ? .max : steps.partialValue, now: now.steady) else { return }
        open.replies.append(send)
        open.isEmpty = false
    }
}
