// Section 3 of the contract: what becomes of one well-formed line. Steps 3 and 4, which are the same for users and moving
// subjects, are in Model+Verdict.swift.

import VicinityCore

extension Model {
    /// Takes one line through the errors and the steps of section 3, in their order.
    mutating func take(_ line: Line, number: UInt32) {
        if let code = fault(of: line) {
            refuse(number, code)
            return
        }
        switch line.kind {
        case .user: takeUser(line, number: number)
        case .subject: takeSubject(line)
        case .gone: takeSignOff(line)
        }
    }

    private mutating func refuse(_ number: UInt32, _ code: LineErrorCode) {
        errors.append(LineFault(line: number, code: code))
        tally.invalid += 1
    }

    /// The first error that applies to a line that is well formed in itself: that its values are in range, radius
    /// included, was seen to where it was decoded.
    private func fault(of line: Line) -> LineErrorCode? {
        if line.kind == .subject, subjects[line.id] == nil { return .unknownSubject }
        if let time = line.time, time > clock.wall + rules.maxFuture { return .futureFix }
        return nil
    }

    /// A line without `ts` is dated max(now, last + 1 ms).
    private func date(_ line: Line, after last: Int64?) -> Int64 {
        line.time ?? max(clock.wall, (last ?? -1) + 1)
    }

    /// The fix that a line brings. Absent or 0 is unknown, and taken as the assumed accuracy.
    private func fix(of line: Line, at time: Int64) -> TakenFix {
        let isKnown = (line.accuracy ?? 0) > 0
        let accuracy = isKnown ? line.accuracy ?? 0 : rules.assumedAccuracy
        return TakenFix(position: line.position, accuracy: accuracy, time: time, radius: line.radius)
    }

    func origin(of time: Int64) -> Origin { Origin(reference: time, steady: clock.steady) }
}

// MARK: - Users

extension Model {
    /// The last `ts` known of a user: of the last accepted or held fix, or of a sign-off that is not yet forgotten.
    private func lastTime(ofUser id: [UInt8]) -> Int64? { users[id]?.lastTime ?? signOff(of: id)?.time }

    private func signOff(of id: [UInt8]) -> SignOff? {
        guard let signOff = signOffs[id], clock.wall < signOff.until else { return nil }
        return signOff
    }

    private mutating func takeUser(_ line: Line, number: UInt32) {
        let last = lastTime(ofUser: line.id)
        let time = date(line, after: last)
        if let last, time <= last {  // 1. stale
            tally.stale += 1
            return
        }
        let fix = fix(of: line, at: time)
        if isRadiusTooSoon(fix, of: line.id) {  // 2.
            refuse(number, .radiusTooSoon)
            return
        }
        judge(fix, of: .user(line.id))
    }

    /// Whether a fix brings a radius that the user may not have yet.
    private func isRadiusTooSoon(_ fix: TakenFix, of id: [UInt8]) -> Bool {
        guard let radius = fix.radius else { return false }
        if let user = users[id] {
            guard let own = user.ownRadius, own != radius, let last = user.lastRadiusChange else { return false }
            return fix.time - last < rules.radiusInterval
        }
        guard let signOff = signOff(of: id), isRadiusBound(fix, by: signOff) else { return false }
        return radius != signOff.ownRadius ?? rules.radius
    }

    /// Whether who returns with this fix has the radius of then.
    private func isRadiusBound(_ fix: TakenFix, by signOff: SignOff) -> Bool {
        signOff.wasKnown && fix.time - signOff.time < rules.radiusInterval
    }

    /// Step 5.
    mutating func accept(_ fix: TakenFix, ofUser id: [UInt8], _ origin: Origin) {
        tally.accepted += 1
        situations += 1
        let before = users[id]
        var user = before ?? newcomer(id, fix)
        if let radius = fix.radius {
            if let own = user.ownRadius, own != radius { user.lastRadiusChange = fix.time }
            user.ownRadius = radius
        }
        if let change = user.lastRadiusChange, fix.time - change >= rules.radiusInterval { user.lastRadiusChange = nil }
        user.radius = user.ownRadius ?? rules.radius
        user.lastTime = max(user.lastTime, fix.time)
        var track = before?.track ?? Track(accepted: fix, lastHeard: fix.time, heardAt: clock.steady)
        track.accepted = fix
        track.hear(fix.time, at: clock.steady)
        user.track = track
        users[id] = user
        signOffs[id] = nil
        var moment = Moment(time: fix.time, origin: origin)
        evaluateAllSubjects(against: user, because: before.map { cause(from: $0, to: user) } ?? .user, in: &moment)
        close(moment, of: id, at: fix)
    }

    /// Closes the moment of a user's fix, with what the follow guard says to it.
    private mutating func close(_ moment: Moment, of id: [UInt8], at fix: TakenFix) {
        var moment = moment
        let before = Int64(events.count)
        let companions = companions(of: id, leaving: moment, enteredAfter: 0)
        var followed = meet(companions, id, at: fix, leaving: &moment)
        close(moment)
        // Those who have entered by this very fix leave again.
        var next = Moment(time: moment.time, origin: moment.origin)
        let newOnes = self.companions(of: id, leaving: next, enteredAfter: before)
        followed += meet(newOnes, id, at: fix, leaving: &next)
        close(next)
        for subject in followed.sorted(by: { Self.precedes(($0.id, id), ($1.id, id)) }) { append(.following, fix.time, id, subject) }
    }

    /// Somebody of whom there is nothing but, maybe, a sign-off.
    private func newcomer(_ id: [UInt8], _ fix: TakenFix) -> User {
        var user = User(id: id, lastTime: fix.time, radius: 0)
        if let signOff = signOff(of: id) {
            user.lastRadiusChange = signOff.lastRadiusChange
            user.limits = signOff.limits
            if isRadiusBound(fix, by: signOff) { user.ownRadius = signOff.ownRadius }
        }
        return user
    }

    /// `radius` if only the user's radius changed, else `user`.
    private func cause(from before: User, to after: User) -> Cause {
        guard let then = before.track?.accepted, let now = after.track?.accepted else { return .user }
        let isUnmoved = then.position == now.position && then.accuracy == now.accuracy
        return isUnmoved && before.radius != after.radius ? .radius : .user
    }

    private mutating func takeSignOff(_ line: Line) {
        let last = lastTime(ofUser: line.id)
        let time = date(line, after: last)
        if let last, time < last {
            tally.stale += 1
            return
        }
        show(ofUser: line.id, upTo: time, origin(of: time))
        tally.accepted += 1
        signOff(line.id, at: time)
    }

    /// An operator's wish is dated by the clock; what waits in the time of the user's fixes comes to nothing.
    mutating func forget(_ id: [UInt8]) { signOff(id, at: max(clock.wall, lastTime(ofUser: id) ?? 0)) }

    private mutating func signOff(_ id: [UInt8], at time: Int64) {
        dropHeldFix(of: .user(id))
        var moment = Moment(time: time, origin: origin(of: time))
        if let user = users[id] {
            if user.track != nil { situations += 1 }
            for subject in subjects.values where user.encounters[subject.serial] != nil {
                moment.leave(id, subject, because: .gone)
            }
        }
        close(moment)
        let before = users.removeValue(forKey: id)
        let earlier = before == nil ? signOff(of: id) : nil
        let limits = (before?.limits ?? earlier?.limits ?? Limits()).after(time)
        let toClock = clock.wall - time
        signOffs[id] = SignOff(
            time: time,
            until: max(clock.wall + max(Self.shortestMemory, rules.radiusInterval), Self.end(of: limits, toClock)),
            wasKnown: before != nil || earlier?.wasKnown == true, ownRadius: before.map(\.ownRadius) ?? earlier?.ownRadius,
            lastRadiusChange: before.map(\.lastRadiusChange) ?? earlier?.lastRadiusChange, limits: limits, toClock: toClock)
    }
}

// MARK: - Moving subjects

extension Model {
    private mutating func takeSubject(_ line: Line) {
        let last = subjectTimes[line.id]?.time
        let time = date(line, after: last)
        if let last, time <= last {
            tally.stale += 1
            return
        }
        guard let subject = subjects[line.id] else { return }
        // Where it really is nobody is told, and nothing depends on.
        var known = line
        known.position = center(of: line.position, id: line.id, precision: subject.precision)
        judge(fix(of: known, at: time), of: .subject(line.id))
    }

    /// Fixes move a subject that is not active, too, but no pair of it.
    mutating func accept(_ fix: TakenFix, ofSubject id: [UInt8], _ origin: Origin) {
        guard var subject = subjects[id] else { return }
        tally.accepted += 1
        situations += 1
        var track = subject.track ?? Track(accepted: fix, lastHeard: fix.time, heardAt: clock.steady)
        track.accepted = fix
        track.hear(fix.time, at: clock.steady)
        subject.track = track
        subject.position = fix.position
        subject.isSilent = false
        subjects[id] = subject
        subjectTimes[id] = SubjectTime(time: max(fix.time, subjectTimes[id]?.time ?? fix.time))
        var moment = Moment(time: fix.time, origin: origin)
        if subject.isActive { evaluateAllUsers(against: subject, because: .subject, in: &moment) }
        close(moment)
    }
}
