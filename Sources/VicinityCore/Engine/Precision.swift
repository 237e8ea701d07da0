// A subject with a precision is known by the centre of the cell that holds it (``PrecisionGrid``), from the moment it comes in: when it is
// put or staged, and with each fix of its own. So no pair, no distance, no plausibility, no journal and no page ever depends on where in its
// cell it is, and two registers that differ only in that cannot be told apart.
//
// The position that was put is kept for one thing: a put elsewhere makes a moving subject a fixed one, and a put that equals the last one
// changes nothing. That of a fix is kept nowhere.
//
// Which precision holds is settled by a put and stays with the subject, so that no pair changes with the default. Another key changes where
// the cells lie; subjects go to their new centres a few at a time (``Engine/regrid(from:_:now:into:)``).

/// Where a subject with a precision is shown, as long as no fix of its own has moved it.
public struct ShownPlace: Sendable, Equatable {
    /// Metres, above 0, at most 100,000: the side of the cell.
    public var precision: Double
    /// The centre of the cell that holds the position as it was put.
    public var center: Coordinate

    public init(precision: Double, center: Coordinate) {
        self.precision = precision
        self.center = center
    }
}

extension Engine {
    // MARK: - Which precision holds

    /// The precision of a subject that is there and is put again: what equals the last put changes nothing, whatever the default is by now.
    func precision(of placement: SubjectPlacement, after last: UnsafeMutablePointer<SubjectRecord>) -> Double {
        if let named = placement.precision { return named }
        let isSame = last.pointee.putPosition == placement.position && last.pointee.putPrecision == nil
        return isSame ? last.pointee.precision : rules.precision
    }

    /// The precision of a subject that is staged: what both editions have has one precision.
    func stagedPrecision(of placement: SubjectPlacement, in slot: UInt32) -> Double {
        if let named = placement.precision { return named }
        let live = subjects[slot].pointee.isUsed ? subjects[slot] : nil
        for last in [live, other.record(slot)] {
            guard let last, last.pointee.putPosition == placement.position, last.pointee.putPrecision == nil else { continue }
            return last.pointee.precision
        }
        return rules.precision
    }

    /// Where a subject is shown that is put.
    ///
    /// - Returns: `nil` for exactly where it is.
    func shownPlace(_ placement: SubjectPlacement, precision: Double) -> ShownPlace? {
        guard precision > 0 else { return nil }
        let center = placement.id.withUnsafeBytes {
            PrecisionGrid(side: precision, id: $0, key: precisionKey).center(of: placement.position)
        }
        return ShownPlace(precision: precision, center: center)
    }

    /// Where the subject of a slot is shown, for the register to keep; `nil` for exactly where it was put.
    public func shownPlace(of slot: UInt32) -> ShownPlace? { subjects[slot].pointee.shownPlace }

    /// The same of a subject of the staged edition.
    public func stagedShownPlace(of slot: UInt32) -> ShownPlace? { other.record(slot)?.pointee.shownPlace }

    // MARK: - What stands for a position

    /// What stands for a position of a subject.
    ///
    /// - Complexity: O(1): nothing without a precision, with one about half a microsecond.
    @inline(__always)
    func blurred(_ position: Coordinate, as subject: UnsafeMutablePointer<SubjectRecord>) -> Coordinate {
        let precision = subject.pointee.precision
        guard precision > 0 else { return position }
        return subject.pointee.id.withBytes { PrecisionGrid(side: precision, id: $0, key: precisionKey).center(of: position) }
    }

    /// What stands under another precision for what a fix has become: no more is known than the centre of then.
    func reblurred(
        _ position: Coordinate, of subject: UnsafeMutablePointer<SubjectRecord>, as other: UnsafeMutablePointer<SubjectRecord>
    ) -> Coordinate {
        subject.pointee.precision == other.pointee.precision ? position : blurred(position, as: other)
    }

    /// Shows a subject by its precision and the key in force: where it was put, and if fixes have moved it, where they took it.
    func show(_ slot: UInt32) {
        let subject = subjects[slot]
        let center = blurred(subject.pointee.putPosition, as: subject)
        subject.pointee.shownLatitude = center.latitude
        subject.pointee.shownLongitude = center.longitude
        let position = subject.pointee.isMoving ? blurred(subject.pointee.position, as: subject) : center
        subject.pointee.latitude = position.latitude
        subject.pointee.longitude = position.longitude
        blurHeld(slot)
    }

    /// Sees to it that a held fix is known by a centre too.
    func blurHeld(_ slot: UInt32) {
        let subject = subjects[slot]
        guard subject.pointee.motion != SubjectRecord.noMotion else { return }
        let motion = motions[subject.pointee.motion]
        guard let held = motion.pointee.held else { return }
        motion.pointee.held?.position = blurred(held.position, as: subject)
    }

    // MARK: - Another key

    /// Takes another key. Subjects stand where they stood until they are put, move, or are asked by ``regrid(from:_:now:into:)``.
    public mutating func takePrecisionKey(_ key: SipHashKey) { precisionKey = key }

    /// Moves some subjects to the centres of the cells that the key in force makes, as one moment. Those that are there already stay.
    ///
    /// - Parameters:
    ///   - first: the slot to begin with; 0 the first time.
    ///   - now: the system clock's reading is the `ts` of what this causes.
    /// - Returns: the slots whose ``shownPlace(of:)`` has changed, and the slot to go on with, `nil` if all were asked.
    /// - Complexity: O(1) for a subject without a precision; that of a put elsewhere for each that moves.
    /// - Precondition: no edition is staged or departing.
    public mutating func regrid(
        from first: UInt32, _ limit: SweepLimit, now: ClockReading, into changes: inout Changes
    ) -> (moved: [UInt32], next: UInt32?) {
        precondition(beside == .nothing, "subjects get new cells between two editions")
        begin(now)
        var moved: [UInt32] = []
        var slot = first
        var left = limit.steps
        while Int(slot) < subjects.count, left > 0, scratch.pending.count < limit.events {
            left -= 1
            if regrid(slot, now: now) { moved.append(slot) }
            slot += 1
        }
        emit(into: &changes)
        return (moved, Int(slot) < subjects.count ? slot : nil)
    }

    /// - Returns: whether the subject is shown elsewhere than before, as far as it was put.
    private mutating func regrid(_ slot: UInt32, now: ClockReading) -> Bool {
        let subject = subjects[slot]
        guard subject.pointee.isUsed, subject.pointee.precision > 0 else { return false }
        let (old, shown, place) = (activePosition(slot), subject.pointee.shownPosition, subject.pointee.position)
        show(slot)
        let new = activePosition(slot)
        if subject.pointee.isMoving, place != subject.pointee.position || hasHeld(slot) { touchSubject(slot) }
        if old != new { relocate(slot, from: old, to: new, cause: .subject, time: now.wall) }
        return shown != subject.pointee.shownPosition
    }

    private func hasHeld(_ slot: UInt32) -> Bool {
        let motion = subjects[slot].pointee.motion
        return motion != SubjectRecord.noMotion && motions[motion].pointee.held != nil
    }
}

extension SubjectRecord {
    /// `nil` for exactly where it was put.
    fileprivate var shownPlace: ShownPlace? { precision > 0 ? ShownPlace(precision: precision, center: shownPosition) : nil }
}
