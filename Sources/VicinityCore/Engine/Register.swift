// A subject is put, moves or goes: the pair is evaluated from the other side, for the users whose halos are near, with the same predicate.

import CPrimitives

extension Engine {
    /// Puts subjects, or puts them elsewhere, as one moment.
    ///
    /// What equals the last put changes nothing. A subject that its own fixes have moved stays where they took it, unless this put names another
    /// place than the last one did.
    ///
    /// - Parameters:
    ///   - placements: no id twice.
    ///   - now: the system clock's reading is the `ts` of what this causes.
    /// - Returns: the slot of each, in the same order; a slot belongs to the id until it is removed.
    /// - Complexity: O(users near the old and the new places).
    @discardableResult
    public mutating func put(_ placements: [SubjectPlacement], now: ClockReading, into changes: inout Changes) -> [UInt32] {
        begin(now)
        var fresh: [GridEntry] = []
        var slots: [UInt32] = []
        slots.reserveCapacity(placements.count)
        for placement in placements {
            if let slot = findSubject(placement.id) {
                slots.append(slot)
                put(slot, placement, now: now, &changes.tally)
            } else {
                let slot = addSubject(placement, now: now)
                slots.append(slot)
                guard subjects[slot].pointee.isActive else { continue }
                fresh.append(GridEntry(latitude: placement.position.latitude, longitude: placement.position.longitude, slot: slot))
                evaluate(slot, from: nil, to: placement.position, cause: .subject, time: now.wall)
            }
        }
        grid.insert(&fresh)
        emit(into: &changes)
        return slots
    }

    /// Puts a subject that is there.
    private mutating func put(_ slot: UInt32, _ placement: SubjectPlacement, now: ClockReading, _ tally: inout Tally) {
        let subject = subjects[slot]
        let old = activePosition(slot)
        subject.pointee.kind = placement.kind.map { intern($0) } ?? SubjectRecord.noKind
        setValidity(slot, Validity(placement), wall: now.wall)
        if placement.position != subject.pointee.putPosition {
            subject.pointee.putLatitude = placement.position.latitude
            subject.pointee.putLongitude = placement.position.longitude
            subject.pointee.latitude = placement.position.latitude
            subject.pointee.longitude = placement.position.longitude
            dropMotion(slot, &tally)
            touchSubject(slot)
        }
        let new = activePosition(slot)
        if old != new { relocate(slot, from: old, to: new, cause: new == nil ? .removed : .subject, time: now.wall) }
    }

    /// Removes subjects, as one moment; ids that are not there are passed over.
    ///
    /// - Returns: the slots that were freed.
    @discardableResult
    public mutating func remove(_ ids: [[UInt8]], now: ClockReading, into changes: inout Changes) -> [UInt32] {
        begin(now)
        var slots: [UInt32] = []
        for id in ids {
            guard let slot = findSubject(id) else { continue }
            relocate(slot, from: activePosition(slot), to: nil, cause: .removed, time: now.wall)
            for user in (waiting[slot] ?? []).sorted() { endWait(of: user, for: slot) }
            dropMotion(slot, &changes.tally)
            let time = subjects[slot].pointee.time
            if time >= 0 {
                let until = now.wall + max(Self.signOffSpan, rules.forgetAfter)
                remember(SignOff(hash: subjectHash(id), time: time, until: until), into: &changes)
            }
            validities[slot] = nil
            subjectIndex.remove(hasher.hash(id), slot: slot)
            subjectCount -= 1
            departedSubjects.append(slot)
            slots.append(slot)
        }
        emit(into: &changes)
        return slots
    }

    /// Where an active subject is.
    private func activePosition(_ slot: UInt32) -> Coordinate? {
        subjects[slot].pointee.isActive ? subjects[slot].pointee.position : nil
    }

    // MARK: - A moving subject's line

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
            position: Coordinate(latitude: fix.latitude, longitude: fix.longitude), accuracy: accuracy, radius: 0, time: time)
        // Where no fix of its own took it there is nothing to compare with.
        let isAfresh = expiry(ofSubject: slot).map { $0 <= time } ?? !isWhereItsFixTookIt(slot)
        if accuracy > rules.maxAccuracy {
            unfoldSubject(slot, upTo: time, into: &changes)
            changes.tally.inaccurate += 1
            if !isAfresh { hear(subject: slot, at: time, now: now) }
        } else if isAfresh || isPlausible(line, from: subject.pointee.position, motion?.pointee.accuracy ?? 0, subject.pointee.time) {
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

    /// Whether a fix of its own took the subject where it is, and not too long ago.
    private func isWhereItsFixTookIt(_ slot: UInt32) -> Bool {
        subjects[slot].pointee.isMoving && !subjects[slot].pointee.flags.contains(.silent)
    }

    private mutating func accept(subject slot: UInt32, _ fix: HeldFix, now: ClockReading, into changes: inout Changes) {
        changes.tally.accepted += 1
        let subject = subjects[slot]
        let old = activePosition(slot)
        if !userGrid.isSharp { sharpen() }
        if subject.pointee.motion == SubjectRecord.noMotion {
            subject.pointee.motion = freeMotions.popLast() ?? motions.append()
            motions[subject.pointee.motion].pointee = MotionRecord()
        }
        let motion = motions[subject.pointee.motion]
        let isAfresh = !isWhereItsFixTookIt(slot)
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
        // Standing still changes nothing, unless it is judged by other rules than before.
        guard old != new || motion.pointee.edition != edition else { return }
        let isKnown = motion.pointee.edition == edition
        motion.pointee.edition = edition
        relocate(slot, from: old, to: new, isStep: isKnown, cause: .subject, time: fix.time)
        emit(into: &changes)
    }

    /// Lets the users' cells know what they did not need to know while no subject moved.
    ///
    /// - Complexity: O(users), once: some 60 ns for each.
    private mutating func sharpen() {
        userGrid.isSharp = true
        for slot in 0..<UInt32(users.count) where users[slot].pointee.isUsed && !users[slot].pointee.isSilent {
            let user = users[slot]
            user.pointee.slackBound = GridMember.bound(of: user.pointee.slack)
            userGrid.update(cell: user.pointee.cell, place: user.pointee.place, GridMember(user.pointee))
        }
    }

    private mutating func hear(subject slot: UInt32, at time: Int64, now: ClockReading) {
        let motion = motions[subjects[slot].pointee.motion]
        touchSubject(slot)
        guard time > motion.pointee.heard else { return }
        motion.pointee.heard = time
        motion.pointee.heardAt = now.steady
    }

    /// Forgets a held fix that nothing has confirmed; its `ts` stays the last one.
    private mutating func dropHeld(subject slot: UInt32, _ tally: inout Tally) {
        guard subjects[slot].pointee.motion != SubjectRecord.noMotion else { return }
        let motion = motions[subjects[slot].pointee.motion]
        guard motion.pointee.held != nil else { return }
        motion.pointee.held = nil
        tally.implausible += 1
        touchSubject(slot)
    }

    /// Forgets that a subject was moving, but not its last `ts`.
    private mutating func dropMotion(_ slot: UInt32, _ tally: inout Tally) {
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

    // MARK: - Validity

    /// Takes note of when a subject is active; what equals the last put changes nothing.
    private mutating func setValidity(_ slot: UInt32, _ validity: Validity?, wall: Int64) {
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
            }
            emit(into: &changes)
        }
    }

    /// - Note: an alarm whose subject is gone or was put anew finds that it has nothing to do.
    private mutating func beginOrEnd(_ slot: UInt32, at instant: Int64) {
        guard let validity = validities[slot] else { return }
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

    // MARK: - Asking the users

    /// Moves an active subject in the grid, or in or out of it, and asks the pairs that this concerns.
    ///
    /// - Parameter isStep: all its pairs were evaluated where it was, by the rules in force.
    private mutating func relocate(
        _ slot: UInt32, from old: Coordinate?, to new: Coordinate?, isStep: Bool = false, cause: Cause, time: Int64
    ) {
        if old != new {
            if let old { grid.remove(old, slot: slot) }
            if let new { grid.insert(new, slot: slot) }
        }
        evaluate(slot, from: old, to: new, isStep: isStep, cause: cause, time: time)
    }

    /// Asks every pair of a subject that a change of its place can concern, and notes what changes.
    private mutating func evaluate(
        _ slot: UInt32, from old: Coordinate?, to new: Coordinate?, isStep: Bool = false, cause: Cause, time: Int64
    ) {
        guard userCount > 0, old != nil || new != nil else { return }
        scratch.users.removeAll(keepingCapacity: true)
        // Users stand in the grid at their anchors.
        collectUsers(from: old, to: new, isStep: isStep)
        // A dwell lets a pair stay inside at any distance.
        scratch.users.append(contentsOf: waiting[slot] ?? [])
        // In an order that is the same in every process, since the journal shows it.
        scratch.users.sort()
        var last: UInt32?
        scratch.users.removeAll { user in
            defer { last = user }
            return user == last
        }
        for user in scratch.users {
            vicinity_prefetch(users[user])
            vicinity_prefetch(UnsafeRawPointer(users[user]) + 64)
        }
        for user in scratch.users where !users[user].pointee.isSilent {
            evaluate(user, slot, from: old, to: new, cause: cause, time: time)
        }
    }

    /// Collects the users whom it may concern that a subject goes from one place to another.
    ///
    /// A short step concerns those whose edge lies within the step of the new place, and those who may be inside in the margin beyond it. A pair
    /// whose dwell keeps it inside at any distance is known by ``waiting``.
    private mutating func collectUsers(from old: Coordinate?, to new: Coordinate?, isStep: Bool) {
        if isStep, let old, let new {
            let step = Geodesic.distance(from: old, to: new)
            if step < Self.shortStep {
                let band = GridBand(inner: step, outer: greatestMargin + step)
                userGrid.appendUsers(near: new, band, metrics: metrics, to: &scratch.users)
                return
            }
        }
        if let old {
            let band = GridBand(inner: .infinity, outer: greatestMargin)
            userGrid.appendUsers(near: old, band, metrics: metrics, to: &scratch.users)
        }
        if let new { userGrid.appendUsers(near: new, GridBand(inner: .infinity, outer: 0), metrics: metrics, to: &scratch.users) }
    }

    /// Metres up to which a step is taken for a small one: about the least radius.
    private static var shortStep: Double { 200 }

    private mutating func evaluate(
        _ slot: UInt32, _ subject: UInt32, from old: Coordinate?, to new: Coordinate?, cause: Cause, time: Int64
    ) {
        let user = users[slot]
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == subject }
        // Most whom a step may concern only see the subject move on their side of the edge.
        if place == nil, let old, let new {
            let isNear = halo.disc.isNear(latitude: new.latitude, longitude: new.longitude)
            if isNear == halo.disc.isNear(latitude: old.latitude, longitude: old.longitude) {
                keepSlack(slot, new)
                return
            }
        }
        var state: PairState
        if let place {
            state = user.pointee.exceptions.elements[place].state
        } else {
            state = old.map { halo.measure(latitude: $0.latitude, longitude: $0.longitude).isNear } ?? false ? .inside : .outside
        }
        var isException = false
        if let new {
            keepSlack(slot, new)
            let measure = halo.measure(latitude: new.latitude, longitude: new.longitude)
            observe(subject, of: slot, &state, measure, mayEnter: halo.mayEnter, cause: cause, time: time)
            isException = (state == .inside) != measure.isNear
        } else {
            if state == .inside { note(isEnter: false, subject, of: slot, cause: cause, time: time) }
            if let wait = wait(of: slot, for: subject), wait.kind != .cooldown { endWait(of: slot, for: subject) }
        }
        setException(slot, subject, at: place, to: isException ? state : nil)
    }

    /// Asks a pair anew, because a cooldown that kept it outside is over.
    mutating func reask(_ slot: UInt32, _ subject: UInt32, cause: Cause, time: Int64) {
        let user = users[slot]
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let position = subjects[subject].pointee.position
        let measure = halo.measure(latitude: position.latitude, longitude: position.longitude)
        var state = PairState.outside
        observe(subject, of: slot, &state, measure, mayEnter: halo.mayEnter, cause: cause, time: time)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == subject }
        setException(slot, subject, at: place, to: (state == .inside) != measure.isNear ? state : nil)
    }

    /// Keeps a user's list of exceptions for one subject.
    ///
    /// - Parameters:
    ///   - place: where the subject stands in the list.
    ///   - state: `nil` if the pair is no exception.
    private mutating func setException(_ slot: UInt32, _ subject: UInt32, at place: Int?, to state: PairState?) {
        guard state != nil || place != nil else { return }
        let user = users[slot]
        if let place { user.pointee.exceptions.swapRemove(at: place) }
        if let state { user.pointee.exceptions.append(Exception(subject: subject, state: state)) }
        user.pointee.isNearOutside = user.pointee.exceptions.elements.contains { $0.state == .outside }
        touch(slot)
    }

    /// Sees to it that the user's slack is right with a subject at a new place.
    ///
    /// It stays as it is if the subject is farther from the edge around the anchor; it shrinks if the subject is at least farther than the user has
    /// gone from the anchor, since near(anchor) = near(present place) then; and else the user gets a new anchor.
    private mutating func keepSlack(_ slot: UInt32, _ place: Coordinate) {
        let user = users[slot]
        guard user.pointee.slack > 0 else { return }
        let disc = Disc(user.pointee.anchor, radius: user.pointee.radius, margin: Double(user.pointee.slack), metrics: metrics)
        let doubt = disc.viewpoint.doubt
        let distance = disc.squaredDistance(latitude: place.latitude, longitude: place.longitude).squareRoot()
        // Beyond its range the metric says no more than that a place is far.
        if distance > disc.viewpoint.range + doubt { return }
        let gap = abs(distance - disc.radius) - doubt - 0.02
        if gap >= Double(user.pointee.slack) { return }
        let gone = disc.squaredDistance(latitude: user.pointee.latitude, longitude: user.pointee.longitude).squareRoot() + doubt
        if gap > gone + 0.02 { user.pointee.slack = Float(gap).nextDown } else { reanchor(slot) }
    }

    /// Makes the user's present place the anchor, because a subject has come or moved that the slack knows nothing of.
    ///
    /// It may, since near(anchor) = near(present place) for every other subject.
    private mutating func reanchor(_ slot: UInt32) {
        let user = users[slot]
        let origin = user.pointee.anchor
        user.pointee.slack = 0
        user.pointee.anchorLatitude = user.pointee.latitude
        user.pointee.anchorLongitude = user.pointee.longitude
        moveCell(slot, from: origin, oldRadius: user.pointee.radius, to: user.pointee.position, radius: user.pointee.radius)
    }

    // MARK: - The table of subjects

    func findSubject(_ id: UnsafePointer<UInt8>, count: Int, hash: UInt64) -> UInt32? {
        let words = ShortID.words(id, count: count)
        return subjectIndex.find(hash) { subjects[$0].pointee.id.equals(id, count: count, words: words) }
    }

    func findSubject(_ id: [UInt8]) -> UInt32? {
        id.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            return findSubject(base, count: buffer.count, hash: hasher.hash(base, count: buffer.count))
        }
    }

    private mutating func addSubject(_ placement: SubjectPlacement, now: ClockReading) -> UInt32 {
        let slot = freeSubjects.popLast() ?? subjects.append()
        fill(slot, placement, kind: placement.kind.map { intern($0) } ?? SubjectRecord.noKind)
        subjectIndex.insert(hasher.hash(placement.id), slot: slot)
        subjectCount += 1
        setValidity(slot, Validity(placement), wall: now.wall)
        if !signOffs.isEmpty, let last = signOffs[subjectHash(placement.id)] {
            subjects[slot].pointee.time = last.time
            touchSubject(slot)
        }
        // Journals may still tell of the motion of whoever had the slot before.
        if hasSubjectStates { touchSubject(slot) }
        return slot
    }

    func fill(_ slot: UInt32, _ placement: SubjectPlacement, kind: UInt32) {
        let position = placement.position
        // These tell of lists in which the slot stands, whoever has it.
        let flags = subjects[slot].pointee.flags.intersection([.touched, .watched])
        subjects[slot].pointee = SubjectRecord(
            latitude: position.latitude, longitude: position.longitude, putLatitude: position.latitude, putLongitude: position.longitude,
            kind: kind,
            id: placement.id.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { preconditionFailure("an id is not empty") }
                return ShortID(base, count: buffer.count)
            }, flags: flags)
    }

    mutating func intern(_ kind: [UInt8]) -> UInt32 {
        if let known = kindIndex[kind] { return known }
        let index = UInt32(kinds.count)
        kinds.append(kind)
        kindIndex[kind] = index
        return index
    }

    /// The name under which the last `ts` of a removed subject is remembered. No id of a user begins with a control character.
    func subjectHash(_ id: [UInt8]) -> UInt64 {
        ([0] + id).withUnsafeBytes { signOffKey.hash($0) }
    }

    /// Notes that the next journal must hold this subject's state.
    mutating func touchSubject(_ slot: UInt32) {
        guard !subjects[slot].pointee.isTouched else { return }
        subjects[slot].pointee.isTouched = true
        touchedSubjects.append(slot)
        hasSubjectStates = true
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
