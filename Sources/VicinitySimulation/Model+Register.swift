// What operators do with the register. It is dated by the system clock, and shows nothing that is due.

import VicinityCore

extension Model {
    /// A put is one moment. What equals the last put changes nothing.
    mutating func put(_ placements: [SubjectPlacement]) {
        var moment = Moment(time: clock.wall, origin: Origin(reference: clock.wall, steady: clock.steady))
        for placement in placements { put(placement, in: &moment) }
        close(moment)
    }

    /// - Parameter precision: what holds from now on; `nil` is to be settled.
    mutating func put(_ placement: SubjectPlacement, precision: Double? = nil, in moment: inout Moment) {
        let precision = precision ?? self.precision(of: placement, after: [subjects[placement.id].map(LastPut.init)])
        if subjects[placement.id] == nil {
            putAnew(placement, precision, in: &moment)
        } else {
            putAgain(placement, precision, in: &moment)
        }
    }

    private mutating func putAnew(_ placement: SubjectPlacement, _ precision: Double, in moment: inout Moment) {
        let subject = Subject(
            id: placement.id, serial: nextSerial, kind: placement.kind,
            position: center(of: placement.position, id: placement.id, precision: precision), putPosition: placement.position,
            putPrecision: placement.precision, precision: precision, validFrom: placement.validFrom, validUntil: placement.validUntil,
            validity: validity(of: placement), isSuspended: suspensions[placement.id] != nil)
        nextSerial += 1
        subjects[placement.id] = subject
        subjectTimes[placement.id] = lastTime(of: placement.id).map { SubjectTime(time: $0) }
        situations += 1
        if subject.isActive { evaluateAllUsers(against: subject, because: .subject, in: &moment) }
    }

    private mutating func putAgain(_ placement: SubjectPlacement, _ precision: Double, in moment: inout Moment) {
        guard var subject = subjects[placement.id] else { return }
        let wasActive = subject.isActive
        let position = subject.position
        let isElsewhere = subject.putPosition != placement.position
        let isBlurredAnew = subject.precision != precision
        subject.precision = precision
        subject.putPrecision = placement.precision
        subject.kind = placement.kind
        if subject.validFrom != placement.validFrom || subject.validUntil != placement.validUntil {
            subject.validFrom = placement.validFrom
            subject.validUntil = placement.validUntil
            subject.validity = validity(of: placement)
        }
        if isElsewhere {  // it is a fixed one until its next fix
            subject.position = center(of: placement.position, id: placement.id, precision: precision)
            subject.putPosition = placement.position
            if subject.track?.held != nil { tally.implausible += 1 }
            subject.track = nil
            subject.isSilent = false
        } else if isBlurredAnew {
            blurAnew(&subject)
        }
        subjects[placement.id] = subject
        guard subject.position != position || wasActive != subject.isActive else { return }
        situations += 1
        if subject.isActive {
            evaluateAllUsers(against: subject, because: .subject, in: &moment)
        } else if wasActive {
            leaveAll(of: subject, because: .removed, in: &moment)
        }
    }

    /// What the clock says of a validity that is put.
    private func validity(of placement: SubjectPlacement) -> Subject.Validity {
        if let until = placement.validUntil, clock.wall >= until { return .ended }
        if let from = placement.validFrom, clock.wall < from { return .toBegin }
        return .begun
    }

    /// A remove is one moment.
    mutating func remove(_ ids: [[UInt8]]) {
        var moment = Moment(time: clock.wall, origin: Origin(reference: clock.wall, steady: clock.steady))
        let serials = take(out: ids, in: &moment)
        close(moment)
        endWaits(for: serials)
    }

    /// - Returns: the serials of those that were there.
    mutating func take(out ids: [[UInt8]], in moment: inout Moment) -> [Int] {
        var serials: [Int] = []
        for id in ids {
            guard let subject = subjects.removeValue(forKey: id) else { continue }
            situations += 1
            serials.append(subject.serial)
            if subject.track?.held != nil { tally.implausible += 1 }
            let memory = max(Self.shortestMemory, rules.forgetAfter)
            if let last = subjectTimes[id] { subjectTimes[id] = SubjectTime(time: last.time, until: clock.wall + memory) }
            leaveAll(of: subject, because: .removed, in: &moment)
        }
        return serials
    }

    /// A cooldown belongs to the pair while both are there.
    mutating func endWaits(for serials: [Int]) {
        for id in users.keys {
            for serial in serials { users[id]?.waits[serial] = nil }
        }
    }

    /// A suspension is one moment, and so is the end of one; each source has its own.
    mutating func suspend(_ id: [UInt8], by sources: SuspensionSources) {
        suspensions[id, default: []].formUnion(sources)
        setSuspended(id)
    }

    mutating func resume(_ id: [UInt8], by sources: SuspensionSources) {
        suspensions[id]?.subtract(sources)
        if suspensions[id]?.isEmpty == true { suspensions[id] = nil }
        setSuspended(id)
    }

    private mutating func setSuspended(_ id: [UInt8]) {
        guard var subject = subjects[id] else { return }
        let wasActive = subject.isActive
        subject.isSuspended = suspensions[id] != nil
        subjects[id] = subject
        guard wasActive != subject.isActive else { return }
        situations += 1
        var moment = Moment(time: clock.wall, origin: Origin(reference: clock.wall, steady: clock.steady))
        if subject.isActive {
            evaluateAllUsers(against: subject, because: .subject, in: &moment)
        } else {
            leaveAll(of: subject, because: .suspended, in: &moment)
        }
        close(moment)
    }

    /// Everybody who is inside with a subject that is active no more leaves, and dwells of its pairs are dropped.
    mutating func leaveAll(of subject: Subject, because cause: Cause, in moment: inout Moment) {
        for user in users.values {
            if user.encounters[subject.serial] != nil { moment.leave(user.id, subject, because: cause) }
            if let wait = user.waits[subject.serial], wait.isDwell { moment.stopWaiting(user.id, subject.serial) }
        }
        stopWithholding(subject.serial)
    }

    /// Whether the last `ts` of a removed subject is still known.
    func isRemembered(_ last: SubjectTime) -> Bool { last.until.map { clock.wall < $0 } ?? true }

    /// The last `ts` of a subject's fixes, as far as it is still known.
    func lastTime(of id: [UInt8]) -> Int64? {
        let remembered = subjectTimes[id].flatMap { isRemembered($0) ? $0.time : nil }
        return [remembered, stagedTimes[id]].compactMap(\.self).max()
    }
}
