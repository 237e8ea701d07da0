// What happens by itself: dwells that are complete, silence, cooldowns that are over.
//
// Each has an *instant* in the time of the fixes, and a timer on the steady clock (`docs/decisions/0033`). Whichever shows it first, the line
// of either side at or past the instant or the timer, the same happens: everything due is taken in order of the instants, one
// moment for each, so that the events and their `ts` do not depend on what showed them.

/// The place of something due among others: by instant; at one instant dwells, then expiries, then cooldowns.
struct Due: Comparable {
    enum Rank: UInt8, Comparable {
        case dwell
        case expiry
        case cooldown

        static func < (one: Rank, other: Rank) -> Bool { one.rawValue < other.rawValue }
    }

    /// In the time of the fixes.
    var instant: Int64
    var rank: Rank

    init(_ instant: Int64, _ rank: Rank) {
        self.instant = instant
        self.rank = rank
    }

    init(_ wait: Wait) { self.init(wait.due, wait.kind == .cooldown ? .cooldown : .dwell) }

    static func < (one: Due, other: Due) -> Bool { (one.instant, one.rank) < (other.instant, other.rank) }
}

/// Something due of somebody, as timers have shown it.
struct DueItem: Comparable {
    var due: Due
    /// Whether it is a moving subject that is silent; else it is something of a user.
    var isSubject: Bool
    var slot: UInt32
    /// The other side of a dwell or a cooldown.
    var subject: UInt32
    /// When its timer was due, on the steady clock.
    var timer: Int64

    static func < (one: DueItem, other: DueItem) -> Bool {
        if one.due != other.due { return one.due < other.due }
        if one.isSubject != other.isSubject { return other.isSubject }
        return (one.slot, one.subject) < (other.slot, other.subject)
    }
}

extension Engine {
    // MARK: - Shown by a line

    /// Lets happen what is due of a user up to an instant.
    mutating func unfold(_ slot: UInt32, upTo time: Int64, now: ClockReading, into changes: inout Changes) {
        while let due = nextDue(of: slot), due.instant <= time {
            if due.rank == .expiry {
                expire(slot, at: due.instant, now: now, &changes.tally)
            } else {
                for wait in notes(of: slot)?.waits ?? [] where Due(wait) == due { finish(wait, of: slot) }
            }
            emit(into: &changes)
        }
    }

    /// What is due first of a user, whenever that is.
    private func nextDue(of slot: UInt32) -> Due? {
        var next: Due?
        if !users[slot].pointee.isSilent, rules.expireAfter > 0 { next = Due(heard(slot) + rules.expireAfter, .expiry) }
        for wait in notes(of: slot)?.waits ?? [] { next = next.map { min($0, Due(wait)) } ?? Due(wait) }
        return next
    }

    /// Lets happen what is due of a subject and its pairs up to an instant.
    mutating func unfoldSubject(_ slot: UInt32, upTo time: Int64, into changes: inout Changes) {
        settle(subject: slot)
        if isSweeping { for user in (waiting[slot] ?? []).sorted() { catchUp(user) } }
        while true {
            var next: Due?
            if let instant = expiry(ofSubject: slot) { next = Due(instant, .expiry) }
            for user in waiting.isEmpty ? [] : waiting[slot] ?? [] {
                guard let wait = wait(of: user, for: slot) else { continue }
                next = next.map { min($0, Due(wait)) } ?? Due(wait)
            }
            guard let next, next.instant <= time else { return }
            if next.rank == .expiry {
                expireSubject(slot, at: next.instant, &changes.tally)
            } else {
                // In an order that is the same in every process, since the journal shows it.
                for user in (waiting[slot] ?? []).sorted() {
                    guard let wait = wait(of: user, for: slot), Due(wait) == next else { continue }
                    finish(wait, of: user)
                }
            }
            moments.rank = next.rank
            emit(into: &changes)
        }
    }

    // MARK: - Shown by the clock

    /// Lets happen what is due by the clocks: validity by the system clock, the rest by the steady one.
    ///
    /// - Parameter limit: how much may happen, in events and in what they come of, before this returns, at the end of a moment, with
    ///   ``isBehindClock``; then nothing but this may be asked of the engine, until it is not. So what is due of a million users at once need not be one piece.
    /// - Complexity: O(1) if nothing is due; O(log n) for each of what is due.
    public mutating func advance(to now: ClockReading, into changes: inout Changes, atMost limit: Int = .max) {
        present = now
        isAdvancing = true
        defer { isAdvancing = false }
        timers.start(at: now.steady)
        startUseClock(now)
        unfoldValidity(now: now, into: &changes)
        forgetSignOffs(now: now.wall)
        forgetPlaces(now: now.wall, into: &changes)
        var happened = 0
        let before = changes.transitions.count
        repeat {
            moments.line &+= 1
            ring(now: now, into: &changes)
            while let first = items.first, happened + changes.transitions.count - before < limit {
                var moment: [DueItem] = []
                while let item = items.first, item.due == first.due {
                    // The same thing may be named twice.
                    if let item = items.removeFirst(), item != moment.last, isStillDue(item, now: now.steady) { moment.append(item) }
                }
                for item in moment { happen(item, now: now, &changes.tally) }
                moments.rank = first.due.rank
                emit(into: &changes)
                happened += moment.count
            }
        } while items.isEmpty && timers.isDue(now.steady)
        flush(into: &changes)
        ringing = nil
    }

    /// Whether ``advance(to:into:atMost:)`` has come to its limit, and is to be called again.
    public var isBehindClock: Bool { !items.isEmpty }

    /// When ``advance(to:into:atMost:)`` must be called again at the latest, on the steady clock; `nil` if nothing is pending.
    ///
    /// What depends on the system clock is looked at once a second, since it may step.
    public func wake(now: ClockReading) -> Int64? {
        let instants = [validityQueue.first?.due, placeEnds.first?.due, signOffPlaceEnds.first?.until]
        guard let instant = instants.compactMap(\.self).min() else { return timers.wake }
        let next = now.steady + min(1000, max(0, instant - now.wall))
        return timers.wake.map { min($0, next) } ?? next
    }

    /// Collects the items whose timers are due.
    private mutating func ring(now: ClockReading, into changes: inout Changes) {
        ringing = now.steady
        while let alarm = timers.next(now: now.steady) {
            switch alarm.kind {
            case .user: ring(user: alarm.slot, now: now)
            case .forget: forget(alarm.slot, now: now.steady, into: &changes)
            case .wait: bring(alarm.slot, now: now.steady)
            case .subject: ring(subject: alarm.slot, now: now)
            }
        }
    }

    private mutating func ring(user slot: UInt32, now: ClockReading) {
        unwatch(slot)
        let user = users[slot]
        guard user.pointee.isUsed, !user.pointee.isSilent, rules.expireAfter > 0 else { return }
        let due = user.pointee.heardAt &+ rules.expireAfter
        guard due <= now.steady else {
            watch(slot)
            return
        }
        bring(slot, now: now.steady)
    }

    private mutating func ring(subject slot: UInt32, now: ClockReading) {
        unwatchSubject(slot)
        guard subjects[slot].pointee.isUsed, let instant = expiry(ofSubject: slot) else { return }
        let due = motions[subjects[slot].pointee.motion].pointee.heardAt &+ rules.expireAfter
        guard due <= now.steady else {
            watchSubject(slot)
            return
        }
        items.insert(DueItem(due: Due(instant, .expiry), isSubject: true, slot: slot, subject: 0, timer: due))
    }

    /// The latest instant of a user whose timer is due.
    func latestDue(of slot: UInt32, now: Int64) -> Int64? {
        var latest: Int64?
        let user = users[slot]
        guard user.pointee.isUsed else { return nil }
        if !user.pointee.isSilent, rules.expireAfter > 0, user.pointee.heardAt &+ rules.expireAfter <= now {
            latest = heard(slot) + rules.expireAfter
        }
        for wait in notes(of: slot)?.waits ?? [] where wait.timer <= now { latest = max(latest ?? .min, wait.due) }
        return latest
    }

    /// Notes as due everything of a user up to the latest instant whose timer is due, so that a user's events are in order.
    private mutating func bring(_ slot: UInt32, now: Int64) {
        catchUp(slot)
        guard let latest = latestDue(of: slot, now: now) else { return }
        for wait in notes(of: slot)?.waits ?? [] where wait.due <= latest {
            items.insert(DueItem(due: Due(wait), isSubject: false, slot: slot, subject: wait.subject, timer: wait.timer))
        }
        guard !users[slot].pointee.isSilent, rules.expireAfter > 0, heard(slot) + rules.expireAfter <= latest else { return }
        let due = Due(heard(slot) + rules.expireAfter, .expiry)
        items.insert(DueItem(due: due, isSubject: false, slot: slot, subject: 0, timer: users[slot].pointee.heardAt &+ rules.expireAfter))
    }

    /// Whether what brought an item along has not come to nothing before it could happen.
    private mutating func isStillDue(_ item: DueItem, now: Int64) -> Bool {
        if item.isSubject { return true }
        if let latest = latestDue(of: item.slot, now: now), item.due.instant <= latest { return true }
        if item.due.rank != .expiry { timers.insert(Alarm(due: item.timer, kind: .wait, slot: item.slot)) }
        return false
    }

    private mutating func happen(_ item: DueItem, now: ClockReading, _ tally: inout Tally) {
        toSteady = item.timer &- item.due.instant
        if item.isSubject {
            let before = tally
            if expiry(ofSubject: item.slot) == item.due.instant { expireSubject(item.slot, at: item.due.instant, &tally) }
            moments.count(from: before, to: tally)
        } else if item.due.rank == .expiry {
            guard !users[item.slot].pointee.isSilent, heard(item.slot) + rules.expireAfter == item.due.instant else { return }
            expire(item.slot, at: item.due.instant, now: now, &tally)
        } else if let wait = wait(of: item.slot, for: item.subject), Due(wait) == item.due {
            finish(wait, of: item.slot)
        }
    }

    // MARK: - Dwells and cooldowns

    /// What a pair waits for.
    @inline(__always)
    func wait(of user: UInt32, for subject: UInt32) -> Wait? {
        guard users[user].pointee.hasNotes else { return nil }
        return userNotes[user]?.waits.first { $0.subject == subject }
    }

    mutating func begin(_ kind: Wait.Kind, of user: UInt32, for subject: UInt32, cause: Cause, due: Int64, toSteady: Int64) {
        let wait = Wait(kind: kind, cause: cause, subject: subject, due: due, timer: due &+ toSteady)
        withNotes(user) { $0.waits.append(wait) }
        waiting[subject, default: []].insert(user)
        if let ringing, let latest = latestDue(of: user, now: ringing), due <= latest {
            bring(user, now: ringing)
        } else {
            timers.insert(Alarm(due: wait.timer, kind: .wait, slot: user))
        }
    }

    mutating func endWait(of user: UInt32, for subject: UInt32) {
        withNotes(user) { notes in notes.waits.removeAll { $0.subject == subject } }
        waiting[subject]?.remove(user)
        if waiting[subject]?.isEmpty == true { waiting[subject] = nil }
    }

    /// A dwell is complete, or a cooldown over.
    private mutating func finish(_ wait: Wait, of slot: UInt32) {
        endWait(of: slot, for: wait.subject)
        switch wait.kind {
        case .enter:
            removeException(slot, wait.subject)
            note(isEnter: true, wait.subject, of: slot, cause: wait.cause, time: wait.due)
        case .leave:
            removeException(slot, wait.subject)
            note(isEnter: false, wait.subject, of: slot, cause: wait.cause, time: wait.due)
        case .cooldown:
            guard !users[slot].pointee.isSilent, subjects[wait.subject].pointee.isActive else { return }
            reask(slot, wait.subject, cause: .user, time: wait.due)
        }
    }

    private mutating func removeException(_ slot: UInt32, _ subject: UInt32) {
        let user = users[slot]
        if let place = user.pointee.exceptions.elements.firstIndex(where: { $0.subject == subject }) {
            removeBystander(slot, of: subject, at: user.pointee.exceptions.elements[place].place)
            user.pointee.exceptions.swapRemove(at: place, in: lists)
            setSlack(slot, to: 0)
        }
        user.pointee.isNearOutside = user.pointee.exceptions.elements.contains { $0.state == .outside }
    }

    // MARK: - Silence of users

    /// Puts a user into the ring that watches for silence, if the slot does not stand there.
    @inline(__always)
    mutating func watch(_ slot: UInt32) {
        guard rules.expireAfter > 0, !users[slot].pointee.isWatched else { return }
        users[slot].pointee.isWatched = true
        timers.insert(Alarm(due: users[slot].pointee.heardAt &+ rules.expireAfter, kind: .user, slot: slot))
    }

    /// Notes that the slot does not stand in the ring any more.
    private mutating func unwatch(_ slot: UInt32) {
        guard users[slot].pointee.isWatched else { return }
        users[slot].pointee.isWatched = false
        if users[slot].pointee.isVacant { users.vacate(slot) }
    }

    /// Puts everybody into the ring anew, because silence is judged otherwise.
    mutating func watchAnew() {
        timers.removeSilence()
        for slot in 0..<UInt32(users.count) {
            unwatch(slot)
            guard users[slot].pointee.isUsed else { continue }
            if users[slot].pointee.isSilent { awaitForgetting(slot) } else { watch(slot) }
        }
        for slot in 0..<UInt32(subjects.count) {
            unwatchSubject(slot)
            watchSubject(slot)
        }
    }

    /// A user has fallen silent: every encounter closes, and the position is forgotten.
    private mutating func expire(_ slot: UInt32, at instant: Int64, now: ClockReading, _ tally: inout Tally) {
        let user = users[slot]
        for pair in user.pointee.pairs.elements { note(isEnter: false, pair.subject, of: slot, cause: .expired, time: instant) }
        for wait in notes(of: slot)?.waits ?? [] where wait.kind != .cooldown { endWait(of: slot, for: wait.subject) }
        if let held = notes(of: slot)?.held { user.pointee.time = max(user.pointee.time, held.time) }
        dropHeld(slot, &tally)
        if user.pointee.hasNotes { withNotes(slot) { $0.heard = nil } }
        leaveCell(slot)
        freeExceptions(slot)
        user.pointee.isNearOutside = false
        user.pointee.isSilent = true
        user.pointee.latitude = 0
        user.pointee.longitude = 0
        user.pointee.accuracy = 0
        user.pointee.slack = 0
        user.pointee.silentSince = now.wall
        user.pointee.heardAt = now.steady
        userCount -= 1
        limits[slot]?.withheld = []
        hasForgottenPositions = true
        touch(slot)
        hasStaleBriefs = true
        awaitForgetting(slot)
        awaitPlaceEnd(of: slot)
    }

    /// Sees to it that a silent user is forgotten.
    mutating func awaitForgetting(_ slot: UInt32) {
        timers.insert(Alarm(due: users[slot].pointee.heardAt &+ rules.forgetAfter, kind: .forget, slot: slot))
    }

    /// Forgets a user who is still silent.
    private mutating func forget(_ slot: UInt32, now: Int64, into changes: inout Changes) {
        catchUp(slot)
        let user = users[slot]
        guard user.pointee.isUsed, user.pointee.isSilent, user.pointee.heardAt &+ rules.forgetAfter <= now else { return }
        rememberLimits(slot, into: &changes)
        depart(slot, hash: hash(user.pointee.id))
    }

    // MARK: - Silence of subjects

    /// When a moving subject that is not silent falls silent, in the time of the fixes.
    @inline(__always)
    func expiry(ofSubject slot: UInt32) -> Int64? {
        let subject = subjects[slot]
        guard rules.expireAfter > 0, subject.pointee.isMoving, !subject.pointee.flags.contains(.silent) else { return nil }
        return motions[subject.pointee.motion].pointee.heard + rules.expireAfter
    }

    mutating func watchSubject(_ slot: UInt32) {
        let subject = subjects[slot]
        guard expiry(ofSubject: slot) != nil, !subject.pointee.flags.contains(.watched) else { return }
        subject.pointee.flags.insert(.watched)
        if beside == .staged { noteStale(slot) }
        timers.insert(Alarm(due: motions[subject.pointee.motion].pointee.heardAt &+ rules.expireAfter, kind: .subject, slot: slot))
    }

    /// Notes that the slot does not stand in the ring any more.
    private func unwatchSubject(_ slot: UInt32) {
        subjects[slot].pointee.flags.remove(.watched)
        other.record(slot)?.pointee.flags.remove(.watched)
    }
}
