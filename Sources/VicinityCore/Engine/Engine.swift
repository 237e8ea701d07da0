// The heart: halos slide, and what changes comes out, in the contract's order.
//
// What every fix or event calls is inlined, or is `mutating` even where it changes nothing: a borrowing method that a mutating one calls is given
// a copy of the engine, all 2.6 KB of it (Swift 6.3.1; seen as a sixth of the time of fixes that bring events).
//
// The engine is a function of (state, input, now). It knows no clock, no file and no chance; whoever owns it brings the time, takes
// the transitions and makes them durable. One thread owns it.
//
// What it keeps of a pair is almost nothing: a pair is inside exactly if the subject was near (d ≤ r) at the user's last
// evaluation, unless the user's short list of exceptions says otherwise (the margin, and who may not enter). So a fix that moves
// a halo from A to B looks only at the subjects for which near(A) and near(B) may differ, the ring between the two edges, and at the
// exceptions; everything else cannot have changed. `Evaluation.swift` does this. The open pairs' seq and time are touched only
// when an event happens.
//
//     Engine.swift        the state, the way of one batch
//     Lines.swift         what becomes of one line
//     Unfolding.swift     what happens by itself: dwells, cooldowns, silence
//     Plans.swift         what a group of lines will meet
//     Evaluation.swift    a user moves
//     SlackRegion.swift   where a user may go before a pair can change
//     Slack.swift         what subjects take from that
//     Register.swift      a subject is put or removed, and whom its place concerns
//     Movement.swift      a subject moves by its own fixes
//     Precision.swift     a subject is known by the centre of a cell
//     Validity.swift      a subject is active for a time
//     Suspensions.swift   a subject is suspended and resumed
//     Nearness.swift      who may be told of a subject
//     Forgetting.swift    a user is forgotten
//     Edition.swift       a new edition of the register is staged
//     Swap.swift          and takes the place of the live one
//     Emission.swift      order, numbers, what an enter discloses
//     Limits.swift        what a user may not do too much
//     FollowGuard.swift   who follows a moving subject
//     OutlivingLimits.swift  what is kept of a user who is gone
//     Journal.swift       the state as bytes: journals and pages
//     Restoration.swift   and back
//     Cut.swift           all open pairs as of one seq, piece by piece

import CPrimitives

/// Users, subjects and pairs; see the top of this file.
///
/// Not `Sendable`: it is made and used on the engine's thread.
public struct Engine: ~Copyable {
    public var rules: Rules {
        didSet {
            greatestMargin = max(greatestMargin, rules.greatestMargin)
            dwells = Dwells(rules)
            disclosing = Disclosing(rules.disclosure)
            edition += 1
            uncover()
            if rules.expireAfter != oldValue.expireAfter || rules.forgetAfter != oldValue.forgetAfter { watchAnew() }
        }
    }
    /// Hashes ids for this engine; decoders use it.
    public let hasher: IDHasher
    let signOffKey: SipHashKey
    /// What the cells of subjects follow from; see `Precision.swift`.
    var precisionKey: SipHashKey
    let metrics = MetricTable()
    let compass = Compass()

    var users = Segments<UserRecord>(blank: UserRecord())
    /// Where the users' pairs and exceptions lie, and the bystanders of subjects: 64 GiB, more than 2,000 million pairs.
    let lists = BlockHeap(.lists, reach: 64 << 30)
    var userIndex = IDIndex()
    var freeUsers = FreeSlots()
    public internal(set) var userCount = 0

    var subjects = Segments<SubjectRecord>(blank: SubjectRecord())
    var subjectIndex = IDIndex()
    var freeSubjects: [UInt32] = []
    public internal(set) var subjectCount = 0
    var kinds: [[UInt8]] = []
    var kindIndex: [[UInt8]: UInt32] = [:]

    /// The edition of the register that is to come, or that was; see `Edition.swift` and `Swap.swift`.
    var other = Edition()
    var beside = Beside.nothing
    var sweep: Sweep?
    /// Whether some user has not taken part in the last swap.
    public internal(set) var isSweeping = false
    /// The clocks as of the last call.
    var present = ClockReading(wall: 0, steady: 0)
    /// Whether ``advance(to:into:)`` is at work.
    var isAdvancing = false
    /// Slots of the other edition below this have been given back.
    var retired: UInt32 = 0

    /// Of the subjects that have moved.
    var motions = Segments<MotionRecord>(blank: MotionRecord())
    var freeMotions: [UInt32] = []
    /// Of the subjects that are not active for ever, by slot.
    var validities: [UInt32: Validity] = [:]
    /// When validities begin and end, on the system clock.
    var validityQueue = DueHeap<Alarm>()
    /// For those who ask for details; see ``Rules/detailsGrace``.
    var recentLeaves = RecentLeaves()
    /// Those that are not in it yet; the slots are as of now.
    var leaves: [Leave] = []
    /// Those that events have named.
    var reportKinds: [String] = []
    /// By the id of the subject, whether the register has it or not.
    var suspended: [[UInt8]: SuspensionSources] = [:]

    /// What is kept of few users only, by slot.
    var userNotes: [UInt32: UserNotes] = [:]
    /// For explanations only.
    var refusals = RefusalTable()
    /// By the subject's slot, the users whose pair with it dwells or cools down.
    var waiting: [UInt32: Set<UInt32>] = [:]
    /// On the steady clock.
    var timers = TimerRing()
    /// What the timers have shown and has not happened yet.
    var items = DueHeap<DueItem>()
    /// The steady clock while that happens.
    var ringing: Int64?
    /// What to add to an instant of the present line, or of whatever else happens, to have its timer on the steady clock.
    var toSteady: Int64 = 0
    var dwells: Dwells
    private(set) var disclosing: Disclosing
    /// How often the rules have changed.
    var edition = 0

    var grid = SubjectGrid()
    var userGrid = UserGrid()
    /// Metres beyond its radius at which a pair of some user may still be inside; never shrinks, since a reload changes no pair.
    var greatestMargin: Double

    public internal(set) var pairCount = 0
    /// The seq of the last event, 0 before the first.
    public internal(set) var head: Int64 = 0

    var signOffs: [UInt64: SignOff] = [:]
    var signOffOrder = DueHeap<SignOffEnd>()
    /// When the first place of a sign-off counts no more.
    var signOffPlaceEnds = DueHeap<SignOffEnd>()

    /// Of users with limits, by slot.
    var limits: [UInt32: LimitRecord] = [:]
    /// When the first place of a silent user counts no more, on the system clock.
    var placeEnds = DueHeap<Alarm>()
    /// The slot that ``sweepLimits(_:)`` came to last.
    var limitSweep: UInt32 = 0
    /// What to add to the steady clock to have that on which uses are counted; fixed when the engine is first told the time.
    var useClockOffset: Int64?

    /// Whether a position was forgotten that older journals and pages still hold; who takes those away resets it.
    public var hasForgottenPositions = false

    // The journal of the steps since it was last taken.
    var journalOperations: [UInt8] = []
    var operationCount = 0
    /// The seq and the time of the last pair that opened among them; zeros if there is none.
    var lastOpened: (seq: Int64, time: Int64) = (0, 0)
    var limitChanges: [UInt8] = []
    var limitChangeCount = 0
    var touched: [UInt32] = []
    /// Users as their fixes have left them, in the order of the fixes; see ``noteStep(_:)``.
    var briefUsers: [BriefUser] = []
    var briefReference = BriefUser.Reference(time: 0, radius: 0)
    /// Whose fix is being taken, and will be noted at its end.
    var stepping = Plan.nobody
    /// Whether somebody has gone or fallen silent since the journal was taken, of whom a brief user may still tell.
    var hasStaleBriefs = false
    var touchedSubjects: [UInt32] = []
    /// Whether any subject ever moved or had a validity: until then there is nothing of it to store.
    var hasSubjectStates = false

    /// Who is being shown the pairs that are inside; see `Cut.swift`.
    var cuts: [Cut] = []
    var lastCut: Int64 = 0

    // Given back at the next `reclaim()`, so that transitions can still be resolved.
    var departedUsers: [UInt32] = []
    var departedSubjects: [UInt32] = []

    /// For merging, if this is one of several engines; see `Sharding/ShardedEngine.swift`.
    var moments = MomentLog()

    // Scratch, kept for its storage.
    var scratch = Scratch()
    var slackWidth = SlackWidth()
    var plans = Plans()
    var shortcuts = Shortcuts.all
    /// How often a user has come or gone.
    var userChanges = 0
    var lookaheads = Lookaheads()

    /// An engine without users and subjects.
    ///
    /// - Parameters:
    ///   - hashSeed: any number; another for each process, so that nobody can prepare ids that collide. It has no influence on events.
    ///   - signOffKey: the installation's own, the same for its life.
    ///   - precisionKey: the installation's own, and secret; another one moves subjects only where they are put or asked by ``regrid(from:_:now:into:)``.
    public init(rules: Rules, hashSeed: UInt64, signOffKey: SipHashKey, precisionKey: SipHashKey) {
        self.rules = rules
        hasher = IDHasher(seed: hashSeed)
        self.signOffKey = signOffKey
        self.precisionKey = precisionKey
        greatestMargin = rules.greatestMargin
        dwells = Dwells(rules)
        disclosing = Disclosing(rules.disclosure)
    }

    deinit {
        for slot in 0..<UInt32(users.count) {
            users[slot].pointee.pairs.abandon()
            users[slot].pointee.exceptions.abandon()
            users[slot].pointee.id.free()
        }
        for slot in 0..<UInt32(subjects.count) { subjects[slot].pointee.id.free() }
        for motion in 0..<UInt32(motions.count) { motions[motion].pointee.bystanders.abandon() }
        users.free()
        subjects.free()
        motions.free()
    }

    // MARK: - The way of one batch

    /// Takes the lines of a batch in their order.
    ///
    /// - Parameters:
    ///   - now: of the batch's arrival.
    ///   - changes: gets the transitions in the contract's order, and an error for each line that is refused; is not emptied first.
    /// - Complexity: O(1) for each line, and what lies in the ring that its step sweeps. No allocation once the tables have grown.
    public mutating func apply(_ batch: FixBatch, now: ClockReading, into changes: inout Changes) {
        begin(now)
        batch.ids.withUnsafeBufferPointer { ids in
            guard let base = ids.baseAddress else { return }
            batch.fixes.withUnsafeBufferPointer { fixes in
                var start = 0
                while start < fixes.count {
                    let end = min(start + Plans.groupSize, fixes.count)
                    plan(fixes, start..<end, ids: base)
                    for index in start..<end {
                        if fixes[index].kind == .subject {
                            let isFirst = index == start || fixes[index - 1].kind != .subject
                            lookAhead(fixes, from: index, to: end, isFirst: isFirst)
                        }
                        apply(fixes[index], plan: index - start, ids: base, now: now, into: &changes)
                    }
                    start = end
                }
            }
        }
        flush(into: &changes)
    }

    /// Begins something that is dated by the system clock.
    mutating func begin(_ now: ClockReading) {
        present = now
        startUseClock(now)
        timers.start(at: now.steady)
        forgetSignOffs(now: now.wall)
        toSteady = now.steady &- now.wall
    }

    @inline(__always)
    private mutating func apply(_ fix: Fix, plan: Int, ids: UnsafePointer<UInt8>, now: ClockReading, into changes: inout Changes) {
        let id = ids + Int(fix.idOffset)
        moments.line = fix.line
        if fix.time > now.wall &+ rules.maxFuture && fix.kind != .subject {
            refuse(fix, .futureFix, "ts is \(fix.time), more than \(rules.maxFuture) ms ahead of the clock", into: &changes)
            if let slot = findUser(id, count: Int(fix.idLength), hash: fix.hash) { refusals.note(.futureFix, of: slot, at: fix.time) }
            return
        }
        switch fix.kind {
        case .user: applyUser(fix, plan: plan, id: id, now: now, into: &changes)
        case .gone: applyGone(fix, id: id, now: now, into: &changes)
        case .subject:
            let before = changes.tally
            applySubject(fix, id: id, now: now, into: &changes)
            moments.count(from: before, to: changes.tally)
        }
    }

    func refuse(_ fix: Fix, _ code: LineErrorCode, _ message: String, into changes: inout Changes) {
        changes.errors.append(LineError(line: fix.line, code: code, message: message))
        changes.tally.invalid += 1
    }

    // MARK: - Users

    @inline(__always)
    func findUser(_ id: UnsafePointer<UInt8>, count: Int, hash: UInt64) -> UInt32? {
        let words = ShortID.words(id, count: count)
        return userIndex.find(hash) { users[$0].pointee.id.equals(id, count: count, words: words) }
    }

    func findUser(_ id: [UInt8]) -> UInt32? {
        id.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            return findUser(base, count: buffer.count, hash: hasher.hash(base, count: buffer.count))
        }
    }

    mutating func addUser(_ id: UnsafePointer<UInt8>, count: Int, hash: UInt64) -> UInt32 {
        let slot = freeUser() ?? users.append()
        users[slot].pointee.id = ShortID(id, count: count)
        userIndex.insert(hash, slot: slot)
        userCount += 1
        userChanges += 1
        sweep?.finish(slot)
        return slot
    }

    /// The lowest slot that nobody has, so that the upper ones become free together.
    private mutating func freeUser() -> UInt32? {
        guard let slot = freeUsers.removeFirst() else { return nil }
        if users[slot].pointee.isVacant { users.occupy(slot) }
        return slot
    }

    /// Takes a user out of every table; the record itself goes at the next ``reclaim()``.
    mutating func depart(_ slot: UInt32, hash: UInt64) {
        touch(slot)
        hasStaleBriefs = true
        for wait in notes(of: slot)?.waits ?? [] { endWait(of: slot, for: wait.subject) }
        userNotes[slot] = nil
        dropLimits(slot)
        hasForgottenPositions = true
        refusals.forget(slot)
        if !users[slot].pointee.isSilent {
            leaveCell(slot)
            userCount -= 1
        }
        users[slot].pointee.isDeparted = true
        userChanges += 1
        userIndex.remove(hash, slot: slot)
        users[slot].pointee.pairs.free(in: lists)
        freeExceptions(slot)
        departedUsers.append(slot)
    }

    /// Puts a user into the cell of the anchor.
    mutating func enterCell(_ slot: UInt32) {
        let user = users[slot]
        user.pointee.slackBound = slackBound(of: user)
        let key = userGrid.key(user.pointee.anchor, level: UserGrid.level(radius: user.pointee.radius))
        let (cell, place) = userGrid.insert(slot, user.pointee, key: key)
        users[slot].pointee.cell = cell
        users[slot].pointee.place = place
    }

    mutating func leaveCell(_ slot: UInt32) {
        let place = users[slot].pointee.place
        if let moved = userGrid.remove(cell: users[slot].pointee.cell, place: place) { users[moved].pointee.place = place }
    }

    /// Notes that the next journal must hold this user, as the user will be then.
    @inline(__always)
    mutating func touch(_ slot: UInt32) {
        guard slot != stepping, !users[slot].pointee.isTouched else { return }
        users[slot].pointee.isTouched = true
        touched.append(slot)
    }

    /// Gives the slots of users and subjects that are gone to others. Call it when the transitions of a step have been taken.
    public mutating func reclaim() {
        noteLeaves()
        for slot in departedUsers {
            users[slot].pointee.id.free()
            var blank = UserRecord()
            // These tell of lists in which the slot stands, whoever has it.
            blank.isTouched = users[slot].pointee.isTouched
            blank.isWatched = users[slot].pointee.isWatched
            users[slot].pointee = blank
            freeUsers.insert(slot)
            if blank.isVacant { users.vacate(slot) }
        }
        departedUsers.removeAllForReuse()
        for slot in departedSubjects {
            subjects[slot].pointee.id.free()
            if subjects[slot].pointee.motion != SubjectRecord.noMotion {
                motions[subjects[slot].pointee.motion].pointee.bystanders.free(in: lists)
                freeMotions.append(subjects[slot].pointee.motion)
            }
            var blank = SubjectRecord()
            blank.flags = subjects[slot].pointee.flags.intersection([.touched, .watched])
            subjects[slot].pointee = blank
            if beside == .departing { other.vacated.append(slot) } else { freeSubjects.append(slot) }
        }
        departedSubjects.removeAllForReuse()
    }
}
