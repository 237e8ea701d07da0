// Who follows a moving subject.
//
// At each fix of a user it is seen where the user and the moving subjects that the user is inside with are. Such a place counts as a new one
// if both sides have gone far enough from every place that counts already: so nobody who stands at a stop while buses come
// and go is following, nor two who stand in the same queue, nor somebody who crosses another's way or shares it to the next stop.
// Who is inside at enough places that count is following: the pair leaves, stays outside for a while, and an event says so.

extension Engine {
    /// Looks whether a user whose fix is being taken follows somebody; the record has the fix, and the pairs that it changes are pending.
    ///
    /// - Parameter seq: pairs that entered with this event, or before, are passed over.
    @inline(__always)
    mutating func meetCompanions(_ slot: UInt32, at time: Int64, enteredAfter seq: Int64) {
        guard let guarding = rules.follow, users[slot].pointee.hasCompanions else { return }
        meetCompanions(slot, at: time, enteredAfter: seq, guarding)
    }

    private mutating func meetCompanions(_ slot: UInt32, at time: Int64, enteredAfter seq: Int64, _ guarding: Rules.FollowGuard) {
        scratch.companions.removeAll(keepingCapacity: true)
        var hasCompanions = false
        for pair in users[slot].pointee.pairs.elements where isCompanion(pair.subject) {
            hasCompanions = true
            if pair.encounter > seq { scratch.companions.append(pair.subject) }
        }
        users[slot].pointee.hasCompanions = hasCompanions
        guard !scratch.companions.isEmpty else { return }
        let leaving = Set(scratch.pending.lazy.filter { !$0.isEnter }.map(\.subject))
        for subject in scratch.companions where !leaving.contains(subject) {
            if follows(slot, subject, at: time, guarding) { mute(slot, subject, at: time, guarding) }
        }
    }

    /// Whether a subject is one that a user can follow: its own fixes move it.
    private func isCompanion(_ subject: UInt32) -> Bool {
        subjects[subject].pointee.isUsed && subjects[subject].pointee.isMoving && subjects[subject].pointee.isActive
    }

    /// Notes where a user and a subject are, if it is a new place.
    ///
    /// - Returns: whether it is one place too many.
    private mutating func follows(_ slot: UInt32, _ subject: UInt32, at time: Int64, _ guarding: Rules.FollowGuard) -> Bool {
        let here = FollowPlace(
            user: users[slot].pointee.position, subject: subjects[subject].pointee.position, until: time + guarding.within)
        let hash = limitHash(subject)
        let kept = limits[slot]?.limits.places[hash] ?? []
        var count = 0
        for place in kept where place.until > time {
            guard isApart(place.user, here.user, guarding.apart), isApart(place.subject, here.subject, guarding.apart) else { return false }
            count += 1
        }
        guard count + 1 < guarding.places else { return true }
        if count < kept.count { limits[slot]?.limits.places[hash]?.removeAll { $0.until <= time } }
        change(slot, .met(hash, here))
        return false
    }

    /// Whether two places are so many metres apart or more.
    ///
    /// - Complexity: some 10 ns for most; a microsecond where it is close.
    func isApart(_ one: Coordinate, _ other: Coordinate, _ metres: Double) -> Bool {
        let metric = metrics.metric(at: one.latitude)
        let distance = metric.squaredDistance(
            Double(Int64(other.latitude) - Int64(one.latitude)),
            Double(Coordinate.longitudeDifference(from: one.longitude, to: other.longitude))
        ).squareRoot()
        // A millimetre for the rounding of the sums.
        if distance + metric.errorBound(within: distance) + 0.001 < metres { return false }
        return Geodesic.distance(from: one, to: other) >= metres
    }

    /// Closes the encounter of a user with a subject that the user follows, and keeps the pair outside from now on.
    private mutating func mute(_ slot: UInt32, _ subject: UInt32, at time: Int64, _ guarding: Rules.FollowGuard) {
        change(slot, .muted(limitHash(subject), until: time + guarding.mute))
        note(isEnter: false, subject, of: slot, cause: .muted, time: time)
        if wait(of: slot, for: subject) != nil { endWait(of: slot, for: subject) }
        reanchor(slot) { $0 == subject }
        let user = users[slot]
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let isNear = halo.disc.isNear(latitude: subjects[subject].pointee.latitude, longitude: subjects[subject].pointee.longitude)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == subject }
        setException(slot, subject, at: place, to: isNear ? .outside : nil, halo)
        scratch.following.append(subject)
    }

    /// Numbers what is pending because of a user's fix, as one moment, and then what the follow guard says of those who have just entered.
    mutating func emit(fixOf slot: UInt32, at time: Int64, into changes: inout Changes) {
        let before = head
        meetCompanions(slot, at: time, enteredAfter: -1)
        if !scratch.pending.isEmpty { emit(into: &changes) }
        // A pair that has entered by this very fix, and at one place too many, leaves again.
        if head > before { meetCompanions(slot, at: time, enteredAfter: before) }
        if !scratch.pending.isEmpty { emit(into: &changes) }
        if !scratch.following.isEmpty { tellOfFollowing(slot, at: time, into: &changes) }
    }

    private mutating func tellOfFollowing(_ slot: UInt32, at time: Int64, into changes: inout Changes) {
        for subject in scratch.following.sorted(by: { record(named: $0).pointee.id.precedes(record(named: $1).pointee.id) }) {
            head += 1
            changes.transitions.append(Transition(seq: head, time: time, user: slot, subject: subject, change: .following))
        }
        scratch.following.removeAll(keepingCapacity: true)
    }
}
