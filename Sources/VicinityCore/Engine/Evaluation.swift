// A halo moves from A to B.
//
// A is the user's *anchor*: the place of the last evaluation. Which pairs can change? Those listed as exceptions, and those for
// which near(A) ≠ near(B). By the triangle inequality the latter lie, seen from B, between min(rA − δ, rB) and max(rA + δ, rB), where δ is
// the step and rA, rB the two radii: a ring as wide as the step. Each row of the grid is cut by the ring in one or two runs of places;
// the runs are tested against both edges, and only what lies between them is asked.
//
// The same scan yields the *slack*: where the user may go from B before a pair can change, as far as the scan looked. Who is outside must come
// near for that, who is near must go beyond the margin; who is an exception is mostly inside in the margin, and must go beyond it too.
// While the user stays there (`SlackRegion.swift`) nobody is asked: inside is still who was near at the anchor, or is an exception.
// A subject that is put or moves nearby takes from the slack, or makes the user's present place the anchor (`Slack.swift`).
//
// Where the step is large against the halo (and at the first fix) the ring is no smaller than the disc; then the disc around B is
// scanned for what may enter, and the open pairs are asked whether they leave.

/// A subject found by a scan, for which near(A) and near(B) differ.
struct Candidate {
    var subject: UInt32
    var isNear: Bool
    /// In the metric of B, in square metres.
    var squared: Double
}

/// Lists that every evaluation uses anew, kept for their storage.
struct Scratch {
    var candidates: [Candidate] = []
    var exceptions: [Exception] = []
    /// Whether nothing but a distance can change any of ``exceptions``.
    var isCovering = true
    /// Of the user who is being evaluated.
    var bounds = SlackBounds()
    var pending: [Pending] = []
    var users: [UInt32] = []
    /// Subjects of one user that a swap has changed.
    var changed: [UInt32] = []
    /// Moving subjects that the user whose fix is being taken is inside with, and those that the user follows.
    var companions: [UInt32] = []
    var following: [UInt32] = []
    var search = GridSearch()
    /// What happened before the moment that is being gathered, and is not yet handed out: a fix that was held may have been dropped.
    var early = Changes()
}

extension Engine {
    /// The first fix of a user.
    mutating func place(
        _ slot: UInt32, at position: Coordinate, radius: Double, accuracy: Double, time: Int64, into changes: inout Changes
    ) {
        let halo = Halo(center: position, radius: radius, accuracy: accuracy, rules: rules, metrics: metrics)
        scanDisc(halo.disc)
        settle(slot, halo, cause: .user, time: time)
        anchor(slot, at: position, SlackRegion())
        store(slot, position: position, radius: radius, accuracy: accuracy, time: time)
        touch(slot)
        enterCell(slot)
        emit(fixOf: slot, at: time, into: &changes)
    }

    /// A further fix of a user.
    ///
    /// - Parameter plan: the fix's place in the group that was planned; `nil` if it has none.
    @inline(__always)
    mutating func move(
        _ slot: UInt32, to position: Coordinate, radius: Double, accuracy: Double, time: Int64, plan: Int? = nil,
        into changes: inout Changes
    ) {
        let user = users[slot]
        stepping = slot
        let scanned = plan.flatMap { self.plan($0, of: slot, to: position, radius: radius) }
        // Who was not in the slack when the group was planned is not asked again: it has not become wider.
        if scanned == nil, radius == user.pointee.radius, isPlannedToStay(plan, user, position) || staysInSlack(user, position) {
            store(slot, position: position, radius: radius, accuracy: accuracy, time: time)
        } else {
            evaluate(slot, at: position, radius: radius, accuracy: accuracy, time: time, scanned)
        }
        if !scratch.pending.isEmpty || user.pointee.hasCompanions { emit(fixOf: slot, at: time, into: &changes) }
        stepping = Plan.nobody
        noteStep(slot)
    }

    /// Whether no pair can have changed since the anchor.
    @inline(__always)
    func staysInSlack(_ user: UnsafeMutablePointer<UserRecord>, _ position: Coordinate) -> Bool {
        guard user.pointee.slack > 0, isSlackOfAll(user) else { return false }
        let step = metrics.metric(at: user.pointee.anchorLatitude).offset(
            Double(Int64(position.latitude) - Int64(user.pointee.anchorLatitude)),
            Double(Coordinate.longitudeDifference(from: user.pointee.anchorLongitude, to: position.longitude)))
        return user.pointee.region.holds(east: step.east, north: step.north, compass)
    }

    /// Whether the slack holds for all of a user's pairs.
    @inline(__always)
    func isSlackOfAll(_ user: UnsafeMutablePointer<UserRecord>) -> Bool {
        (user.pointee.isCovered || user.pointee.exceptions.isEmpty) && shortcuts.contains(.slack)
    }

    private mutating func evaluate(
        _ slot: UInt32, at position: Coordinate, radius: Double, accuracy: Double, time: Int64, _ plan: UnsafePointer<Plan>?
    ) {
        let user = users[slot]
        let origin = user.pointee.anchor
        let oldRadius = user.pointee.radius
        scratch.bounds = SlackBounds()
        if let plan {
            slackWidth.learn(plan.pointee)
            if plan.pointee.foundCount == 0, user.pointee.exceptions.isEmpty {
                user.pointee.isCovered = shortcuts.contains(.cover)
                bound(by: plan, user)
                anchor(slot, at: position, region(plan.pointee.width, radius: radius, plan.pointee.metric, doubt: plan.pointee.doubt))
                store(slot, position: position, radius: radius, accuracy: accuracy, time: time)
                moveCell(slot, from: origin, oldRadius: oldRadius, to: position, radius: radius)
                return
            }
        }
        let onlyRadius = radius != oldRadius && position == user.pointee.position && accuracy == user.pointee.accuracy
        let metric = plan?.pointee.metric ?? metrics.metric(at: position.latitude)
        let halo = Halo(center: position, radius: radius, accuracy: accuracy, rules: rules, metric: metric)
        var limit = 0.0
        if let plan {
            limit = plan.pointee.width
            if plan.pointee.foundCount > 0 {
                collect(plan, halo.disc, Disc(origin, radius: oldRadius, margin: 0, metric: plan.pointee.old))
            }
        } else {
            let old = Disc(origin, radius: oldRadius, margin: 0, metrics: metrics)
            if let found = scanRing(halo.disc, old) {
                limit = found
            } else {
                scanDisc(halo.disc)
                scratch.candidates.removeAll { candidate in
                    let subject = subjects[candidate.subject]
                    return old.isNear(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude)
                }
                appendLeaving(slot, halo.disc)
            }
        }
        settle(slot, halo, cause: onlyRadius ? .radius : .user, time: time)
        if let plan { bound(by: plan, user) }
        user.pointee.isCovered = (user.pointee.exceptions.isEmpty || scratch.isCovering) && shortcuts.contains(.cover)
        let viewpoint = halo.disc.viewpoint
        anchor(slot, at: position, region(limit, radius: radius, viewpoint.metric, doubt: viewpoint.doubt))
        store(slot, position: position, radius: radius, accuracy: accuracy, time: time)
        moveCell(slot, from: origin, oldRadius: oldRadius, to: position, radius: radius)
    }

    /// Adds a subject that is inside in the margin to those who bound the slack.
    @inline(__always)
    private mutating func boundByException(_ subject: UInt32, _ squared: Double, _ halo: Halo) {
        // Without what the accuracy adds to the threshold, which may be less with the next fix.
        let threshold = halo.disc.radius + rules.leaveMargin
        // T − d = (T² − d²) / (T + d)
        let gap = Float((threshold * threshold - squared) / (2 * threshold))
        guard gap < scratch.bounds.greatestGap else { return }
        let position = subjects[subject].pointee.position
        let offset = halo.disc.viewpoint.offset(latitude: position.latitude, longitude: position.longitude)
        scratch.bounds.insert(gap: gap, east: Float(offset.east), north: Float(offset.north), isInside: true)
    }

    /// What the bounds that were found leave of the slack.
    ///
    /// - Parameter limit: metres within which all were looked for.
    @inline(__always)
    private func region(_ limit: Double, radius: Double, _ metric: LocalMetric, doubt: Double) -> SlackRegion {
        let threshold = radius + rules.leaveMargin
        let canCut = shortcuts.contains(.cuts) && SlackBounds.canCut(metric, reach: threshold + limit)
        return scratch.bounds.region(limit: Float(limit), threshold: Float(threshold), doubt: Float(doubt + 0.02), canCut: canCut)
    }

    /// Lets everybody be evaluated at their next fix, since what pairs are asked by has changed.
    ///
    /// - Complexity: O(users), some nanoseconds for each.
    mutating func uncover() {
        // A record that is zero stays untouched: its memory may have been given back.
        for slot in 0..<UInt32(users.count) where users[slot].pointee.isCovered || users[slot].pointee.slack > 0 {
            users[slot].pointee.isCovered = false
            users[slot].pointee.slack = 0
        }
    }

    @inline(__always)
    private mutating func store(_ slot: UInt32, position: Coordinate, radius: Double, accuracy: Double, time: Int64) {
        let user = users[slot]
        user.pointee.latitude = position.latitude
        user.pointee.longitude = position.longitude
        user.pointee.radius = radius
        user.pointee.accuracy = accuracy
        user.pointee.time = time
    }

    @inline(__always)
    private func anchor(_ slot: UInt32, at position: Coordinate, _ region: SlackRegion) {
        let user = users[slot]
        user.pointee.anchorLatitude = position.latitude
        user.pointee.anchorLongitude = position.longitude
        user.pointee.region = region
    }

    /// Keeps the user's cell, which is that of the anchor, and what it knows of the user. The record has the new anchor and slack.
    @inline(__always)
    mutating func moveCell(_ slot: UInt32, from origin: Coordinate, oldRadius: Double, to position: Coordinate, radius: Double) {
        let level = UserGrid.level(radius: radius)
        let oldLevel = radius == oldRadius ? level : UserGrid.level(radius: oldRadius)
        let user = users[slot]
        let isKnown = radius == oldRadius && user.pointee.slack <= Float(user.pointee.slackBound)
        if userGrid.isSharp, isKnown, origin == position { return }
        guard level == oldLevel, userGrid.isOneCell(origin, position, level: level) else {
            leaveCell(slot)
            enterCell(slot)
            return
        }
        guard userGrid.isSharp else { return }
        user.pointee.slackBound = GridMember.bound(of: user.pointee.slack)
        userGrid.update(user.pointee)
    }

    // MARK: - Asking the pairs

    /// Asks the exceptions and the candidates of the scan, and notes what changes.
    private mutating func settle(_ slot: UInt32, _ halo: Halo, cause: Cause, time: Int64) {
        let user = users[slot]
        let old = user.pointee.exceptions.elements
        guard !old.isEmpty || !scratch.candidates.isEmpty else { return }
        scratch.exceptions.removeAll(keepingCapacity: true)
        scratch.isCovering = true
        for exception in old {
            let subject = subjects[exception.subject]
            let squared = halo.disc.squaredDistance(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude)
            let measure = halo.measure(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude, squared: squared)
            ask(exception, of: slot, measure, squared, halo, cause: cause, time: time)
        }
        // A list of a few is searched; one of thousands, where a crowd of subjects stands in the margin, gets an index.
        let known = old.count > 32 && scratch.candidates.count > 32 ? Set(old.map(\.subject)) : nil
        for candidate in scratch.candidates {
            guard !(known?.contains(candidate.subject) ?? old.contains { $0.subject == candidate.subject }) else { continue }
            let subject = subjects[candidate.subject]
            let isBeyond =
                !candidate.isNear
                && !halo.reach.holds(
                    halo.disc.viewpoint, latitude: subject.pointee.latitude, longitude: subject.pointee.longitude,
                    squared: candidate.squared)
            let measure = PairState.Measure(isNear: candidate.isNear, isBeyond: isBeyond)
            let state: PairState = candidate.isNear ? .outside : .inside
            ask(Exception(subject: candidate.subject, state: state), of: slot, measure, candidate.squared, halo, cause: cause, time: time)
        }
        scratch.candidates.removeAll(keepingCapacity: true)
        user.pointee.exceptions.replace(with: scratch.exceptions, in: lists)
        user.pointee.isNearOutside = scratch.exceptions.contains { $0.state == .outside }
    }

    /// Asks one pair; notes its change, and that it is an exception, in the scratch lists.
    ///
    /// - Parameters:
    ///   - pair: what it was.
    ///   - squared: of the distance, in square metres.
    @inline(__always)
    private mutating func ask(
        _ pair: Exception, of user: UInt32, _ measure: PairState.Measure, _ squared: Double, _ halo: Halo, cause: Cause, time: Int64
    ) {
        let subject = pair.subject
        var state = pair.state
        observe(subject, of: user, &state, measure, mayEnter: halo.mayEnter, cause: cause, time: time)
        guard (state == .inside) != measure.isNear else {
            removeBystander(user, of: subject, at: pair.place)
            if state == .outside { stopWithholding(subject, from: user) }
            return
        }
        let place = keepBystander(user, halo, state, of: subject, at: pair.place)
        scratch.exceptions.append(Exception(subject: subject, state: state, place: place))
        // Who is near may enter for another reason, a subject may move, a dwell may be over.
        if state == .outside || place != Bystander.nobody || wait(of: user, for: subject) != nil {
            scratch.isCovering = false
        } else {
            boundByException(subject, squared, halo)
        }
    }

    /// Lets a pair decide, and notes what comes of it.
    @inline(__always)
    mutating func observe(
        _ subject: UInt32, of user: UInt32, _ state: inout PairState, _ measure: PairState.Measure, mayEnter: Bool, cause: Cause,
        time: Int64
    ) {
        switch state.observe(measure, mayEnter: mayEnter, wait(of: user, for: subject)?.kind, dwells) {
        case .nothing: break
        case .enter: note(isEnter: true, subject, of: user, cause: cause, time: time)
        case .leave: note(isEnter: false, subject, of: user, cause: cause, time: time)
        case .beginDwell:
            let kind = state == .outside ? Wait.Kind.enter : .leave
            let span = state == .outside ? rules.enterDwell : rules.leaveDwell
            begin(kind, of: user, for: subject, cause: cause, due: time + span, toSteady: toSteady)
        case .endDwell: endWait(of: user, for: subject)
        }
    }

    /// Adds the open pairs that are not near at B; those that are not exceptions were near at A.
    private mutating func appendLeaving(_ slot: UInt32, _ disc: Disc) {
        for pair in users[slot].pointee.pairs.elements {
            let subject = subjects[pair.subject]
            let squared = disc.squaredDistance(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude)
            guard !disc.isNear(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude, squared: squared) else { continue }
            scratch.candidates.append(Candidate(subject: pair.subject, isNear: false, squared: squared))
        }
    }
}
