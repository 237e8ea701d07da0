// What becomes due: dwells, expiries and cooldowns, each at an *instant* in `ts`; and validities, on the system clock.
// Whether a timer shows it or a line, it happens in the same way.

import VicinityCore

/// From where the timer of something that begins is counted.
struct Origin: Sendable {
    /// `ts` to which ``steady`` belongs.
    let reference: Int64
    /// On the steady clock.
    let steady: Int64

    /// When an instant in `ts` is due on the steady clock.
    func timer(for instant: Int64) -> Int64 { steady + (instant - reference) }
}

extension Model {
    /// One thing that is due, or will be.
    private struct Due {
        /// In the order in which they come at one instant.
        enum Kind: Int { case dwell, expiry, cooldown }

        let kind: Kind
        /// In `ts`.
        let instant: Int64
        /// On the steady clock.
        let timer: Int64
        /// `nil` for the expiry of a subject.
        let user: [UInt8]?
        /// `nil` for the expiry of a user.
        let subject: [UInt8]?

        func precedes(_ other: Due) -> Bool {
            instant == other.instant ? kind.rawValue < other.kind.rawValue : instant < other.instant
        }
    }

    private func everything(of user: User) -> [Due] {
        var dues = user.waits.values.map { wait in
            Due(
                kind: wait.isDwell ? .dwell : .cooldown, instant: wait.instant, timer: wait.timer, user: user.id, subject: wait.subject)
        }
        if let track = user.track, rules.expireAfter > 0 {
            dues.append(
                Due(
                    kind: .expiry, instant: track.lastHeard + rules.expireAfter, timer: track.heardAt + rules.expireAfter, user: user.id,
                    subject: nil))
        }
        return dues
    }

    private func expiry(of subject: Subject) -> Due? {
        guard let track = subject.track, rules.expireAfter > 0 else { return nil }
        return Due(
            kind: .expiry, instant: track.lastHeard + rules.expireAfter, timer: track.heardAt + rules.expireAfter, user: nil,
            subject: subject.id)
    }
}

// MARK: - What shows it

extension Model {
    /// What a line of a user shows: the dwells and cooldowns of the user's pairs, and the user's expiry.
    mutating func show(ofUser id: [UInt8], upTo time: Int64, _ origin: Origin) {
        while let user = users[id], happen(everything(of: user).filter { $0.instant <= time }, origin) {}
    }

    /// What a line of a subject shows: the dwells and cooldowns of its pairs, and its own expiry.
    mutating func show(ofSubject id: [UInt8], upTo time: Int64, _ origin: Origin) {
        while let subject = subjects[id] {
            var dues: [Due] = []
            if let expiry = expiry(of: subject) { dues.append(expiry) }
            for user in users.values {
                guard let wait = user.waits[subject.serial] else { continue }
                dues.append(
                    Due(kind: wait.isDwell ? .dwell : .cooldown, instant: wait.instant, timer: wait.timer, user: user.id, subject: id))
            }
            guard happen(dues.filter { $0.instant <= time }, origin) else { return }
        }
    }

    /// What is due at the reading of the clocks: validities, then timers; and what may be forgotten.
    mutating func showWhatIsDue() {
        while beginAndEndNextValidities() {}
        while happen(dueByTimer(), nil) {}
        forget()
    }

    /// What is due for one user by timer brings with it whatever of that user has an earlier or equal instant, so that a
    /// user's events are in order.
    private func dueByTimer() -> [Due] {
        var dues: [Due] = subjects.values.compactMap(expiry).filter { $0.timer <= clock.steady }
        for user in users.values {
            let all = everything(of: user)
            guard let latest = all.filter({ $0.timer <= clock.steady }).map(\.instant).max() else { continue }
            dues += all.filter { $0.instant <= latest }
        }
        return dues
    }

    private mutating func forget() {
        forgetSilentUsers()
        signOffs = signOffs.filter { clock.wall < $0.value.until }
        forgetPlaces()
        subjectTimes = subjectTimes.filter { isRemembered($0.value) }
    }

    private mutating func forgetSilentUsers() {
        for user in users.values where user.track == nil && clock.steady >= user.silentSince + rules.forgetAfter {
            users[user.id] = nil
            keepLimits(of: user)
        }
    }
}

// MARK: - What happens

extension Model {
    /// Lets the earliest of the dues happen, with all that come at the same instant for the same reason.
    ///
    /// - Parameter origin: of the line that shows them; `nil` for timers, which are their own.
    /// - Returns: whether there was any.
    private mutating func happen(_ dues: [Due], _ origin: Origin?) -> Bool {
        guard let first = dues.min(by: { $0.precedes($1) }) else { return false }
        let together = dues.filter { !first.precedes($0) }
        switch first.kind {
        case .dwell: completeDwells(together, at: first.instant, origin)
        case .expiry: expire(together, at: first.instant)
        case .cooldown: endCooldowns(together, at: first.instant, origin)
        }
        return true
    }

    private func origin(of due: Due, shownBy line: Origin?) -> Origin {
        line ?? Origin(reference: due.instant, steady: due.timer)
    }

    private mutating func completeDwells(_ dues: [Due], at instant: Int64, _ origin: Origin?) {
        var moment = Moment(time: instant, origin: Origin(reference: instant, steady: clock.steady))
        for due in dues {
            guard let id = due.user, let user = users[id], let subject = due.subject.flatMap({ subjects[$0] }),
                let wait = user.waits[subject.serial]
            else { continue }
            moment.origin = self.origin(of: due, shownBy: origin)
            switch wait.purpose {
            case .enter(let cause, let distance, let radius):
                moment.enter(id, subject, because: cause, saying: disclosed(distance, radius))
            case .leave(let cause): moment.leave(id, subject, because: cause)
            case .cooldown: preconditionFailure("a cooldown is no dwell")
            }
        }
        close(moment)
    }

    private mutating func endCooldowns(_ dues: [Due], at instant: Int64, _ origin: Origin?) {
        var moment = Moment(time: instant, origin: Origin(reference: instant, steady: clock.steady))
        for due in dues {
            guard let id = due.user, let subject = due.subject.flatMap({ subjects[$0] }) else { continue }
            users[id]?.waits[subject.serial] = nil
            guard let user = users[id], subject.isActive else { continue }
            moment.origin = self.origin(of: due, shownBy: origin)
            evaluate(user, subject, because: .user, in: &moment)
        }
        close(moment)
    }

    private mutating func expire(_ dues: [Due], at instant: Int64) {
        var moment = Moment(time: instant, origin: Origin(reference: instant, steady: clock.steady))
        let silentUsers = dues.compactMap(\.user)
        let silentSubjects = dues.filter { $0.user == nil }.compactMap(\.subject)
        for user in users.values {
            for subject in subjects.values where user.encounters[subject.serial] != nil {
                guard silentUsers.contains(user.id) || silentSubjects.contains(subject.id) else { continue }
                moment.leave(user.id, subject, because: .expired)
            }
        }
        close(moment)
        for id in silentUsers { silence(user: id) }
        for id in silentSubjects { silence(subject: id) }
        forgetSilentUsers()
    }

    private mutating func silence(user id: [UInt8]) {
        guard var user = users[id] else { return }
        if user.track?.held != nil { tally.implausible += 1 }
        user.track = nil
        user.silentSince = clock.steady
        user.silentSinceWall = clock.wall
        user.waits = user.waits.filter { !$0.value.isDwell }
        user.withheld = []
        users[id] = user
    }

    private mutating func silence(subject id: [UInt8]) {
        guard var subject = subjects[id] else { return }
        if subject.track?.held != nil { tally.implausible += 1 }
        subject.track = nil
        subject.isSilent = true
        subjects[id] = subject
        for id in users.keys where users[id]?.waits[subject.serial]?.isDwell == true { users[id]?.waits[subject.serial] = nil }
        stopWithholding(subject.serial)
    }
}

// MARK: - Validity

extension Model {
    /// When the next change of a subject's validity is, on the system clock.
    private func nextChange(of subject: Subject) -> Int64? {
        switch subject.validity {
        case .toBegin: subject.validFrom
        case .begun: subject.validUntil
        case .ended: nil
        }
    }

    /// - Returns: whether any was left.
    private mutating func beginAndEndNextValidities() -> Bool {
        let changes = subjects.values.compactMap { nextChange(of: $0) }.filter { $0 <= clock.wall }
        guard let instant = changes.min() else { return false }
        var moment = Moment(time: instant, origin: Origin(reference: clock.wall, steady: clock.steady))
        for var subject in subjects.values where nextChange(of: subject) == instant {
            let wasActive = subject.isActive
            subject.validity = subject.validity == .toBegin ? .begun : .ended
            subjects[subject.id] = subject
            situations += 1
            if subject.isActive {
                evaluateAllUsers(against: subject, because: .subject, in: &moment)
            } else if wasActive {
                leaveAll(of: subject, because: .removed, in: &moment)
            }
        }
        close(moment)
        return true
    }
}

extension Model.Wait {
    var isDwell: Bool {
        switch purpose {
        case .enter, .leave: true
        case .cooldown: false
        }
    }
}
