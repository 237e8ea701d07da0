// From changes of pairs to numbered transitions: the contract's order, the seq, what an enter discloses and what a leave recalls.

/// A change of a pair that has no number yet.
struct Pending {
    var isEnter: Bool
    var cause: Cause
    var time: Int64
    var user: UInt32
    var subject: UInt32
    /// What to add to an instant to have its timer on the steady clock.
    var toSteady: Int64
}

extension Engine {
    /// Notes that a pair changes at the present moment.
    @inline(__always)
    mutating func note(isEnter: Bool, _ subject: UInt32, of user: UInt32, cause: Cause, time: Int64) {
        // Asked for now, since the pair will be looked for there.
        users[user].pointee.pairs.prefetch()
        scratch.pending.append(
            Pending(isEnter: isEnter, cause: cause, time: time, user: user, subject: subject, toSteady: toSteady))
    }

    /// Numbers what is pending, as one moment: leaves before enters, each by subject id, then by user id.
    ///
    /// - Complexity: O(n log n) in the changes of the moment; a leave finds its enter in O(open pairs of the user).
    mutating func emit(into changes: inout Changes) {
        flush(into: &changes)
        number(into: &changes)
    }

    /// Numbers what is pending before another moment that is being gathered; ``flush(into:)`` hands it out.
    mutating func emitEarly() {
        var early = Changes()
        swap(&early, &scratch.early)
        number(into: &early)
        swap(&early, &scratch.early)
    }

    /// Hands out what was numbered early.
    @inline(__always)
    mutating func flush(into changes: inout Changes) {
        guard !scratch.early.isEmpty else { return }
        changes.transitions.append(contentsOf: scratch.early.transitions)
        changes.signOffs.append(contentsOf: scratch.early.signOffs)
        changes.tally.implausible += scratch.early.tally.implausible
        changes.tally.withheld += scratch.early.tally.withheld
        scratch.early = Changes()
    }

    private mutating func number(into changes: inout Changes) {
        moments.begin(at: changes.transitions.count, instant: scratch.pending.first?.time)
        // Taken out meanwhile, so that it has one owner: it is neither copied nor counted.
        var moment: [Pending] = []
        swap(&moment, &scratch.pending)
        moment.withUnsafeMutableBufferPointer { moment in
            if moment.count > 1 { sort(moment) }
            let index = indexOfLeaving(UnsafeBufferPointer(moment))
            for pending in moment {
                // In the contract's order, so that what is withheld tells nothing of distances.
                if pending.isEnter, isLimited(pending.user), !admits(pending, &changes.tally) {
                    keepOutside(pending)
                    continue
                }
                head += 1
                let change = pending.isEnter ? open(pending) : close(pending, index)
                changes.transitions.append(
                    Transition(seq: head, time: pending.time, user: pending.user, subject: pending.subject, change: change))
            }
            if index != nil { removeLeft(UnsafeBufferPointer(moment)) }
        }
        swap(&moment, &scratch.pending)
        scratch.pending.removeAllForReuse()
    }

    /// The open pairs of a user who leaves many subjects at once, by subject; `nil` where searching the list is cheaper.
    private mutating func indexOfLeaving(_ moment: UnsafeBufferPointer<Pending>) -> [UInt32: OpenPair]? {
        guard moment.count > 32, let first = moment.first else { return nil }
        let leaves = moment.prefix { !$0.isEnter }
        guard leaves.count > 32, moment.allSatisfy({ $0.user == first.user }) else { return nil }
        let pairs = users[first.user].pointee.pairs.elements
        return Dictionary(pairs.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes the pairs that have left out of a user's list, in one pass.
    private mutating func removeLeft(_ moment: UnsafeBufferPointer<Pending>) {
        guard let user = moment.first?.user else { return }
        let left = Set(moment.lazy.filter { !$0.isEnter }.map(\.subject))
        let kept = users[user].pointee.pairs.elements.filter { !left.contains($0.subject) }
        users[user].pointee.pairs.replace(with: kept, in: lists)
    }

    /// The record of a subject that a pair names: of the register, or else of the edition before it.
    @inline(__always)
    borrowing func record(named slot: UInt32) -> UnsafeMutablePointer<SubjectRecord> {
        if beside == .departing, !subjects[slot].pointee.isUsed, let departing = other.record(slot) { return departing }
        return subjects[slot]
    }

    /// Puts what is pending in the contract's order: most moments are of a few changes, for which a plain insertion is the quickest.
    private mutating func sort(_ pending: UnsafeMutableBufferPointer<Pending>) {
        guard pending.count <= 16 else {
            var many = pending
            return many.sort { precedes($0, $1) }
        }
        for place in pending.indices.dropFirst() {
            let moving = pending[place]
            var hole = place
            while hole > 0, precedes(moving, pending[hole - 1]) {
                pending[hole] = pending[hole - 1]
                hole -= 1
            }
            pending[hole] = moving
        }
    }

    private mutating func precedes(_ one: Pending, _ other: Pending) -> Bool {
        if one.isEnter != other.isEnter { return other.isEnter }
        if one.subject != other.subject { return record(named: one.subject).pointee.id.precedes(record(named: other.subject).pointee.id) }
        return one.user != other.user && users[one.user].pointee.id.precedes(users[other.user].pointee.id)
    }

    private mutating func open(_ pending: Pending) -> Transition.Change {
        let pair = OpenPair(encounter: head, since: pending.time, subject: pending.subject, cause: pending.cause)
        users[pending.user].pointee.pairs.append(pair, in: lists)
        if subjects[pending.subject].pointee.isMoving { users[pending.user].pointee.hasCompanions = true }
        stopWithholding(pending.subject, from: pending.user)
        pairCount += 1
        touch(pending.user)
        noteOpened(pending.user, pair)
        let place = subjects[pending.subject].pointee.position
        return .enter(pending.cause, disclosing.disclosed(users[pending.user], place, metrics))
    }

    /// - Parameter index: of the user's open pairs; with it the list itself is left for ``removeLeft(_:)``.
    private mutating func close(_ pending: Pending, _ index: [UInt32: OpenPair]?) -> Transition.Change {
        let pair: OpenPair
        if let index {
            guard let found = index[pending.subject] else { preconditionFailure("a pair that leaves has entered") }
            pair = found
        } else {
            let pairs = users[pending.user].pointee.pairs.elements
            guard let place = pairs.firstIndex(where: { $0.subject == pending.subject }) else {
                preconditionFailure("a pair that leaves has entered")
            }
            pair = pairs[place]
            users[pending.user].pointee.pairs.swapRemove(at: place, in: lists)
        }
        pairCount -= 1
        if rules.detailsGrace > 0 {
            leaves.append(
                Leave(user: pending.user, subject: pending.subject, hasGrace: pending.cause.leavesGrace, time: present.steady))
        }
        if !cuts.isEmpty { noteForCuts(pending.user, pair) }
        touch(pending.user)
        noteClosed(pending.user, pending.subject)
        if rules.cooldown > 0, pending.cause.coolsDown {
            begin(
                .cooldown, of: pending.user, for: pending.subject, cause: pending.cause, due: pending.time + rules.cooldown,
                toSteady: pending.toSteady)
        }
        return .leave(pending.cause, encounter: pair.encounter, lasted: max(0, pending.time - pair.since))
    }

    /// What may be said of the distance: the smaller of the radius and the smallest band that holds it, or the distance itself.
    func disclosed(_ user: UInt32, _ subject: UInt32) -> Disclosed {
        disclosing.disclosed(users[user], record(named: subject).pointee.position, metrics)
    }

    // MARK: - Transitions as events

    /// The event that a transition becomes; valid for the transitions since the last ``reclaim()``.
    public borrowing func event(_ transition: Transition) -> Event {
        let subject = record(named: transition.subject).pointee
        return Event(
            seq: transition.seq, time: transition.time, change: change(of: transition), user: users[transition.user].pointee.id.bytes,
            subject: subject.id.bytes, kind: subject.kind == SubjectRecord.noKind ? nil : kinds[Int(subject.kind)])
    }

    private borrowing func change(of transition: Transition) -> Event.Change {
        switch transition.change {
        case .enter(let cause, let disclosed): .enter(cause, disclosed)
        case .leave(let cause, let encounter, let lasted): .leave(cause, encounter: encounter, lasted: lasted)
        case .report(let number, let kind): .report(number: number, kind: reportKinds[kind])
        case .following: .following
        }
    }

    /// Appends transitions to blocks of at most ``eventsPerBlock`` events; valid for those since the last ``reclaim()``.
    ///
    /// - Parameter naming: whether the events name their users; not those of a user who was forgotten.
    public borrowing func encode(
        _ transitions: [Transition], into builder: inout EventBlockBuilder, finished: inout [EventBlock], naming: Bool = true
    ) {
        transitions.withUnsafeBufferPointer { transitions in
            for (place, transition) in transitions.enumerated() {
                if place + Self.namesAhead < transitions.count {
                    users.prefetch(transitions[place + Self.namesAhead].user)
                    subjects.prefetch(transitions[place + Self.namesAhead].subject)
                }
                if builder.count >= Self.eventsPerBlock, let block = builder.finish() {
                    finished.append(block)
                    builder = EventBlockBuilder(firstSeq: transition.seq, reserving: builder.byteCount)
                }
                append(transition, of: transition.user, naming: naming, to: &builder)
            }
        }
    }

    /// How many transitions ahead names are asked for.
    private static var namesAhead: Int { 8 }

    /// Appends one transition to a block.
    ///
    /// - Parameter slot: the user's, whatever the transition says.
    @inline(__always)
    borrowing func append(_ transition: Transition, of slot: UInt32, naming: Bool, to builder: inout EventBlockBuilder) {
        if case .report = transition.change {
            var event = event(transition)
            event.user = naming ? users[slot].pointee.id.bytes : nil
            builder.append(event)
            return
        }
        let user = users[slot]
        let subject = record(named: transition.subject)
        builder.append(transition, user: naming ? user.pointee.id : .empty) { writer in
            subject.pointee.id.write(to: &writer)
            let kind = subject.pointee.kind
            if kind == SubjectRecord.noKind { writer.byte(0) } else { kinds[Int(kind)].withUnsafeBytes { writer.sized($0) } }
        }
    }

    /// The bound of a block: about 50 KB on disk and 300 KB as lines.
    public static var eventsPerBlock: Int { 2048 }
}

/// What may be said of distances, where every enter asks for it: the bands are not counted each time.
struct Disclosing {
    private enum Kind { case nothing, exact, bands }

    private let kind: Kind
    /// Metres, ascending.
    private let bands: [Double]

    init(_ disclosure: Disclosure) {
        switch disclosure {
        case .nothing: (kind, bands) = (.nothing, [])
        case .exact: (kind, bands) = (.exact, [])
        case .bands(let bands): (kind, self.bands) = (.bands, bands)
        }
    }

    @inline(__always)
    fileprivate func disclosed(_ user: UnsafeMutablePointer<UserRecord>, _ point: Coordinate, _ metrics: MetricTable) -> Disclosed {
        let center = user.pointee.position
        switch kind {
        case .nothing: return .nothing
        case .exact: return .distance((Geodesic.distance(from: center, to: point) * 100).rounded() / 100)
        case .bands:
            let radius = user.pointee.radius
            let disc = Disc(center, radius: radius, margin: 0, metrics: metrics)
            let squared = disc.squaredDistance(latitude: point.latitude, longitude: point.longitude)
            for place in bands.indices where bands[place] < radius {
                let edge = Edge(bands[place], from: disc.viewpoint)
                if edge.holds(disc.viewpoint, latitude: point.latitude, longitude: point.longitude, squared: squared) {
                    return .within(bands[place])
                }
            }
            return .within(radius)
        }
    }
}
