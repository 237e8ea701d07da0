// A subject is put, moves or goes: the pair is evaluated from the other side, for the users whose halos are near, with the same predicate.

extension Engine {
    /// Puts subjects, or puts them elsewhere, as one moment.
    ///
    /// What equals the last put changes nothing. A subject that its own fixes have moved stays where they took it, unless this put names another
    /// place than the last one did.
    ///
    /// - Parameters:
    ///   - placements: no id twice.
    ///   - now: Unix milliseconds; the `ts` of what this causes.
    /// - Returns: the slot of each, in the same order; a slot belongs to the id until it is removed.
    /// - Complexity: O(users near the old and the new places).
    @discardableResult
    public mutating func put(_ placements: [SubjectPlacement], now: Int64, into changes: inout Changes) -> [UInt32] {
        var fresh: [GridEntry] = []
        var slots: [UInt32] = []
        slots.reserveCapacity(placements.count)
        for placement in placements {
            let kind = placement.kind.map { intern($0) } ?? SubjectRecord.noKind
            if let slot = findSubject(placement.id) {
                slots.append(slot)
                let subject = subjects[slot]
                subject.pointee.kind = kind
                guard placement.position != subject.pointee.putPosition else { continue }
                let old = subject.pointee.position
                subject.pointee.putLatitude = placement.position.latitude
                subject.pointee.putLongitude = placement.position.longitude
                subject.pointee.isMoving = false
                touchSubject(slot)
                relocate(slot, from: old, to: placement.position, cause: .subject, time: now)
            } else {
                let slot = addSubject(placement, kind: kind)
                slots.append(slot)
                fresh.append(GridEntry(latitude: placement.position.latitude, longitude: placement.position.longitude, slot: slot))
                evaluate(slot, from: nil, to: placement.position, cause: .subject, time: now)
            }
        }
        grid.insert(&fresh)
        emit(into: &changes)
        return slots
    }

    /// Removes subjects, as one moment; ids that are not there are passed over.
    ///
    /// - Returns: the slots that were freed.
    @discardableResult
    public mutating func remove(_ ids: [[UInt8]], now: Int64, into changes: inout Changes) -> [UInt32] {
        var slots: [UInt32] = []
        for id in ids {
            guard let slot = findSubject(id) else { continue }
            let position = subjects[slot].pointee.position
            evaluate(slot, from: position, to: nil, cause: .removed, time: now)
            grid.remove(position, slot: slot)
            subjectIndex.remove(hasher.hash(id), slot: slot)
            subjectCount -= 1
            departedSubjects.append(slot)
            slots.append(slot)
        }
        emit(into: &changes)
        return slots
    }

    /// Takes a moving subject's fix.
    mutating func applySubject(_ fix: Fix, id: UnsafePointer<UInt8>, now: Int64, into changes: inout Changes) {
        guard let slot = findSubject(id, count: Int(fix.idLength), hash: fix.hash) else {
            refuse(fix, .unknownSubject, "subject is not in the register", into: &changes)
            return
        }
        guard fix.time <= now &+ rules.maxFuture else {
            refuse(fix, .futureFix, "ts is \(fix.time), more than \(rules.maxFuture) ms ahead of the clock", into: &changes)
            return
        }
        let subject = subjects[slot]
        let time = fix.time == Fix.absentTime ? max(now, subject.pointee.time + 1) : fix.time
        guard time > subject.pointee.time else {
            changes.tally.stale += 1
            return
        }
        guard fix.accuracy > 0 ? fix.accuracy <= rules.maxAccuracy : rules.assumedAccuracy <= rules.maxAccuracy else {
            changes.tally.inaccurate += 1
            return
        }
        changes.tally.accepted += 1
        subject.pointee.time = time
        subject.pointee.isMoving = true
        touchSubject(slot)
        let position = Coordinate(latitude: fix.latitude, longitude: fix.longitude)
        guard position != subject.pointee.position else { return }
        relocate(slot, from: subject.pointee.position, to: position, cause: .subject, time: time)
        emit(into: &changes)
    }

    private mutating func relocate(_ slot: UInt32, from old: Coordinate, to new: Coordinate, cause: Cause, time: Int64) {
        grid.remove(old, slot: slot)
        grid.insert(new, slot: slot)
        subjects[slot].pointee.latitude = new.latitude
        subjects[slot].pointee.longitude = new.longitude
        evaluate(slot, from: old, to: new, cause: cause, time: time)
    }

    /// Asks every pair of a subject that a change of its place can concern, and notes what changes.
    private mutating func evaluate(_ slot: UInt32, from old: Coordinate?, to new: Coordinate?, cause: Cause, time: Int64) {
        guard userCount > 0 else { return }
        scratch.users.removeAll(keepingCapacity: true)
        // Users stand in the grid at their anchors.
        if let old { userGrid.appendUsers(near: old, margin: greatestMargin + SlackWidth.greatest, to: &scratch.users) }
        if let new { userGrid.appendUsers(near: new, margin: SlackWidth.greatest, to: &scratch.users) }
        if old != nil && new != nil {
            scratch.users.sort()
            var last: UInt32?
            scratch.users.removeAll { user in
                defer { last = user }
                return user == last
            }
        }
        for user in scratch.users { evaluate(user, slot, from: old, to: new, cause: cause, time: time) }
    }

    private mutating func evaluate(
        _ slot: UInt32, _ subject: UInt32, from old: Coordinate?, to new: Coordinate?, cause: Cause, time: Int64
    ) {
        let user = users[slot]
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == subject }
        var state: PairState
        if let place {
            state = user.pointee.exceptions.elements[place].state
        } else {
            state = old.map { halo.measure(latitude: $0.latitude, longitude: $0.longitude).isNear } ?? false ? .inside : .outside
        }
        var isException = false
        if new != nil { reanchor(slot) }
        if let new {
            let measure = halo.measure(latitude: new.latitude, longitude: new.longitude)
            if let change = state.observe(measure, mayEnter: halo.mayEnter) {
                scratch.pending.append(Pending(isEnter: change == .enter, cause: cause, time: time, user: slot, subject: subject))
            }
            isException = (state == .inside) != measure.isNear
        } else if state == .inside {
            scratch.pending.append(Pending(isEnter: false, cause: cause, time: time, user: slot, subject: subject))
        }
        if isException || place != nil {
            if let place { user.pointee.exceptions.swapRemove(at: place) }
            if isException { user.pointee.exceptions.append(Exception(subject: subject, state: state)) }
            user.pointee.isNearOutside = user.pointee.exceptions.elements.contains { $0.state == .outside }
            touch(slot)
        }
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

    private mutating func addSubject(_ placement: SubjectPlacement, kind: UInt32) -> UInt32 {
        let slot = freeSubjects.popLast() ?? subjects.append()
        fill(slot, placement, kind: kind)
        subjectIndex.insert(hasher.hash(placement.id), slot: slot)
        subjectCount += 1
        // Journals may still tell of the motion of whoever had the slot before.
        if hasMovingSubjects { touchSubject(slot) }
        return slot
    }

    func fill(_ slot: UInt32, _ placement: SubjectPlacement, kind: UInt32) {
        let position = placement.position
        subjects[slot].pointee = SubjectRecord(
            latitude: position.latitude, longitude: position.longitude, putLatitude: position.latitude, putLongitude: position.longitude,
            kind: kind,
            id: placement.id.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { preconditionFailure("an id is not empty") }
                return ShortID(base, count: buffer.count)
            })
    }

    mutating func intern(_ kind: [UInt8]) -> UInt32 {
        if let known = kindIndex[kind] { return known }
        let index = UInt32(kinds.count)
        kinds.append(kind)
        kindIndex[kind] = index
        return index
    }

    /// Notes that the next journal must hold this subject's motion.
    private mutating func touchSubject(_ slot: UInt32) {
        guard !subjects[slot].pointee.isTouched else { return }
        subjects[slot].pointee.isTouched = true
        touchedSubjects.append(slot)
        hasMovingSubjects = true
    }
}
