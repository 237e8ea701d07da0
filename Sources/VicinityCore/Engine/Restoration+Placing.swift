// Once every record is read: each subject and user goes where it belongs, in indexes, grids and timers.

extension Restoration {
    mutating func placeSubjects(_ now: ClockReading) throws(Damaged) {
        var entries: [GridEntry] = []
        var subjectCount = 0
        var isAnyMoving = false
        for slot in (0..<UInt32(engine.subjects.count)).reversed() {
            let subject = engine.subjects[slot]
            guard subject.pointee.isUsed else {
                if let departing = engine.other.record(slot) {
                    engine.subjectIndex.insert(engine.hash(departing.pointee.id), slot: slot)
                } else {
                    engine.freeSubjects.append(slot)
                }
                continue
            }
            subjectCount += 1
            if subject.pointee.motion != SubjectRecord.noMotion {
                engine.motions[subject.pointee.motion].pointee.heardAt = now.steady
                engine.watchSubject(slot)
            }
            if subject.pointee.isMoving { isAnyMoving = true }
            // Not as any journal had it.
            subject.pointee.flags.set(.suspended, engine.isSuspended(subject.pointee.id))
            if subject.pointee.isActive {
                entries.append(GridEntry(latitude: subject.pointee.latitude, longitude: subject.pointee.longitude, slot: slot))
            }
            let hash = engine.hash(subject.pointee.id)
            let isTwin = engine.subjectIndex.find(hash) { engine.subjects[$0].pointee.id.bytes == subject.pointee.id.bytes } != nil
            guard !isTwin else { throw Damaged(what: "register: an id stands in two slots") }
            engine.subjectIndex.insert(hash, slot: slot)
        }
        engine.subjectCount = subjectCount
        engine.grid.insert(&entries)
        // While nobody has to go from one cell to another for it.
        if isAnyMoving { engine.userGrid.sharpen() }
    }

    mutating func placeUser(_ slot: UInt32, _ now: ClockReading) throws(Damaged) {
        let user = engine.users[slot]
        engine.userIndex.insert(engine.hash(user.pointee.id), slot: slot)
        try placeNotes(slot, now)
        placeLimits(slot)
        if user.pointee.isSilent {
            guard user.pointee.pairs.isEmpty else { throw Damaged(what: "a silent user is inside") }
            // If the clock was set ahead meanwhile, resends still find the last `ts` for as long as that of one who signed off.
            let greatest = max(0, engine.rules.forgetAfter - Engine.signOffSpan)
            user.pointee.heardAt = now.steady - min(greatest, max(0, now.wall - user.pointee.silentSince))
            engine.awaitForgetting(slot)
            engine.awaitPlaceEnd(of: slot)
            return
        }
        user.pointee.heardAt = now.steady
        engine.watch(slot)
        engine.userCount += 1
        engine.pairCount += user.pointee.pairs.count
        engine.enterCell(slot)
        let disc = Disc(
            user.pointee.position, radius: user.pointee.radius, margin: engine.greatestMargin, metrics: engine.metrics)
        let known = Edge(disc.radius + engine.greatestMargin - 1, from: disc.viewpoint)
        for pair in user.pointee.pairs.elements {
            guard isKnown(pair.subject) else { throw Damaged(what: "an open pair whose subject is not in the register") }
            guard engine.subjects[pair.subject].pointee.isUsed else { continue }
            let subject = engine.subjects[pair.subject]
            if subject.pointee.isMoving { user.pointee.hasCompanions = true }
            let (latitude, longitude) = (subject.pointee.latitude, subject.pointee.longitude)
            let squared = disc.squaredDistance(latitude: latitude, longitude: longitude)
            guard !disc.isNear(latitude: latitude, longitude: longitude, squared: squared) else { continue }
            user.pointee.exceptions.append(Exception(subject: pair.subject, state: .inside), in: engine.lists)
            // A dwell keeps a pair inside at any distance.
            if engine.wait(of: slot, for: pair.subject) != nil { continue }
            // Nor has a pair been asked, perhaps, whose subject was put elsewhere by a swap; it will be before anything else happens.
            if swapTime != nil { continue }
            // Measuring exactly costs a hundred times as much, and is of use only where the margin was once wider than it is now.
            guard !known.holds(disc.viewpoint, latitude: latitude, longitude: longitude, squared: squared) else { continue }
            let beyond = Geodesic.distance(from: user.pointee.position, to: subject.pointee.position) - disc.radius
            engine.greatestMargin = max(engine.greatestMargin, beyond + 1)
        }
        guard user.pointee.isNearOutside else { return }
        user.pointee.isNearOutside = false
        engine.scratch.candidates.removeAll(keepingCapacity: true)
        let inside = Set(user.pointee.pairs.elements.map(\.subject))
        engine.scanDisc(disc)
        for candidate in engine.scratch.candidates where !inside.contains(candidate.subject) {
            user.pointee.exceptions.append(Exception(subject: candidate.subject, state: .outside), in: engine.lists)
            user.pointee.isNearOutside = true
        }
        engine.scratch.candidates.removeAll(keepingCapacity: true)
    }

    /// Whether a slot has a subject, be it of the edition that departs.
    private func isKnown(_ slot: UInt32) -> Bool {
        Int(slot) < engine.subjects.count && engine.record(named: slot).pointee.isUsed
    }

    /// Takes up what the limits know of a user.
    private mutating func placeLimits(_ slot: UInt32) {
        guard let record = engine.limits[slot] else { return }
        if record.isEmpty { engine.limits[slot] = nil }
        engine.users[slot].pointee.hasLimits = !record.isEmpty
    }

    /// Sets the timers of what a user's pairs wait for.
    private mutating func placeNotes(_ slot: UInt32, _ now: ClockReading) throws(Damaged) {
        guard var notes = engine.notes(of: slot) else { return }
        let heard = engine.heard(slot)
        for place in notes.waits.indices {
            let subject = notes.waits[place].subject
            guard isKnown(subject) else { throw Damaged(what: "a dwell or cooldown whose subject is not in the register") }
            notes.waits[place].timer = now.steady + max(0, notes.waits[place].due - heard)
            engine.waiting[subject, default: []].insert(slot)
            engine.timers.insert(Alarm(due: notes.waits[place].timer, kind: .wait, slot: slot))
        }
        engine.userNotes[slot] = notes
    }
}

extension Engine {
    /// The hash of an id in this engine's tables.
    func hash(_ id: ShortID) -> UInt64 {
        id.withBytes { raw in
            guard let base = raw.baseAddress else { preconditionFailure("an id is not empty") }
            return hasher.hash(base.assumingMemoryBound(to: UInt8.self), count: raw.count)
        }
    }
}
