// Subjects that are active for a time come and go by the system clock.

extension Engine {
    /// Takes note of when a subject is active; what equals the last put changes nothing.
    mutating func setValidity(_ slot: UInt32, _ validity: Validity?, wall: Int64) {
        guard validities[slot] != validity else { return }
        let subject = subjects[slot]
        restoreValidity(slot, validity)
        subject.pointee.flags.set(.early, validity.map { wall < $0.from } ?? false)
        subject.pointee.flags.set(.over, validity.map { wall >= $0.until } ?? false)
        touchSubject(slot)
    }

    /// Takes up a validity and sees to it that its instants are not missed.
    mutating func restoreValidity(_ slot: UInt32, _ validity: Validity?) {
        validities[slot] = validity
        alarm(slot, validity)
    }

    /// Sees to it that the instants of a validity are not missed.
    mutating func alarm(_ slot: UInt32, _ validity: Validity?) {
        guard let validity else { return }
        if validity.from > .min { validityQueue.insert(Alarm(due: validity.from, kind: .subject, slot: slot)) }
        if validity.until < .max { validityQueue.insert(Alarm(due: validity.until, kind: .subject, slot: slot)) }
    }

    /// Lets subjects come and go whose validity has begun or ended by the system clock.
    mutating func unfoldValidity(now: ClockReading, into changes: inout Changes) {
        while let instant = validityQueue.first?.due, instant <= now.wall {
            begin(now)
            while let alarm = validityQueue.first, alarm.due == instant {
                _ = validityQueue.removeFirst()
                beginOrEnd(alarm.slot, at: instant)
                if beside == .staged { noteStale(alarm.slot) }
            }
            emit(into: &changes)
        }
    }

    /// - Note: an alarm whose subject is gone or was put anew finds that it has nothing to do.
    mutating func beginOrEnd(_ slot: UInt32, at instant: Int64) {
        guard let validity = validities[slot] else { return }
        settle(subject: slot)
        let subject = subjects[slot]
        let old = activePosition(slot)
        if instant == validity.from, subject.pointee.flags.contains(.early) {
            subject.pointee.flags.remove(.early)
        } else if instant == validity.until, !subject.pointee.flags.contains(.over) {
            subject.pointee.flags.remove(.early)
            subject.pointee.flags.insert(.over)
        } else {
            return
        }
        touchSubject(slot)
        let new = activePosition(slot)
        if old != new { relocate(slot, from: old, to: new, cause: new == nil ? .removed : .subject, time: instant) }
    }
}

/// When a subject is active, on the system clock, in Unix milliseconds.
struct Validity: Equatable {
    var from: Int64
    var until: Int64

    /// - Returns: `nil` for a subject that always is.
    init?(_ placement: SubjectPlacement) {
        guard placement.validFrom != nil || placement.validUntil != nil else { return nil }
        from = placement.validFrom ?? .min
        until = placement.validUntil ?? .max
    }
}
