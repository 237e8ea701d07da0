// What becomes of a moving subject: its lines, by the rules for users' (`Lines.swift`), and its silence.

extension Engine {
    /// Takes a moving subject's fix, by the same rules as a user's.
    mutating func applySubject(_ fix: Fix, id: UnsafePointer<UInt8>, now: ClockReading, into changes: inout Changes) {
        guard let slot = findSubject(id, count: Int(fix.idLength), hash: fix.hash) else {
            refuse(fix, .unknownSubject, "subject is not in the register", into: &changes)
            return
        }
        guard fix.time <= now.wall &+ rules.maxFuture else {
            refuse(fix, .futureFix, "ts is \(fix.time), more than \(rules.maxFuture) ms ahead of the clock", into: &changes)
            return
        }
        let subject = subjects[slot]
        let motion = subject.pointee.motion == SubjectRecord.noMotion ? nil : motions[subject.pointee.motion]
        let held = motion?.pointee.held
        let last = held?.time ?? subject.pointee.time
        let time = fix.time == Fix.absentTime ? max(now.wall, last + 1) : fix.time
        guard time > last else {
            changes.tally.stale += 1
            return
        }
        toSteady = now.steady &- time
        let accuracy = fix.accuracy > 0 ? fix.accuracy : rules.assumedAccuracy
        let line = HeldFix(
            position: blurred(Coordinate(latitude: fix.latitude, longitude: fix.longitude), as: subject), accuracy: accuracy, radius: 0,
            time: time)
        // Where no fix of its own took it there is nothing to compare with.
        let isAfresh = expiry(ofSubject: slot).map { $0 <= time } ?? !isWhereItsFixTookIt(slot)
        if accuracy > rules.maxAccuracy {
            unfoldSubject(slot, upTo: time, into: &changes)
            changes.tally.inaccurate += 1
            if !isAfresh { hear(subject: slot, at: time, now: now) }
        } else if isAfresh || isPlausibleStep(line, from: subject.pointee.position, motion?.pointee.accuracy ?? 0, subject.pointee.time) {
            if !isAfresh { dropHeld(subject: slot, &changes.tally) }
            unfoldSubject(slot, upTo: time, into: &changes)
            accept(subject: slot, line, now: now, into: &changes)
        } else if let held, isPlausible(line, from: held.position, held.accuracy, held.time) {
            unfoldSubject(slot, upTo: held.time, into: &changes)
            motion?.pointee.held = nil
            accept(subject: slot, held, now: now, into: &changes)
            unfoldSubject(slot, upTo: time, into: &changes)
            accept(subject: slot, line, now: now, into: &changes)
        } else {
            unfoldSubject(slot, upTo: time, into: &changes)
            dropHeld(subject: slot, &changes.tally)
            motion?.pointee.held = line
            hear(subject: slot, at: time, now: now)
        }
    }

    /// The contract's formula for a step that is mostly so short that no exact distance is needed to believe it.
    private func isPlausibleStep(_ fix: HeldFix, from position: Coordinate, _ accuracy: Double, _ time: Int64) -> Bool {
        let metric = metrics.metric(at: position.latitude)
        let squared = metric.squaredDistance(
            Double(Int64(fix.position.latitude) - Int64(position.latitude)),
            Double(Coordinate.longitudeDifference(from: position.longitude, to: fix.position.longitude)))
        let distance = squared.squareRoot()
        let reach = rules.maxSpeed * max(Double(fix.time - time) / 1000, 1) + accuracy + fix.accuracy
        // A millimetre for the rounding of the sums.
        if distance + metric.errorBound(within: distance) + 0.001 < reach { return true }
        return isPlausible(fix, from: position, accuracy, time)
    }

    /// Whether a fix of its own took the subject where it is, and not too long ago.
    func isWhereItsFixTookIt(_ slot: UInt32) -> Bool {
        subjects[slot].pointee.isMoving && !subjects[slot].pointee.flags.contains(.silent)
    }

    mutating func accept(subject slot: UInt32, _ fix: HeldFix, now: ClockReading, into changes: inout Changes) {
        changes.tally.accepted += 1
        settle(subject: slot)
        let subject = subjects[slot]
        let old = activePosition(slot)
        if !userGrid.isSharp { sharpen() }
        if subject.pointee.motion == SubjectRecord.noMotion {
            subject.pointee.motion = freeMotions.popLast() ?? motions.append()
            motions[subject.pointee.motion].pointee = MotionRecord()
        }
        let motion = motions[subject.pointee.motion]
        let isAfresh = !isWhereItsFixTookIt(slot)
        let begins = !subject.pointee.isMoving
        if isAfresh || fix.time > motion.pointee.heard {
            motion.pointee.heard = fix.time
            motion.pointee.heardAt = now.steady
        }
        motion.pointee.accuracy = fix.accuracy
        subject.pointee.time = fix.time
        subject.pointee.flags.remove(.silent)
        subject.pointee.isMoving = true
        subject.pointee.latitude = fix.position.latitude
        subject.pointee.longitude = fix.position.longitude
        touchSubject(slot)
        watchSubject(slot)
        let new = activePosition(slot)
        let isKnown = motion.pointee.edition == edition && !begins
        motion.pointee.edition = edition
        relocate(slot, from: old, to: new, isStep: isKnown, cause: .subject, time: fix.time)
        emit(into: &changes)
    }

    /// Puts the users into smaller cells, which know what they did not need to know while no subject moved.
    ///
    /// - Complexity: O(users), once.
    mutating func sharpen() {
        userGrid.sharpen()
        for slot in 0..<UInt32(users.count) where users[slot].pointee.isUsed && !users[slot].pointee.isSilent {
            enterCell(slot)
        }
    }

    mutating func hear(subject slot: UInt32, at time: Int64, now: ClockReading) {
        let motion = motions[subjects[slot].pointee.motion]
        touchSubject(slot)
        guard time > motion.pointee.heard else { return }
        motion.pointee.heard = time
        motion.pointee.heardAt = now.steady
    }

    /// Forgets a held fix that nothing has confirmed; its `ts` stays the last one.
    mutating func dropHeld(subject slot: UInt32, _ tally: inout Tally) {
        guard subjects[slot].pointee.motion != SubjectRecord.noMotion else { return }
        let motion = motions[subjects[slot].pointee.motion]
        guard motion.pointee.held != nil else { return }
        motion.pointee.held = nil
        tally.implausible += 1
        touchSubject(slot)
    }

    /// Forgets that a subject was moving, but not its last `ts`.
    mutating func dropMotion(_ slot: UInt32, _ tally: inout Tally) {
        let subject = subjects[slot]
        guard subject.pointee.motion != SubjectRecord.noMotion else { return }
        let motion = motions[subject.pointee.motion]
        if let held = motion.pointee.held { subject.pointee.time = max(subject.pointee.time, held.time) }
        dropHeld(subject: slot, &tally)
        subject.pointee.flags.remove([.moving, .silent])
    }

    /// A moving subject has fallen silent: every encounter closes, and it is inactive until it is heard of again.
    mutating func expireSubject(_ slot: UInt32, at instant: Int64, _ tally: inout Tally) {
        let subject = subjects[slot]
        let old = activePosition(slot)
        if let held = motions[subject.pointee.motion].pointee.held { subject.pointee.time = max(subject.pointee.time, held.time) }
        dropHeld(subject: slot, &tally)
        subject.pointee.flags.insert(.silent)
        touchSubject(slot)
        relocate(slot, from: old, to: nil, cause: .expired, time: instant)
    }
}
