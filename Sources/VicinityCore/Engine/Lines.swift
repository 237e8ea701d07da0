// What becomes of one well-formed line of a user, in the contract's order: stale, radius too soon, inaccurate, implausible, accepted.
//
// Most lines are plain: of a user with a position and nothing pending, a step that any walker could have made. They are told apart by a
// few comparisons in the record itself; all others take the careful way, on which whatever became due before the line happens first.

extension Engine {
    @inline(__always)
    mutating func applyUser(_ fix: Fix, plan: Int, id: UnsafePointer<UInt8>, now: ClockReading, into changes: inout Changes) {
        guard let slot = user(of: fix, planned: plan, id: id) else {
            applyNewUser(fix, id: id, now: now, into: &changes)
            return
        }
        catchUp(slot)
        let user = users[slot]
        let accuracy = fix.accuracy > 0 ? fix.accuracy : rules.assumedAccuracy
        let elapsed = fix.time &- user.pointee.time
        guard user.pointee.isPlain, elapsed > 0, elapsed < rules.expirySpan, accuracy <= rules.maxAccuracy,
            fix.radius == 0 || (fix.radius == user.pointee.radius && user.pointee.hasOwnRadius),
            isPlainlyPlausible(user, fix, accuracy, elapsed)
        else {
            applyWithCare(slot, fix, now: now, into: &changes)
            return
        }
        changes.tally.accepted += 1
        user.pointee.heardAt = now.steady
        toSteady = now.steady &- fix.time
        let radius = user.pointee.hasOwnRadius ? user.pointee.radius : rules.radius
        let position = Coordinate(latitude: fix.latitude, longitude: fix.longitude)
        move(slot, to: position, radius: radius, accuracy: accuracy, time: fix.time, plan: plan, into: &changes)
    }

    /// A user of whom no record is kept, but perhaps a sign-off.
    private mutating func applyNewUser(_ fix: Fix, id: UnsafePointer<UInt8>, now: ClockReading, into changes: inout Changes) {
        let hash = signOffs.isEmpty ? nil : signOffHash(id, count: Int(fix.idLength))
        let signOff = hash.flatMap { signOffs[$0] }
        let last = signOff?.time ?? -1
        let time = fix.time == Fix.absentTime ? max(now.wall, last + 1) : fix.time
        guard time > last else {
            changes.tally.stale += 1
            return
        }
        let outliving = OutlivingLimits(signOff?.limits ?? [])
        let limit = signOff.flatMap { time - $0.time < rules.radiusInterval ? outliving.radius : nil }
        let radius = limit.map { $0.isOwn ? $0.radius : rules.radius } ?? (fix.radius > 0 ? fix.radius : rules.radius)
        if fix.radius > 0, fix.radius != radius {
            refuse(fix, .radiusTooSoon, "radius is \(fix.radius), may only be \(radius) so soon after signing off", into: &changes)
            return
        }
        let accuracy = fix.accuracy > 0 ? fix.accuracy : rules.assumedAccuracy
        guard accuracy <= rules.maxAccuracy else {
            changes.tally.inaccurate += 1
            return
        }
        changes.tally.accepted += 1
        toSteady = now.steady &- time
        let slot = addUser(id, count: Int(fix.idLength), hash: fix.hash)
        if let signOff { takeBack(signOff, outliving.limits, for: slot, into: &changes) }
        users[slot].pointee.hasOwnRadius = fix.radius > 0 || limit?.isOwn == true
        if let change = limit?.lastChange, time - change < rules.radiusInterval { withNotes(slot) { $0.radiusChange = change } }
        users[slot].pointee.heardAt = now.steady
        let position = Coordinate(latitude: fix.latitude, longitude: fix.longitude)
        place(slot, at: position, radius: radius, accuracy: accuracy, time: time, into: &changes)
        watch(slot)
    }

    /// Lets a user have again what was kept of a sign-off, which is of no more use.
    private mutating func takeBack(_ signOff: SignOff, _ limits: UserLimits, for slot: UInt32, into changes: inout Changes) {
        if !limits.isEmpty { change(slot, .returned(limits)) }
        signOffs[signOff.hash] = nil
        changes.signOffs.append(SignOff(hash: signOff.hash, time: -1, until: 0))
    }

    /// A line of a known user that is not plain.
    private mutating func applyWithCare(_ slot: UInt32, _ fix: Fix, now: ClockReading, into changes: inout Changes) {
        let user = users[slot]
        let held = notes(of: slot)?.held
        let last = held?.time ?? user.pointee.time
        let time = fix.time == Fix.absentTime ? max(now.wall, last + 1) : fix.time
        guard time > last else {
            changes.tally.stale += 1
            refusals.note(.stale, of: slot, at: time)
            return
        }
        if let wait = radiusWait(slot, fix.radius, at: time) {
            refusals.note(.radiusTooSoon, of: slot, at: time)
            refuse(fix, .radiusTooSoon, "radius is \(fix.radius), may change again in \(wait) ms", into: &changes)
            return
        }
        toSteady = now.steady &- time
        let accuracy = fix.accuracy > 0 ? fix.accuracy : rules.assumedAccuracy
        let line = HeldFix(
            position: Coordinate(latitude: fix.latitude, longitude: fix.longitude), accuracy: accuracy, radius: fix.radius, time: time)
        let isSilent = user.pointee.isSilent || time - heard(slot) >= rules.expirySpan
        if accuracy > rules.maxAccuracy {
            unfold(slot, upTo: time, now: now, into: &changes)
            changes.tally.inaccurate += 1
            refusals.note(.inaccurate, of: slot, at: time)
            if !isSilent { hear(slot, at: time, now: now) }
        } else if isSilent || isPlausible(line, from: user.pointee.position, user.pointee.accuracy, user.pointee.time) {
            // Silence drops a held fix by itself.
            if !isSilent { dropHeld(slot, &changes.tally) }
            unfold(slot, upTo: time, now: now, into: &changes)
            accept(slot, line, now: now, into: &changes)
        } else if let held, isPlausible(line, from: held.position, held.accuracy, held.time) {
            unfold(slot, upTo: held.time, now: now, into: &changes)
            withNotes(slot) { $0.held = nil }
            accept(slot, held, now: now, into: &changes)
            unfold(slot, upTo: time, now: now, into: &changes)
            accept(slot, line, now: now, into: &changes)
        } else {
            unfold(slot, upTo: time, now: now, into: &changes)
            dropHeld(slot, &changes.tally)
            withNotes(slot) { $0.held = line }
            refusals.note(.held, of: slot, at: time)
            hear(slot, at: time, now: now)
        }
    }

    /// Moves the halo to a fix that is believed, or places it anew.
    private mutating func accept(_ slot: UInt32, _ fix: HeldFix, now: ClockReading, into changes: inout Changes) {
        changes.tally.accepted += 1
        let user = users[slot]
        if fix.radius > 0 {
            if user.pointee.hasOwnRadius, fix.radius != user.pointee.radius { withNotes(slot) { $0.radiusChange = fix.time } }
            user.pointee.hasOwnRadius = true
        }
        let radius = fix.radius > 0 ? fix.radius : user.pointee.hasOwnRadius ? user.pointee.radius : rules.radius
        if user.pointee.isSilent {
            user.pointee.isSilent = false
            user.pointee.heardAt = now.steady
            userCount += 1
            place(slot, at: fix.position, radius: radius, accuracy: fix.accuracy, time: fix.time, into: &changes)
            watch(slot)
        } else {
            if fix.time > heard(slot) { user.pointee.heardAt = now.steady }
            move(slot, to: fix.position, radius: radius, accuracy: fix.accuracy, time: fix.time, into: &changes)
        }
        guard user.pointee.hasNotes else { return }
        let interval = rules.radiusInterval
        withNotes(slot) { notes in
            if let heard = notes.heard, heard <= fix.time { notes.heard = nil }
            // Too old to matter to any line from now on.
            if let change = notes.radiusChange, fix.time - change >= interval { notes.radiusChange = nil }
        }
    }

    /// - Parameter isForgotten: whether it is no line, but the wish of an operator; what is due before `ts` then comes to nothing.
    mutating func applyGone(
        _ fix: Fix, id: UnsafePointer<UInt8>, now: ClockReading, into changes: inout Changes, isForgotten: Bool = false
    ) {
        let known = findUser(id, count: Int(fix.idLength), hash: fix.hash)
        if let known { catchUp(known) }
        let hash = signOffHash(id, count: Int(fix.idLength))
        let last = known.map { notes(of: $0)?.held?.time ?? users[$0].pointee.time } ?? signOffs[hash]?.time ?? -1
        let time = fix.time == Fix.absentTime ? max(now.wall, last + 1) : fix.time
        guard time >= last else {
            changes.tally.stale += 1
            return
        }
        changes.tally.accepted += 1
        toSteady = now.steady &- time
        var outliving = OutlivingLimits(signOffs[hash]?.limits ?? [])
        if let known {
            if !isForgotten { unfold(known, upTo: time, now: now, into: &changes) }
            dropHeld(known, &changes.tally)
            let user = users[known]
            let change = notes(of: known)?.radiusChange
            outliving.radius = RadiusLimit(radius: user.pointee.radius, isOwn: user.pointee.hasOwnRadius, lastChange: change)
            outliving.limits = outlivingLimits(known, after: time)
        }
        // They are positions.
        if isForgotten { outliving.limits.places = [:] }
        outliving.limits.forget(upTo: time)
        outliving.toClock = now.wall - time
        let until = max(now.wall + max(Self.signOffSpan, rules.radiusInterval), end(of: outliving))
        remember(SignOff(hash: hash, time: time, until: until, limits: outliving.bytes), into: &changes)
        guard let known else { return }
        for pair in users[known].pointee.pairs.elements { note(isEnter: false, pair.subject, of: known, cause: .gone, time: time) }
        emit(into: &changes)
        depart(known, hash: fix.hash)
    }

    // MARK: - Plausibility

    /// Whether a step is so short that no exact distance is needed to believe it.
    ///
    /// A unit of latitude is at most 0.01117 m on WGS 84 (at the poles), one of longitude 0.01114 m (at the equator), and a path along
    /// the meridian and then the parallel is no shorter than the geodesic.
    @inline(__always)
    private func isPlainlyPlausible(_ user: UnsafeMutablePointer<UserRecord>, _ fix: Fix, _ accuracy: Double, _ elapsed: Int64) -> Bool {
        if rules.maxSpeed == 0 { return true }
        let units =
            abs(Int64(fix.latitude) - Int64(user.pointee.latitude))
            + Int64(abs(Coordinate.longitudeDifference(from: user.pointee.longitude, to: fix.longitude)))
        let reach = rules.maxSpeed * max(Double(elapsed) / 1000, 1) + user.pointee.accuracy + accuracy
        return Double(units) * 0.0112 < reach
    }

    /// The contract's formula: max(0, D − a₁ − a₂) / max(Δt, 1 s) ≤ `fixes.max_speed`.
    ///
    /// - Complexity: about a microsecond.
    func isPlausible(_ fix: HeldFix, from position: Coordinate, _ accuracy: Double, _ time: Int64) -> Bool {
        if rules.maxSpeed == 0 { return true }
        let distance = Geodesic.distance(from: position, to: fix.position)
        return max(0, distance - accuracy - fix.accuracy) / max(Double(fix.time - time) / 1000, 1) <= rules.maxSpeed
    }

    /// Forgets a held fix that nothing has confirmed.
    mutating func dropHeld(_ slot: UInt32, _ tally: inout Tally) {
        guard notes(of: slot)?.held != nil else { return }
        withNotes(slot) { $0.held = nil }
        tally.implausible += 1
    }

    // MARK: - The radius

    /// How long a user must wait before the radius may be this one, in milliseconds; `nil` if it may.
    private func radiusWait(_ slot: UInt32, _ radius: Double, at time: Int64) -> Int64? {
        let user = users[slot]
        guard radius > 0, user.pointee.hasOwnRadius, radius != user.pointee.radius, let change = notes(of: slot)?.radiusChange,
            time - change < rules.radiusInterval
        else { return nil }
        return rules.radiusInterval - (time - change)
    }

    // MARK: - Notes

    func notes(of slot: UInt32) -> UserNotes? { users[slot].pointee.hasNotes ? userNotes[slot] : nil }

    /// Changes what is kept of a user besides the record.
    mutating func withNotes(_ slot: UInt32, _ change: (inout UserNotes) -> Void) {
        change(&userNotes[slot, default: UserNotes()])
        let isEmpty = userNotes[slot]?.isEmpty ?? true
        if isEmpty { userNotes[slot] = nil }
        users[slot].pointee.hasNotes = !isEmpty
        touch(slot)
    }

    /// The `ts` at which a user with a position was last heard of.
    @inline(__always)
    func heard(_ slot: UInt32) -> Int64 { notes(of: slot)?.heard ?? users[slot].pointee.time }

    /// Notes that a user was heard of by a line that moves nothing.
    private mutating func hear(_ slot: UInt32, at time: Int64, now: ClockReading) {
        guard time > heard(slot) else { return }
        users[slot].pointee.heardAt = now.steady
        withNotes(slot) { $0.heard = time }
    }
}
