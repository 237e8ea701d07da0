// The staged edition of the register takes the place of the live one, at once and without a pause.
//
// The swap is an exchange of tables, dated by the clock. What it means for the pairs is worked out user by user, a few at a time between
// batches, and for everybody at the latest before anything else happens to them: before a line of theirs, a timer of theirs, or a subject
// that moves near them. So each user's events are those of a register that was swapped in one moment, and nobody waits for a million
// others.
//
// A pair is asked only if its subject has *changed*: it came, went, or was put elsewhere. Whether it was inside is what the user's open
// pairs say. When all users have been asked, the edition that was is taken apart, piece by piece too, and its slots are free.

/// A swap that not everybody has taken part in.
struct Sweep {
    /// The moment of the swap.
    let now: ClockReading
    /// Slots of subjects that the swap has not changed; `nil` if that is not known, and each may have changed.
    private var same: SlotSet?
    /// Users' slots below this have been asked.
    var next: UInt32 = 0
    /// Slots from here on belong to users who came later.
    let end: UInt32
    /// Those that were asked out of turn.
    private var asked: SlotSet

    init(now: ClockReading, same: SlotSet?, users: Int) {
        self.now = now
        self.same = same
        end = UInt32(users)
        asked = SlotSet(roomFor: users)
    }

    /// What the edition before was is not known any more.
    var isBlind: Bool { same == nil }

    /// Whether the swap has changed where a subject is, or that it is.
    @inline(__always)
    func hasChanged(_ subject: UInt32) -> Bool { same.map { !$0.contains(subject) } ?? true }

    /// Notes that nobody has to do with a subject's change any more.
    mutating func forgetChange(of subject: UInt32) { same?.insert(subject) }

    func isPending(_ user: UInt32) -> Bool { user >= next && user < end && !asked.contains(user) }

    mutating func finish(_ user: UInt32) { if user < end { asked.insert(user) } }
}

/// How much of a swap is worked out at a time.
public struct SweepLimit: Sendable {
    /// Users that are asked, and subjects of the edition before that are taken apart.
    public var steps: Int
    /// Events after which no further user is asked.
    public var events: Int

    public init(steps: Int, events: Int) {
        self.steps = steps
        self.events = events
    }

    /// About two milliseconds, as measured with a million users and a million subjects.
    public static let slice = SweepLimit(steps: 500, events: 1000)
    /// All of it, as one moment.
    public static let all = SweepLimit(steps: .max, events: .max)
}

extension Engine {
    /// Whether a swap, or the end of an edition that was dropped, is not settled.
    public var isSettling: Bool { beside == .departing || beside == .dropped }

    /// Whether a swap is not settled.
    public var isSwapped: Bool { beside == .departing }
    /// Whether a swap is worked out anew, because a crash has cut it short: nothing else may happen before.
    public var isBlind: Bool { isSweeping && sweep?.isBlind == true }

    /// Makes the staged edition the register. What this changes is worked out by ``settle(_:into:)``.
    ///
    /// - Parameter now: the system clock's reading is the `ts` of what this causes.
    /// - Returns: how many subjects the register has now.
    /// - Complexity: O(1), and O(subjects whose stored state differs); see ``prepare(_:now:)``.
    /// - Precondition: an edition is staged.
    public mutating func swapEditions(now: ClockReading) -> Int {
        precondition(beside == .staged, "no edition is staged")
        begin(now)
        repeat { prepare(1 << 16, now: now) } while isBehind
        let count = other.count
        swap(&subjects, &other.subjects)
        swap(&grid, &other.grid)
        swap(&validities, &other.validities)
        other.count = subjectCount
        subjectCount = count
        beside = .departing
        retired = 0
        for slot in other.restated.sorted() {
            blurHeld(slot)
            touchSubject(slot)
        }
        other.restated = []
        sweep = Sweep(now: now, same: other.same, users: users.count)
        other.same = SlotSet()
        isSweeping = true
        return count
    }

    /// Works out a part of the last swap, as one moment, or takes apart what it left behind.
    ///
    /// - Parameter changes: its transitions name subjects that the register does not have any more; take them before the next call.
    /// - Returns: whether all is settled; then another edition can be begun.
    /// - Complexity: for each user that of a first fix; for each subject of the edition before O(1).
    public mutating func settle(_ limit: SweepLimit, into changes: inout Changes) -> Bool {
        var left = limit.steps
        if isSweeping {
            while let slot = sweep?.next, let end = sweep?.end, slot < end, left > 0, scratch.pending.count < limit.events {
                left -= 1
                if sweep?.isPending(slot) == true { reconcile(slot) }
                sweep?.next += 1
            }
            emit(into: &changes)
            guard let sweep, sweep.next >= sweep.end else { return false }
            isSweeping = false
        }
        guard changes.transitions.isEmpty else { return false }
        // A subject is much less work than a user.
        var retirements = left.multipliedReportingOverflow(by: 16).overflow ? left : left * 16
        while isSettling, retirements > 0 {
            retirements -= 1
            if Int(retired) < other.subjects.count {
                retire(retired, into: &changes)
                retired += 1
            } else {
                freeSubjects.append(contentsOf: other.vacated)
                other = Edition()
                beside = .nothing
                sweep = nil
            }
        }
        return !isSettling
    }

    // MARK: - Out of turn

    /// Lets a user take part in the swap before anything else happens to them.
    @inline(__always)
    mutating func catchUp(_ slot: UInt32) { if isSweeping { catchUpNow(slot) } }

    /// Lets a user take part in the swap, so that ``user(_:)`` and ``explain(user:subject:now:)`` say what is.
    public mutating func catchUp(_ id: [UInt8], into changes: inout Changes) {
        guard isSweeping, let slot = findUser(id) else { return }
        catchUpNow(slot)
        flush(into: &changes)
    }

    private mutating func catchUpNow(_ slot: UInt32) {
        guard sweep?.isPending(slot) == true else { return }
        // The moment of the swap comes before the one that is being gathered.
        let gathered = scratch.pending
        scratch.pending = []
        // Before, since a dwell that is due as soon as it begins asks for the user once more.
        sweep?.finish(slot)
        reconcile(slot)
        emitEarly()
        // A dwell that began with the swap may be complete by now; while the clocks advance, its timer has its turn anyway.
        if !isAdvancing, let latest = latestDue(of: slot, now: present.steady) {
            var early = Changes()
            swap(&early, &scratch.early)
            unfold(slot, upTo: latest, now: present, into: &early)
            swap(&early, &scratch.early)
        }
        scratch.pending = gathered
    }

    /// Lets everybody take part in the swap whom a subject's change concerns, so that it can change again.
    mutating func settle(subject slot: UInt32) {
        guard isSweeping, sweep?.hasChanged(slot) == true else { return }
        scratch.users.removeAllForReuse()
        collectUsers(slot, from: other.activePosition(slot), to: activePosition(slot), isStep: false)
        scratch.users.append(contentsOf: waiting[slot] ?? [])
        for user in scratch.users.sorted() { catchUpNow(user) }
        sweep?.forgetChange(of: slot)
    }

    /// Forgets what a subject was in the edition beside the live one, because it is removed and nobody has anything to do with that any more.
    mutating func forgetFormer(_ slot: UInt32, _ tally: inout Tally) {
        guard isSettling, let old = other.record(slot) else { return }
        if beside == .departing { releaseMotion(of: old.pointee, at: slot, &tally) }
        other.forget(slot)
    }

    // MARK: - One user, one subject

    /// Asks the pairs of a user that the swap has changed, and notes what comes of it.
    private mutating func reconcile(_ slot: UInt32) {
        guard users[slot].pointee.isUsed else { return }
        let user = users[slot]
        collectChanged(slot)
        guard let sweep else { return }
        if !user.pointee.isSilent {
            // Whom the pairs were not judged with is near by, perhaps.
            reanchor(slot) { sweep.hasChanged($0) }
            user.pointee.slack = 0
        }
        guard !scratch.changed.isEmpty else { return }
        scratch.changed.sort()
        let halo = Halo(
            center: user.pointee.position, radius: user.pointee.radius, accuracy: user.pointee.accuracy, rules: rules, metrics: metrics)
        // A few are searched for in the list.
        let inside = scratch.changed.count > 16 ? Set(user.pointee.pairs.elements.map(\.subject)) : nil
        let former = toSteady
        // After a crash, what dwells is counted from when the user was last heard of, as it is for those who had taken part.
        toSteady = sweep.now.steady &- (sweep.isBlind ? heard(slot) : sweep.now.wall)
        var last: UInt32?
        for subject in scratch.changed where subject != last {
            last = subject
            if !user.pointee.isSilent {
                let isInside = inside?.contains(subject) ?? user.pointee.pairs.elements.contains { $0.subject == subject }
                let new = activePosition(subject)
                judge(
                    subject, of: slot, isInside ? .inside : .outside, halo,
                    exception: user.pointee.exceptions.elements.firstIndex { $0.subject == subject }, to: new,
                    cause: new == nil ? .removed : .subject, time: sweep.now.wall)
            }
            if !subjects[subject].pointee.isUsed, wait(of: slot, for: subject) != nil { endWait(of: slot, for: subject) }
        }
        toSteady = former
    }

    /// Collects the subjects that the swap has changed and that a user has or will have to do with; some may be there twice.
    private mutating func collectChanged(_ slot: UInt32) {
        let user = users[slot]
        scratch.changed.removeAll(keepingCapacity: true)
        guard let sweep else { return }
        for pair in user.pointee.pairs.elements where sweep.hasChanged(pair.subject) { scratch.changed.append(pair.subject) }
        for exception in user.pointee.exceptions.elements where sweep.hasChanged(exception.subject) {
            scratch.changed.append(exception.subject)
        }
        for wait in notes(of: slot)?.waits ?? [] where sweep.hasChanged(wait.subject) { scratch.changed.append(wait.subject) }
        guard !user.pointee.isSilent else { return }
        scratch.candidates.removeAll(keepingCapacity: true)
        scanDisc(Disc(user.pointee.position, radius: user.pointee.radius, margin: 0, metrics: metrics))
        for candidate in scratch.candidates where sweep.hasChanged(candidate.subject) { scratch.changed.append(candidate.subject) }
        scratch.candidates.removeAll(keepingCapacity: true)
    }

    /// Takes a subject of the edition before out of the tables.
    private mutating func retire(_ slot: UInt32, into changes: inout Changes) {
        guard let old = other.record(slot) else { return }
        let isLive = subjects[slot].pointee.isUsed
        if beside == .departing, let sweep {
            let time = lastTime(old.pointee)
            if !isLive, time >= 0 {
                let until = sweep.now.wall + max(Self.signOffSpan, rules.forgetAfter)
                remember(SignOff(hash: subjectHash(old.pointee.id.bytes), time: time, until: until), into: &changes)
            }
            releaseMotion(of: old.pointee, at: slot, &changes.tally)
        }
        if !isLive {
            subjectIndex.remove(hash(old.pointee.id), slot: slot)
            other.vacated.append(slot)
        }
        old.pointee.id.free()
        old.pointee = SubjectRecord()
    }

    /// Lets go of what a subject of the edition before had moved by, unless the register has it too.
    private mutating func releaseMotion(of old: SubjectRecord, at slot: UInt32, _ tally: inout Tally) {
        guard old.motion != SubjectRecord.noMotion, subjects[slot].pointee.motion != old.motion else { return }
        if motions[old.motion].pointee.held != nil { tally.implausible += 1 }
        motions[old.motion].pointee.bystanders.free(in: lists)
        motions[old.motion].pointee = MotionRecord()
        freeMotions.append(old.motion)
    }
}
