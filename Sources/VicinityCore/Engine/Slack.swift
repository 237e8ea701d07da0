// How far a user may go before a pair can change, and what takes from that while the user stays: subjects that come and move, and whatever else must be
// judged at the present place. `Evaluation.swift` works the slack out with each evaluation, and says what it means.

extension Engine {
    /// Sees to it that the user's slack is right with a subject at a new place, if that can be without a look at anything else.
    ///
    /// It stays as it is if the subject is far enough from where its pair would change; it shrinks if the subject is at least farther than the user
    /// has gone from the anchor.
    ///
    /// - Parameter isNear: whether the subject is near at the anchor.
    /// - Returns: `false` if its pair may be another one at the present place than at the anchor.
    mutating func keepsSlack(_ slot: UInt32, _ place: Coordinate, isNear: Bool) -> Bool {
        let user = users[slot]
        let slack = Double(user.pointee.slack)
        if slack == 0 { return user.pointee.anchor == user.pointee.position }
        let disc = Disc(user.pointee.anchor, radius: user.pointee.radius, margin: slack, metrics: metrics)
        let doubt = disc.viewpoint.doubt
        let distance = disc.squaredDistance(latitude: place.latitude, longitude: place.longitude).squareRoot()
        // Beyond its range the metric says no more than that a place is far.
        if distance > disc.viewpoint.range + doubt { return true }
        let gap = (isNear ? disc.radius + rules.leaveMargin - distance : distance - disc.radius) - doubt - 0.02
        if gap >= slack { return true }
        let gone = disc.squaredDistance(latitude: user.pointee.latitude, longitude: user.pointee.longitude).squareRoot() + doubt
        guard gap > gone + 0.02 else { return false }
        setSlack(slot, to: Float(gap).nextDown)
        return true
    }

    /// Makes the user's present place the anchor, because something is to be judged from there that the slack knows nothing of.
    ///
    /// No pair changes by that; but who was near at the anchor may be in the margin by now, and be an exception, or the other way round.
    ///
    /// - Parameter isOther: tells the subjects that are judged by themselves.
    /// - Complexity: O(open pairs of the user), unless the present place is the anchor.
    mutating func reanchor(_ slot: UInt32, besides isOther: (UInt32) -> Bool) {
        let user = users[slot]
        let origin = user.pointee.anchor
        guard origin != user.pointee.position else { return }
        user.pointee.anchorLatitude = user.pointee.latitude
        user.pointee.anchorLongitude = user.pointee.longitude
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        for pair in user.pointee.pairs.elements where !isOther(pair.subject) {
            let subject = subjects[pair.subject]
            let isNear = halo.disc.isNear(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude)
            let place = user.pointee.exceptions.elements.firstIndex { $0.subject == pair.subject }
            if isNear != (place == nil) { setException(slot, pair.subject, at: place, to: isNear ? nil : .inside, halo) }
        }
        user.pointee.slack = 0
        moveCell(slot, from: origin, oldRadius: user.pointee.radius, to: user.pointee.position, radius: user.pointee.radius)
        lowerSlackBound(slot)
        // Whom this step and the next concern was found out by the old anchor.
        if lookaheads.present.slot != nil { lookaheads.present.users.append(slot) }
        if lookaheads.next.slot != nil { lookaheads.next.users.append(slot) }
    }

    @inline(__always)
    func setSlack(_ slot: UInt32, to slack: Float) {
        users[slot].pointee.slack = slack
        lowerSlackBound(slot)
    }

    /// Lets the user's cell know that the slack has become less, so that the next step nearby does not ask for nothing.
    @inline(__always)
    private func lowerSlackBound(_ slot: UInt32) {
        let user = users[slot]
        guard userGrid.isSharp else { return }
        let bound = slackBound(of: user)
        guard bound < user.pointee.slackBound else { return }
        user.pointee.slackBound = bound
        userGrid.updateSlack(user.pointee)
    }

    /// What the user's cell must take for a bound of the slack: without any, a user may still be as far from the anchor as when there was some.
    func slackBound(of user: UnsafeMutablePointer<UserRecord>) -> UInt8 {
        guard user.pointee.slack == 0, user.pointee.anchor != user.pointee.position else { return GridMember.bound(of: user.pointee.slack) }
        let anchor = Viewpoint(user.pointee.anchor, range: Double(UInt8.max), metrics: metrics)
        let gone = anchor.squaredDistance(latitude: user.pointee.latitude, longitude: user.pointee.longitude).squareRoot()
        return GridMember.bound(of: Float(gone) + 1)
    }
}
