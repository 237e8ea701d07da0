package import VicinityCore
package import VicinityStore
import VicinityWire

// The writer: the only place where state changes.
//
// It takes work, lets the engine do it, and collects what came of it in an open commit, until whoever drives it takes the commit and makes it
// durable. It knows neither threads nor clocks: the daemon drives it from a thread of its own (`EngineThread`), a simulation from a loop.

/// Owns the engine, from recovery to the last commit.
package struct Writer: ~Copyable {
    var engine: Engine
    var changes = Changes()
    var open: OpenCommit
    var desk = EditionDesk()
    var precision: PrecisionDesk
    var census = CensusDesk()
    /// The number of the last entry of the audit log.
    var lastAudit: Int64
    var reports: OpenReports
    /// The open commit must be taken before there is more, because it holds a swap.
    var isSealed = false
    /// What came while a swap was worked out that a crash had cut short.
    private var deferred: [Work] = []
    private var builder: EventBlockBuilder
    var sweep: StateSweep
    var forgetting: ForgettingDesk
    private var cursors: CursorTable
    /// Lines that were answered with an error.
    private var rejected = RejectionTally()
    private let greatestCommit: Int
    /// Whose deed it is what the daemon does by itself.
    let daemon: AuditEntry.Peer
    /// How much of a swap of the register is worked out between other work.
    let slice: SweepLimit
    /// Called after each step of what takes many.
    let advanced: @Sendable () -> Void

    /// An open commit of this size must be taken before the writer is given more, in bytes.
    package static var greatestCommit: Int { 16 << 20 }

    /// Slots of users that are looked through with each commit for limits that are over.
    private static var limitSlice: Int { 256 }

    /// - Parameters:
    ///   - greatestCommit: bytes; less than ``greatestCommit`` only to see what happens there.
    ///   - slice: likewise.
    ///   - daemon: whom the audit log names for what the daemon does by itself.
    ///   - advanced: called after each step of work that takes many before the writer returns.
    package init(
        _ recovered: consuming Recovery.Recovered, greatestCommit: Int = Writer.greatestCommit, slice: SweepLimit = .slice,
        daemon: AuditEntry.Peer = AuditEntry.Peer(uid: 0, gid: 0, pid: 0), advanced: @escaping @Sendable () -> Void = {}
    ) {
        self.advanced = advanced
        self.greatestCommit = greatestCommit
        self.daemon = daemon
        self.slice = slice
        let lastCommit = recovered.lastCommit
        cursors = CursorTable(recovered.cursors)
        lastAudit = recovered.lastAudit
        reports = recovered.reports
        precision = recovered.precision
        forgetting = ForgettingDesk(recovered.erasures)
        var sweep = StateSweep(startingAt: lastCommit + 1)
        if !recovered.erasures.isEmpty { sweep.hurry(from: lastCommit + 1) }
        self.sweep = sweep
        engine = recovered.takeEngine()
        builder = EventBlockBuilder(firstSeq: engine.head + 1)
        open = OpenCommit(number: lastCommit + 1)
    }

    /// Whether there is nothing to make durable and nobody to tell.
    package var isEmpty: Bool { open.isEmpty }

    /// Whether the open commit has grown to its bound, or must be taken for another reason before there is more.
    package var isFull: Bool { isSealed || open.size >= greatestCommit }

    /// What the open commit will hold, roughly, in bytes.
    package var openSize: Int { open.size }

    /// Whether the open commit shall not wait for company.
    package var isUrgent: Bool { open.isUrgent }

    /// The numbers as of now.
    package var snapshot: Snapshot {
        mutating get {
            var snapshot = Snapshot()
            snapshot.users = engine.userCount
            snapshot.subjects = engine.subjectCount
            snapshot.pairs = engine.pairCount
            snapshot.head = engine.head
            snapshot.tally = changes.tally
            snapshot.rejected = rejected
            snapshot.subscribers = cursors.states
            return snapshot
        }
    }

    /// Takes the open commit and begins the next.
    ///
    /// - Parameter now: Unix milliseconds; what retention counts from.
    package mutating func takeCommit(now: Int64) -> OpenCommit {
        if let block = builder.finish() { open.commit.blocks.append(block) }
        builder = EventBlockBuilder(firstSeq: engine.head + 1, reserving: 4096)
        if engine.hasJournal || !open.commit.register.isEmpty || !open.commit.signOffs.isEmpty || sweep.isHurried {
            engine.sweepLimits(Self.limitSlice)
            engine.takeJournal(into: &open.commit.journal)
            sweep.advance(engine, &open.commit)
        }
        open.commit.wallTime = now
        open.snapshot = snapshot
        isSealed = false
        var ready = OpenCommit(number: open.isChange ? open.commit.number + 1 : open.commit.number)
        swap(&ready, &open)
        return ready
    }

    // MARK: - Work

    /// Lets happen what is due by the clocks; what comes of it is in the open commit.
    ///
    /// - Parameter limit: how much may happen before this returns with ``isBehindClock``; then it is to be called again before anything else, when
    ///   the commit has been taken if it is full.
    package mutating func advance(to now: ClockReading, atMost limit: Int = .max) {
        if !engine.isBehindClock {
            // First, so that a dwell which a swap has begun, and which is complete, is shown before what is to be done next.
            advanceEditions(to: now)
            advancePrecision(to: now)
        }
        engine.advance(to: now, into: &changes, atMost: limit)
        if engine.hasJournal || !changes.transitions.isEmpty { open.isEmpty = false }
        collect(now: now)
        advanceCensus(to: now)
        cleanUp(now: now)
        if sweep.isHurried { open.isEmpty = false }
        while !deferred.isEmpty, !engine.isBlind, !engine.isBehindClock, !isFull {
            perform(deferred.removeFirst(), now: now)
            advanced()
        }
    }

    /// Whether more is due by the clocks than ``advance(to:atMost:)`` was to let happen.
    package var isBehindClock: Bool { mutating get { engine.isBehindClock } }

    /// When ``advance(to:atMost:)`` is due at the latest, on the steady clock, in milliseconds; `nil` if nothing is pending.
    package func wake(now: ClockReading) -> Int64? {
        // A round that hurries goes with the commits, each of which brings the next.
        if sweep.isHurried, open.isEmpty { return now.steady }
        let next = engine.wake(now: now)
        let slices = [
            forgetting.cleaningDue,
            engine.isSettling || engine.isBehind || !deferred.isEmpty ? desk.nextSlice : nil,
            precision.isSweeping ? precision.nextSlice : nil, census.isCounting ? census.nextSlice : nil,
        ]
        guard let slice = slices.compactMap(\.self).min() else { return next }
        return min(next ?? .max, max(slice, now.steady + 1))
    }

    /// Does one thing, after what is due by the clocks; what comes of it is in the open commit.
    package mutating func handle(_ work: Work, now: ClockReading) {
        advance(to: now)
        // A swap that a crash has cut short must be worked out first, and may need more than one commit.
        if engine.isBlind || !deferred.isEmpty { deferred.append(work) } else { perform(work, now: now) }
    }

    private mutating func perform(_ work: Work, now: ClockReading) {
        open.isEmpty = false
        switch work {
        case .fixes(let batch, let gateway, let arrived):
            engine.apply(batch, now: now, into: &changes)
            cover(batch, gateway)
            if arrived > 0 { open.arrivals.append(OpenCommit.Arrival(time: arrived, lines: batch.lineCount)) }
            open.size += batch.fixes.count * 24
        case .settle(let gateway, let line):
            open.cover(gateway, upTo: line, errors: [])
        case .put(let rows, let reply):
            put(rows, now: now)
            open.replies.append { reply.send(rows.count) }
        case .remove(let ids, let reply):
            let count = remove(ids, now: now)
            open.replies.append { reply.send(count) }
        case .user(let id, let reply):
            engine.catchUp(id, into: &changes)
            let view = engine.user(id)
            open.replies.append { reply.send(view) }
        case .subject(let id, let reply):
            let view = engine.subject(id)
            open.replies.append { reply.send(view) }
        case .suspension(let work): handle(work, now: now)
        case .disclosure(let work): handle(work, now: now)
        case .report(let work): handle(work, now: now)
        case .locate(let user, let peer, let reply): locate(user, for: peer, reply, now: now)
        case .explain(let user, let subject, let peer, let reply): explain(user: user, subject: subject, for: peer, reply, now: now)
        case .census(let reply): takeCensus(reply, now: now)
        case .configure(let rules):
            engine.rules = rules
        case .pulse(let taken, let reply):
            taken()
            open.isUrgent = true
            open.replies.append { reply.send(()) }
        case .forget(let user, let peer, let reply): forget(user, for: peer, reply, now: now)
        case .erased(let erasures): end(erasures, now: now)
        case .edition(let work): handle(work, now: now)
        case .rotateKey(let salt, let peer, let reply): rotate(to: salt, for: peer, reply, now: now)
        case .subscribe, .reclaim, .readCut, .acknowledge, .release, .subscribers, .removeSubscriber: handleSubscriber(work, now: now.wall)
        }
        collect(now: now)
    }

    private mutating func handleSubscriber(_ work: Work, now: Int64) {
        switch work {
        case .subscribe(let request, let reply):
            let outcome = subscribe(request, now: now)
            open.replies.append { reply.send(outcome) }
        case .reclaim(let name, let holder, let reply):
            let isGranted = cursors.reclaim(name, holder: holder)
            open.replies.append { reply.send(isGranted) }
        case .readCut(let holder, let reply):
            let piece = cursors.cut(of: holder).flatMap { engine.readCut($0) }
            open.size += piece?.pairs.byteCount ?? 0
            open.replies.append { reply.send(piece) }
        case .acknowledge(let holder, let seq, let reply):
            note(cursors.acknowledge(holder: holder, seq: min(seq, engine.head), now: now))
            open.replies.append { reply.send(()) }
        case .release(let holder):
            if let cut = cursors.release(holder: holder) { engine.endCut(cut) }
        case .subscribers(let reply):
            let states = cursors.states
            open.replies.append { reply.send(states) }
        case .removeSubscriber(let name, let reply):
            let outcome = cursors.remove(name)
            if case .removed = outcome { note(.remove(name: name)) }
            open.replies.append { reply.send(outcome) }
        case .fixes, .settle, .put, .remove, .edition, .rotateKey, .user, .subject, .suspension, .disclosure, .report, .locate, .explain,
            .census, .forget, .erased, .configure, .pulse:
            break
        }
    }

    private mutating func subscribe(
        _ request: SubscriptionRequest, now: Int64
    ) -> Result<OpenedSubscription, SubscriptionRefusal> {
        let opened = cursors.open(request, head: engine.head, now: now)
        guard case .success(let grant) = opened else { return opened.map { OpenedSubscription(after: $0.after) } }
        note(grant.change)
        if request.wantsSnapshot { cursors.setCut(engine.beginCut(), of: request.holder) }
        return .success(OpenedSubscription(after: grant.after))
    }

    private mutating func note(_ change: CursorChange?) {
        guard let change else { return }
        open.commit.cursors.append(change)
        open.size += 256
    }

    private mutating func put(_ rows: [SubjectRow], now: ClockReading) {
        let placements = placements(of: rows)
        let placed = zip(rows, engine.put(placements, now: now, into: &changes)).map { row, slot in
            row.placed(in: slot, shown: engine.shownPlace(of: slot))
        }
        for row in placed {
            open.commit.register.append(.put(row))
            open.size += row.size
        }
        notePrecision(of: placed)
        if desk.staged != nil { stage(rows, placements, now: now) }
    }

    /// - Returns: how many there were.
    mutating func remove(_ ids: [[UInt8]], now: ClockReading) -> Int {
        open.commit.edition.append(contentsOf: engine.unstage(ids).map { .remove(slot: $0) })
        let slots = engine.remove(ids, now: now, into: &changes)
        open.commit.register.append(contentsOf: slots.map { .remove(slot: $0) })
        open.size += slots.count * 64
        return slots.count
    }

    func placements(of rows: [SubjectRow]) -> [SubjectPlacement] {
        let placements = rows.compactMap(\.placement)
        precondition(placements.count == rows.count, "a put is checked before it comes here")
        return placements
    }

    /// Notes the lines of a batch as dealt with, with the errors of the decoder and of the engine in the order of the lines.
    private mutating func cover(_ batch: FixBatch, _ gateway: Gateway) {
        var errors: [(line: UInt64, error: LineError)] = []
        if !batch.errors.isEmpty || !changes.errors.isEmpty {
            errors = (batch.errors + changes.errors).map { (batch.firstLine + UInt64($0.line), $0) }
            errors.sort { $0.line < $1.line }
            for (_, error) in errors { rejected[error.code] += 1 }
        }
        changes.count(invalid: batch.errors.count)
        // An error is small, but a gateway may send nothing else.
        open.size += errors.count * 160
        open.cover(gateway, upTo: batch.firstLine + UInt64(batch.lineCount) - 1, errors: errors)
    }

    /// Takes what the engine brought forth into the open commit.
    ///
    /// - Parameter naming: whether the events name their users; not those of a user who was forgotten.
    mutating func collect(now: ClockReading, naming: Bool = true) {
        if !changes.transitions.isEmpty {
            auditFollowing(now: now)
            open.size += changes.transitions.count * 64
            engine.encode(changes.transitions, into: &builder, finished: &open.commit.blocks, naming: naming)
        }
        open.commit.signOffs.append(contentsOf: changes.signOffs)
        changes.removeAll()
        engine.reclaim()
    }
}
