// What a user may not do too much: enter distinct subjects, be granted details, make reports; and how that outlives the user.
//
// Few users have anything here, so that it lies beside the records; a flag in the record says whether there is something. A pair that a
// limit keeps outside is an exception (`Evaluation.swift`): near and outside, so that it is asked again at every evaluation.

/// What the engine keeps of a user with limits.
struct LimitRecord {
    /// What is stored.
    var limits = UserLimits()
    /// The slots of subjects that the limit keeps the user outside of, counted already. Is not stored: nobody keeps count across a restart.
    var withheld: Set<UInt32> = []

    var isEmpty: Bool { limits.isEmpty && withheld.isEmpty }
}

extension Engine {
    // MARK: - What is remembered

    /// Changes what the limits know of a user, and has the next journal tell it.
    mutating func change(_ slot: UInt32, _ change: LimitChange) {
        limits[slot, default: LimitRecord()].limits.apply(change)
        users[slot].pointee.hasLimits = true
        limitChanges.appendVarint(UInt64(slot))
        limitChanges.append(change)
        limitChangeCount += 1
    }

    /// Forgets what the limits know of a user who departs.
    mutating func dropLimits(_ slot: UInt32) {
        guard users[slot].pointee.hasLimits else { return }
        change(slot, .gone)
        limits[slot] = nil
        users[slot].pointee.hasLimits = false
    }

    /// Forgets what counts no more of the users of a few slots, the next ones each time, so that it stays in memory for no longer than it
    /// takes to come round.
    ///
    /// Nobody can tell: a user's `ts` only grow.
    ///
    /// - Complexity: O(slots + what is remembered of their users).
    public mutating func sweepLimits(_ slots: Int) {
        guard !limits.isEmpty else { return }
        for _ in 0..<min(slots, users.count) {
            limitSweep = limitSweep + 1 < UInt32(users.count) ? limitSweep + 1 : 0
            guard users[limitSweep].pointee.hasLimits else { continue }
            limits[limitSweep]?.limits.forget(upTo: users[limitSweep].pointee.time)
            forgetUses(limitSweep)
            if limits[limitSweep]?.isEmpty ?? true {
                limits[limitSweep] = nil
                users[limitSweep].pointee.hasLimits = false
            }
        }
    }

    /// The name under which limits know a subject.
    func limitHash(_ subject: UInt32) -> UInt64 { subjectHash(record(named: subject).pointee.id.bytes) }

    // MARK: - Entering

    /// Whether there is any limit that may keep a user outside.
    @inline(__always)
    func isLimited(_ user: UInt32) -> Bool { rules.subjectsPerUser != nil || users[user].pointee.hasLimits }

    /// Whether an enter that is due may happen; if it may, it is counted against the user, and else it is counted as withheld.
    ///
    /// The window is that of the enter's `ts`, or of the user's last fix if that is later: so what is over stays over.
    mutating func admits(_ pending: Pending, _ tally: inout Tally) -> Bool {
        let user = pending.user
        let time = max(pending.time, users[user].pointee.time)
        if let until = muteEnd(pending.subject, of: user), time < until { return false }
        guard let limit = rules.subjectsPerUser else { return true }
        let subject = limitHash(pending.subject)
        guard hasRoom(user, for: subject, limit, at: time) else {
            if limits[user, default: LimitRecord()].withheld.insert(pending.subject).inserted { tally.withheld += 1 }
            users[user].pointee.hasLimits = true
            return false
        }
        change(user, .entered(subject, until: pending.time + limit.span))
        return true
    }

    /// The `ts` until which the follow guard keeps a user outside of a subject; `nil` if it does not, or did long ago.
    func muteEnd(_ subject: UInt32, of user: UInt32) -> Int64? {
        guard users[user].pointee.hasLimits, let mutes = limits[user]?.limits.mutes, !mutes.isEmpty else { return nil }
        return mutes[limitHash(subject)]
    }

    /// Whether a user may enter a subject at the `ts` of the user's last fix.
    func hasRoom(_ user: UInt32, for subject: UInt32) -> Bool {
        rules.subjectsPerUser.map { hasRoom(user, for: limitHash(subject), $0, at: users[user].pointee.time) } ?? true
    }

    /// Whether the distinct subjects that count at a `ts`, this one included, are no more than a limit allows.
    private func hasRoom(_ user: UInt32, for subject: UInt64, _ limit: Rules.Limit, at time: Int64) -> Bool {
        guard let entered = limits[user]?.limits.entered else { return limit.count > 0 }
        // Mostly there is no need to see which of them still count.
        if entered.count < limit.count { return true }
        return entered.count { $0.value > time && $0.key != subject } < limit.count
    }

    /// Leaves a pair outside that is near and would enter: it is asked again whenever it is evaluated.
    mutating func keepOutside(_ pending: Pending) {
        let user = users[pending.user]
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        let place = user.pointee.exceptions.elements.firstIndex { $0.subject == pending.subject }
        setException(pending.user, pending.subject, at: place, to: .outside, halo)
    }

    /// Notes that nothing is withheld from a pair any more: it has entered, is near no more, or is active no more.
    @inline(__always)
    mutating func stopWithholding(_ subject: UInt32, from user: UInt32) {
        if users[user].pointee.hasLimits { limits[user]?.withheld.remove(subject) }
    }

    // MARK: - Using

    /// The daemon's clock, in Unix milliseconds, on which uses are counted: it does not step with the system clock.
    var useClock: Int64 { present.steady &+ (useClockOffset ?? present.wall &- present.steady) }

    /// Lets the clock on which uses are counted begin.
    mutating func startUseClock(_ now: ClockReading) { if useClockOffset == nil { useClockOffset = now.wall &- now.steady } }

    /// Forgets uses of a user that count no more.
    private mutating func forgetUses(_ slot: UInt32) {
        for use in LimitedUse.allCases {
            guard let times = limits[slot]?.limits[use], !times.isEmpty else { continue }
            let kept = times.filter { counts($0, for: use) }
            limits[slot]?.limits[use] = kept
        }
    }

    func counts(_ time: Int64, for use: LimitedUse) -> Bool {
        guard let limit = rules[use] else { return false }
        // A system clock that was ahead before the last start has left times of the future.
        return min(time, useClock) > useClock - limit.span
    }

    /// Whether a user has something left of what is limited; of a user who has signed off, too.
    ///
    /// - Complexity: O(uses within the span).
    public func mayUse(_ use: LimitedUse, user id: [UInt8]) -> Bool {
        guard let limit = rules[use] else { return true }
        let times: [Int64]
        if let slot = findUser(id) {
            times = limits[slot]?.limits[use] ?? []
        } else {
            times = OutlivingLimits(signOffs[signOffHash(id)]?.limits ?? []).limits[use]
        }
        return times.count { counts($0, for: use) } < limit.count
    }

    /// Counts a use against a user, whom the engine need not know.
    ///
    /// - Complexity: O(uses within the span).
    public mutating func use(_ use: LimitedUse, user id: [UInt8], into changes: inout Changes) {
        guard let limit = rules[use] else { return }
        if let slot = findUser(id) {
            forgetUses(slot)
            change(slot, .used(use, at: useClock))
            return
        }
        let hash = signOffHash(id)
        let signOff = signOffs[hash].flatMap { $0.until > present.wall ? $0 : nil }
        var outliving = OutlivingLimits(signOff?.limits ?? [])
        outliving.limits[use].removeAll { !counts($0, for: use) }
        outliving.limits[use].append(useClock)
        let until = max(signOff?.until ?? 0, present.wall + limit.span)
        remember(SignOff(hash: hash, time: signOff?.time ?? -1, until: until, limits: outliving.bytes), into: &changes)
    }
}

extension Rules {
    /// How often something may be used; `nil` is unlimited.
    subscript(use: LimitedUse) -> Limit? {
        switch use {
        case .details: detailsPerUser
        case .reports: reportsPerUser
        }
    }
}
