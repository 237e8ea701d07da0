// Several engines as one: users are dealt among them, the register stands whole in each, and their events are merged into one log.
//
// What happens to a pair depends on its user and its subject alone. So whoever has the user, and hears all that is heard of subjects, can
// decide it without the others, on a thread of its own. What no shard can know is where its events stand among those of the others: that
// is decided afterwards, from the places of the moments (`MomentLog.swift`), and so the log is that of one engine, to the byte.
//
//     ShardedEngine.swift   who is asked what
//     Shard.swift           one engine, its part of a step
//     ShardMap.swift        which shard has whom
//     MomentLog.swift       what it notes of the step
//     Merge.swift           one order, and the numbers
//
// A step has three parts. Each shard takes its own lines out of the batch and applies them; these parts know nothing of each other, and are
// done by as many threads as the caller's crew has. Then, by one thread, they are merged. At last, when its next step begins, each shard lets
// its new pairs know by which number their enters went into the log.

/// Does a part of some work for each number below `count`, at once or one after the other, and returns when all is done.
public typealias Crew = (_ count: Int, _ work: @Sendable (_ index: Int) -> Void) -> Void

/// Engines that share the users of one register, and bring forth the log that one engine would; see the top of this file.
///
/// What is not here cannot be asked of several engines yet: editions of the register and their swap, cuts, journals, pages and what is restored from
/// them, and to advance a moment at a time. The daemon has one engine. See `docs/decisions/0059`.
///
/// Not `Sendable`: it is made and used on one thread, which lends the shards to the crew.
public struct ShardedEngine: ~Copyable {
    /// Hashes ids for all shards; decoders use it.
    public let hasher: IDHasher
    public var rules: Rules { didSet { for shard in shards { shard.engine.rules = rules } } }
    /// The seq of the last event, 0 before the first.
    public private(set) var head: Int64 = 0

    private let shards: [Shard]
    private let map: ShardMap
    private let crew: Crew

    /// Engines without users and subjects.
    ///
    /// - Parameters:
    ///   - shardCount: 1 to 256.
    ///   - crew: does the shards' parts of a step. Without one they are done one after the other.
    public init(
        shardCount: Int, rules: Rules, hashSeed: UInt64, signOffKey: SipHashKey, precisionKey: SipHashKey,
        crew: @escaping Crew = { count, work in for index in 0..<count { work(index) } }
    ) {
        precondition((1...256).contains(shardCount), "there are 1 to 256 shards")
        self.rules = rules
        self.crew = crew
        hasher = IDHasher(seed: hashSeed)
        map = ShardMap(shardCount: shardCount)
        shards = (0..<shardCount).map { _ in
            Shard(Engine(rules: rules, hashSeed: hashSeed, signOffKey: signOffKey, precisionKey: precisionKey))
        }
    }

    public var userCount: Int { shards.reduce(0) { $0 + $1.engine.userCount } }
    public var subjectCount: Int { shards[0].engine.subjectCount }
    public var pairCount: Int { shards.reduce(0) { $0 + $1.engine.pairCount } }

    // MARK: - Steps

    /// Takes the lines of a batch in their order; see ``Engine/apply(_:now:into:)``.
    public mutating func apply(_ batch: FixBatch, now: ClockReading, into changes: inout Changes) {
        let map = map
        work { index, shard in shard.apply(batch, now: now, as: index, of: map) }
        merge(.linesAndClocks, into: &changes)
    }

    /// Lets happen what is due by the clocks, all of it; see ``Engine/advance(to:into:atMost:)``.
    public mutating func advance(to now: ClockReading, into changes: inout Changes) {
        perform(.linesAndClocks, into: &changes) { $1.advance(to: now, into: &$2) }
    }

    /// When ``advance(to:into:)`` must be called again at the latest; see ``Engine/wake(now:)``.
    public func wake(now: ClockReading) -> Int64? { shards.compactMap { $0.engine.wake(now: now) }.min() }

    /// Puts subjects, as one moment; see ``Engine/put(_:now:into:)``.
    @discardableResult
    public mutating func put(_ placements: [SubjectPlacement], now: ClockReading, into changes: inout Changes) -> [UInt32] {
        perform(.register, into: &changes) { $1.put(placements, now: now, into: &$2) }
        return slots(of: placements.map(\.id))
    }

    /// Removes subjects, as one moment; see ``Engine/remove(_:now:into:)``.
    ///
    /// - Returns: the slots that were freed.
    @discardableResult
    public mutating func remove(_ ids: [[UInt8]], now: ClockReading, into changes: inout Changes) -> [UInt32] {
        let freed = slots(of: ids)
        perform(.register, into: &changes) { $1.remove(ids, now: now, into: &$2) }
        return freed
    }

    /// Suspends a subject, as one moment; see ``Engine/suspend(_:by:now:into:)``.
    ///
    /// - Returns: whether these sources had not suspended it before.
    @discardableResult
    public mutating func suspend(_ id: [UInt8], by sources: SuspensionSources, now: ClockReading, into changes: inout Changes) -> Bool {
        let isNew = !sources.isSubset(of: suspensions(of: id))
        perform(.register, into: &changes) { $1.suspend(id, by: sources, now: now, into: &$2) }
        return isNew
    }

    /// Ends what these sources have suspended, as one moment; see ``Engine/resume(_:by:now:into:)``.
    ///
    /// - Returns: whether any of them had suspended it.
    @discardableResult
    public mutating func resume(_ id: [UInt8], by sources: SuspensionSources, now: ClockReading, into changes: inout Changes) -> Bool {
        let wasSuspended = !sources.isDisjoint(with: suspensions(of: id))
        perform(.register, into: &changes) { $1.resume(id, by: sources, now: now, into: &$2) }
        return wasSuspended
    }

    /// Takes another key of cells, and moves all subjects to the centres that it makes, as one moment.
    public mutating func regrid(by key: SipHashKey, now: ClockReading, into changes: inout Changes) {
        perform(.register, into: &changes) { _, engine, changes in
            engine.takePrecisionKey(key)
            _ = engine.regrid(from: 0, .all, now: now, into: &changes)
        }
    }

    /// Forgets a user, as one moment; see ``Engine/forget(_:now:into:)``.
    public mutating func forget(_ id: [UInt8], now: ClockReading, into changes: inout Changes) {
        let owner = owner(of: id)
        perform(.linesAndClocks, into: &changes) { if $0 == owner { $1.forget(id, now: now, into: &$2) } }
    }

    /// Counts a use against a user; see ``Engine/use(_:user:into:)``.
    public mutating func use(_ use: LimitedUse, user id: [UInt8], into changes: inout Changes) {
        let owner = owner(of: id)
        perform(.linesAndClocks, into: &changes) { if $0 == owner { $1.use(use, user: id, into: &$2) } }
    }

    /// Gives the slots of users and subjects that are gone to others. Call it when the transitions of a step have been taken.
    public mutating func reclaim() {
        for shard in shards {
            shard.engine.reclaim()
            shard.engine.dropJournal()
        }
    }

    // MARK: - Questions

    /// Asks the shard of a user, which knows of it all that there is to know: ``Engine/user(_:)``, ``Engine/nearby(_:)``, ``Engine/nearness(user:subject:now:)``,
    /// ``Engine/mayUse(_:user:)`` and whatever else has one user.
    public func ask<Answer>(of user: [UInt8], _ question: (borrowing Engine) -> Answer) -> Answer {
        let shard = shards[owner(of: user)]
        shard.settle()
        return question(shard.engine)
    }

    /// Who suspends a subject; nobody if it is empty.
    public func suspensions(of id: [UInt8]) -> SuspensionSources { shards[0].engine.suspensions(of: id) }

    /// The event that a transition becomes; valid for the transitions since the last ``reclaim()``.
    public func event(_ transition: Transition) -> Event {
        let local = Transition(
            seq: transition.seq, time: transition.time, user: map.local(transition.user), subject: transition.subject,
            change: transition.change)
        return shards[map.shard(of: transition.user)].engine.event(local)
    }

    /// Appends transitions to blocks; see ``Engine/encode(_:into:finished:naming:)``.
    public func encode(
        _ transitions: [Transition], into builder: inout EventBlockBuilder, finished: inout [EventBlock], naming: Bool = true
    ) {
        for transition in transitions {
            if builder.count >= Engine.eventsPerBlock, let block = builder.finish() {
                finished.append(block)
                builder = EventBlockBuilder(firstSeq: transition.seq, reserving: builder.byteCount)
            }
            shards[map.shard(of: transition.user)].engine.append(
                transition, of: map.local(transition.user), naming: naming, to: &builder)
        }
    }

    // MARK: - Dealing

    private func owner(of user: [UInt8]) -> Int { map.owner(of: hasher.hash(user)) }

    private func slots(of ids: [[UInt8]]) -> [UInt32] { ids.compactMap { shards[0].engine.findSubject($0) } }

    private mutating func perform(
        _ kind: Step, into changes: inout Changes,
        _ body: @Sendable (_ index: Int, _ engine: inout Engine, _ changes: inout Changes) -> Void
    ) {
        work { index, shard in shard.perform { body(index, &$0, &$1) } }
        merge(kind, into: &changes)
    }

    /// Has the crew do something with each shard.
    private func work(_ body: @Sendable (_ index: Int, _ shard: Shard) -> Void) {
        // Sound, since each index is worked on once, a shard shares nothing with another, and the crew is done before it returns.
        nonisolated(unsafe) let shards = shards
        crew(shards.count) { index in body(index, shards[index]) }
    }

    // MARK: - Merging

    /// What a step can count and remember.
    private enum Step {
        /// Of users, in their shard; and of subjects, in every shard alike.
        case linesAndClocks
        /// Of subjects alone, but for users who are kept outside.
        case register

        /// What a shard has counted of subjects.
        func ofSubjects(_ shard: Shard) -> Tally {
            switch self {
            case .linesAndClocks: return shard.engine.moments.ofSubjects
            case .register:
                var tally = shard.changes.tally
                tally.withheld = 0
                return tally
            }
        }
    }

    private mutating func merge(_ step: Step, into changes: inout Changes) {
        var merge = Merge(shards, map, head: head)
        head = merge.appendTransitions(to: &changes)
        var ofSubjects = Tally()
        for (index, shard) in shards.enumerated() {
            shard.head = head
            precondition(shard.numbers.count == shard.changes.transitions.count, "every transition is of some moment")
            let mine = step.ofSubjects(shard)
            precondition(index == 0 || mine == ofSubjects, "what happens to a subject happens to it in every shard")
            ofSubjects = mine
            changes.tally.add(shard.changes.tally)
            if index > 0 { changes.tally.subtract(mine) }
            switch step {
            case .linesAndClocks: changes.signOffs += shard.changes.signOffs
            case .register: if index == 0 { changes.signOffs += shard.changes.signOffs }
            }
        }
        mergeErrors(into: &changes)
    }

    /// Puts errors in the order of their lines. Every shard has those of subjects.
    private func mergeErrors(into changes: inout Changes) {
        let errors = shards.flatMap(\.changes.errors)
        guard !errors.isEmpty else { return }
        var last: UInt32?
        for error in errors.sorted(by: { $0.line < $1.line }) where error.line != last {
            last = error.line
            changes.errors.append(error)
        }
    }
}
