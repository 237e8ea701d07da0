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
                let position = subjects[slot].pointee.position
                fresh.append(GridEntry(latitude: position.latitude, longitude: position.longitude, slot: slot))
                evaluate(slot, from: nil, to: position, cause: .subject, time: now.wall)
            }
        }
        grid.insert(&fresh)
        emit(into: &changes)
        return slots
    }

    /// Puts a subject that is there.
    mutating func put(_ slot: UInt32, _ placement: SubjectPlacement, now: ClockReading, _ tally: inout Tally) {
        settle(subject: slot)
        let subject = subjects[slot]
        let old = activePosition(slot)
        subject.pointee.kind = placement.kind.map { intern($0) } ?? SubjectRecord.noKind
        setValidity(slot, Validity(placement), wall: now.wall)
        let precision = precision(of: placement, after: subject)
        let isElsewhere = placement.position != subject.pointee.putPosition
        if isElsewhere { dropMotion(slot, &tally) }
        if isElsewhere || precision != subject.pointee.precision {
            subject.pointee.putLatitude = placement.position.latitude
            subject.pointee.putLongitude = placement.position.longitude
            subject.pointee.precision = precision
            show(slot)
            touchSubject(slot)
        }
        subject.pointee.isPrecisionNamed = placement.precision != nil
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
            precondition(findStaged(id) == nil, "what is removed is unstaged first")
            settle(subject: slot)
            relocate(slot, from: activePosition(slot), to: nil, cause: .removed, time: now.wall)
            for user in (waiting[slot] ?? []).sorted() {
                catchUp(user)
                endWait(of: user, for: slot)
            }
            dropMotion(slot, &changes.tally)
            let time = subjects[slot].pointee.time
            if time >= 0 {
                let until = now.wall + max(Self.signOffSpan, rules.forgetAfter)
                remember(SignOff(hash: subjectHash(id), time: time, until: until), into: &changes)
            }
            validities[slot] = nil
            forgetFormer(slot, &changes.tally)
            subjectIndex.remove(hasher.hash(id), slot: slot)
            subjectCount -= 1
            departedSubjects.append(slot)
            slots.append(slot)
        }
        emit(into: &changes)
        return slots
    }

    /// Where an active subject is.
    @inline(__always)
    func activePosition(_ slot: UInt32) -> Coordinate? {
        subjects[slot].pointee.isUsed && subjects[slot].pointee.isActive ? subjects[slot].pointee.position : nil
    }

    // MARK: - Asking the users

    /// Moves an active subject in the grid, or in or out of it, and asks the pairs that this concerns.
    ///
    /// - Parameter isStep: all its pairs were evaluated where it was, by the rules in force.
    mutating func relocate(
        _ slot: UInt32, from old: Coordinate?, to new: Coordinate?, isStep: Bool = false, cause: Cause, time: Int64
    ) {
        switch (old, new) {
        case (let old?, let new?): if old != new { grid.move(from: old, to: new, slot: slot) }
        case (let old?, nil): grid.remove(old, slot: slot)
        case (nil, let new?): grid.insert(new, slot: slot)
        case (nil, nil): break
        }
        evaluate(slot, from: old, to: new, isStep: isStep, cause: cause, time: time)
    }

    /// Asks every pair of a subject that a change of its place can concern, and notes what changes.
    mutating func evaluate(
        _ slot: UInt32, from old: Coordinate?, to new: Coordinate?, isStep: Bool = false, cause: Cause, time: Int64
    ) {
        guard userCount > 0, old != nil || new != nil else { return }
        scratch.users.removeAllForReuse()
        // Users stand in the grid at their anchors.
        collectUsers(slot, from: old, to: new, isStep: isStep)
        // A dwell lets a pair stay inside at any distance.
        if !waiting.isEmpty { scratch.users.append(contentsOf: waiting[slot] ?? []) }
        // In an order that is the same in every process, since the journal shows it.
        scratch.users.sort()
        for user in scratch.users { prefetchUser(user) }
        for user in scratch.users {
            users[user].pointee.exceptions.prefetch()
            users[user].pointee.pairs.prefetch()
        }
        if isSweeping { for user in scratch.users { catchUp(user) } }
        var last: UInt32?
        // A subject that begins to move is one that its users can follow.
        let isCompanion = !isStep && subjects[slot].pointee.isMoving
        for user in scratch.users where user != last {
            last = user
            if isCompanion { users[user].pointee.hasCompanions = true }
            if !users[user].pointee.isSilent { evaluate(user, slot, from: old, to: new, cause: cause, time: time) }
        }
    }

    /// Collects the users whom it may concern that a subject goes from one place to another.
    ///
    /// A short step concerns those whose edge it crosses or whose slack it breaks, and those who are inside in the margin, whom the subject knows.
    /// A pair whose dwell keeps it inside at any distance is known by ``waiting``.
    mutating func collectUsers(_ slot: UInt32, from old: Coordinate?, to new: Coordinate?, isStep: Bool) {
        if isStep, let old, let new, let step = shortStep(from: old, to: new) {
            if old == new {
                // Who is near and outside all the same may enter by now, though nothing has moved.
            } else if lookaheads.present.slot == slot, lookaheads.present.search.step == step {
                scratch.users.append(contentsOf: lookaheads.present.users)
            } else {
                userGrid.begin(&scratch.search, step, metrics)
                userGrid.finish(&scratch.search, metrics: metrics, to: &scratch.users)
            }
            let metric = metrics.metric(at: new.latitude)
            motions[subjects[slot].pointee.motion].pointee.bystanders.appendUsers(concernedAt: new, metric, to: &scratch.users)
            return
        }
        if let old { userGrid.appendUsers(near: old, margin: greatestMargin, metrics: metrics, to: &scratch.users) }
        if let new { userGrid.appendUsers(near: new, margin: 0, metrics: metrics, to: &scratch.users) }
    }

    /// The step as users' cells take it, if it is a short one; in doubt it is not.
    @inline(__always)
    func shortStep(from old: Coordinate, to new: Coordinate) -> GridStep? {
        let metric = metrics.metric(at: new.latitude)
        let squared = metric.squaredDistance(
            Double(Int64(old.latitude) - Int64(new.latitude)),
            Double(Coordinate.longitudeDifference(from: new.longitude, to: old.longitude)))
        let length = squared.squareRoot() + metric.errorBound(within: Self.greatestStep)
        return length < Self.greatestStep ? GridStep(old: old, new: new, length: length, margin: rules.leaveMargin) : nil
    }

    /// Metres up to which a step is taken for a short one: about the least radius.
    private static var greatestStep: Double { 200 }

    mutating func evaluate(
        _ slot: UInt32, _ subject: UInt32, from old: Coordinate?, to new: Coordinate?, cause: Cause, time: Int64
    ) {
        let user = users[slot]
        let exception = user.pointee.exceptions.elements.first { $0.subject == subject }
        let state: PairState
        if let exception {
            state = exception.state
        } else {
            // As seen from the anchor, where all who are no exceptions are judged from.
            let disc = Disc(user.pointee.anchor, radius: user.pointee.radius, margin: 0, metrics: metrics)
            let wasNear = old.map { disc.isNear(latitude: $0.latitude, longitude: $0.longitude) } ?? false
            // Most whom a step may concern only see the subject move on their side of the edge.
            if let new, disc.isNear(latitude: new.latitude, longitude: new.longitude) == wasNear, keepsSlack(slot, new, isNear: wasNear) {
                return
            }
            state = wasNear ? .inside : .outside
        }
        reanchor(slot) { $0 == subject }
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == subject }
        judge(subject, of: slot, state, halo, exception: place, to: new, cause: cause, time: time)
    }

    /// Asks one pair whose state is known, because of where its subject is now.
    ///
    /// - Parameters:
    ///   - halo: the user's, as it is; its centre is the anchor.
    ///   - place: where the subject stands in the user's list of exceptions.
    ///   - new: `nil` for a subject that is not active.
    mutating func judge(
        _ subject: UInt32, of slot: UInt32, _ before: PairState, _ halo: Halo, exception place: Int?, to new: Coordinate?, cause: Cause,
        time: Int64
    ) {
        var state = before
        var isException = false
        if let new {
            let measure = halo.measure(latitude: new.latitude, longitude: new.longitude)
            observe(subject, of: slot, &state, measure, mayEnter: halo.mayEnter, cause: cause, time: time)
            isException = (state == .inside) != measure.isNear
            if !keepsSlack(slot, new, isNear: measure.isNear) { setSlack(slot, to: 0) }
        } else {
            if state == .inside { note(isEnter: false, subject, of: slot, cause: cause, time: time) }
            if let wait = wait(of: slot, for: subject), wait.kind != .cooldown { endWait(of: slot, for: subject) }
        }
        if !isException, state == .outside { stopWithholding(subject, from: slot) }
        setException(slot, subject, at: place, to: isException ? state : nil, halo)
    }

    /// Asks a pair anew, because a cooldown that kept it outside is over.
    mutating func reask(_ slot: UInt32, _ subject: UInt32, cause: Cause, time: Int64) {
        let user = users[slot]
        reanchor(slot) { $0 == subject }
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let position = subjects[subject].pointee.position
        let measure = halo.measure(latitude: position.latitude, longitude: position.longitude)
        var state = PairState.outside
        observe(subject, of: slot, &state, measure, mayEnter: halo.mayEnter, cause: cause, time: time)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == subject }
        setException(slot, subject, at: place, to: (state == .inside) != measure.isNear ? state : nil, halo)
    }

    /// Keeps a user's list of exceptions for one subject.
    ///
    /// - Parameters:
    ///   - place: where the subject stands in the list.
    ///   - state: `nil` if the pair is no exception.
    mutating func setException(_ slot: UInt32, _ subject: UInt32, at place: Int?, to state: PairState?, _ halo: Halo) {
        guard state != nil || place != nil else { return }
        let user = users[slot]
        let old = place.map { user.pointee.exceptions.elements[$0] }
        if let state {
            // Wherever in the margin it is, it has not been there when the slack was worked out.
            user.pointee.isCovered = false
            let place = keepBystander(slot, halo, state, of: subject, at: old?.place ?? Bystander.nobody)
            // Most are in the margin before and after.
            if let old, old.state == state, old.place == place { return }
            user.pointee.exceptions.append(Exception(subject: subject, state: state, place: place), in: lists)
        } else if let old {
            removeBystander(slot, of: subject, at: old.place)
            // Which was worked out without it.
            setSlack(slot, to: 0)
        }
        if let place { user.pointee.exceptions.swapRemove(at: place, in: lists) }
        let isNearOutside = user.pointee.exceptions.elements.contains { $0.state == .outside }
        if isNearOutside == user.pointee.isNearOutside { return }
        // All that is stored of exceptions; the others follow from the pairs.
        user.pointee.isNearOutside = isNearOutside
        touch(slot)
    }

    // MARK: - The table of subjects

    @inline(__always)
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

    mutating func addSubject(_ placement: SubjectPlacement, now: ClockReading) -> UInt32 {
        let remembered = rememberedTime(placement.id)
        // A staged subject keeps its slot.
        let slot = findStaged(placement.id) ?? vacantSlot(for: placement.id)
        sweep?.forgetChange(of: slot)
        let shown = shownPlace(placement, precision: placement.precision ?? rules.precision)
        fill(slot, placement, kind: placement.kind.map { intern($0) } ?? SubjectRecord.noKind, shown: shown)
        subjectCount += 1
        setValidity(slot, Validity(placement), wall: now.wall)
        if let remembered {
            subjects[slot].pointee.time = remembered
            touchSubject(slot)
        }
        // Journals may still tell of the motion of whoever had the slot before.
        if hasSubjectStates { touchSubject(slot) }
        return slot
    }

    func fill(_ slot: UInt32, _ placement: SubjectPlacement, kind: UInt32, shown: ShownPlace?) {
        // These tell of lists in which the slot stands, whoever has it.
        let flags = subjects[slot].pointee.flags.intersection([.touched, .watched])
        subjects[slot].pointee = SubjectRecord(placement, kind: kind, shown: shown)
        subjects[slot].pointee.flags = flags
        subjects[slot].pointee.flags.set(.suspended, isSuspended(subjects[slot].pointee.id))
    }

    mutating func intern(_ kind: [UInt8]) -> UInt32 {
        if let known = kindIndex[kind] { return known }
        let index = UInt32(kinds.count)
        kinds.append(kind)
        kindIndex[kind] = index
        return index
    }

    /// The name under which the audit log knows a user. No id begins with a control character.
    public func auditHash(_ id: [UInt8]) -> UInt64 { ([1] + id).withUnsafeBytes { signOffKey.hash($0) } }

    /// The name under which the last `ts` of a removed subject is remembered. No id of a user begins with a control character.
    func subjectHash(_ id: [UInt8]) -> UInt64 {
        ([0] + id).withUnsafeBytes { signOffKey.hash($0) }
    }

    /// Notes that the next journal must hold this subject's state.
    mutating func touchSubject(_ slot: UInt32) {
        if beside == .staged, subjects[slot].pointee.isUsed { noteStale(slot) }
        guard !subjects[slot].pointee.isTouched else { return }
        subjects[slot].pointee.isTouched = true
        touchedSubjects.append(slot)
        hasSubjectStates = true
    }
}
