import VicinityCore
import VicinityPipeline
import VicinityStore

// The engine's thread and the store's, a step at a time; see `EngineThread` and `StoreThread`.

extension SimulatedDaemon {
    /// How long a commit waits before it is tried again, in milliseconds.
    private static var retryAfter: Int64 { 250 }
    /// How long a commit is still tried once the daemon is to stop, in milliseconds.
    private static var lastTries: Int64 { 5_000 }

    // MARK: - The engine's thread

    /// - Returns: whether there was something to do.
    func engineStep() throws(Violation) -> Bool {
        if writer.isFull {
            guard slot.isFree else { return false }
            try handOver()
            return true
        }
        guard let (work, ready) = inbox.take() else { return try engineIdles() }
        for link in ready { post(.goOn(link), to: link.loop) }
        if openSince == nil { openSince = now }
        try expect(work)
        writer.handle(work, now: world.clock.reading)
        if world.sabotage == .ackBeforeCommit, case .fixes(let batch, let gateway, _) = work {
            try self.gateway(gateway.id)?.tellEarly(upTo: batch.firstLine + UInt64(batch.lineCount) - 1)
        }
        if slot.isFree, let since = openSince, now >= since + world.traits.commitInterval { try handOver() }
        return true
    }

    private func engineIdles() throws(Violation) -> Bool {
        if case .finished = slot { return false }
        if let wake = writer.wake(now: world.clock.reading), wake <= world.clock.monotonic {
            world.oracle.turn(to: world.clock.reading)
            writer.advance(to: world.clock.reading)
            if openSince == nil, !writer.isEmpty { openSince = now }
            return true
        }
        guard slot.isFree else { return false }
        if let since = openSince, now >= since + world.traits.commitInterval || inbox.isFinished {
            try handOver()
            return true
        }
        guard inbox.isFinished else { return false }
        if !writer.isEmpty { try handOver() } else { slot = .finished }
        return true
    }

    private func handOver() throws(Violation) {
        openSince = nil
        let open = writer.takeCommit(now: world.clock.unix)
        world.trace("the engine hands commit \(open.commit.number) over, with \(open.commit.blocks.count) blocks")
        try world.oracle.handedOver(open, disk: world.disk.head)
        slot = .full(open)
        if world.sabotage == .announceBeforeDurable {
            feed.publish(open.commit.blocks)
            try deliverMail()
        }
    }

    /// Tells the oracle what the writer is about to do.
    private func expect(_ work: Work) throws(Violation) {
        let oracle = world.oracle
        oracle.turn(to: world.clock.reading)
        switch work {
        case .fixes(let batch, _, _):
            world.trace("the engine takes \(batch.lineCount) lines of connection \(batch.source)")
            world.figures.lines += Int(batch.lineCount)
            let mayForget = world.traits.clock == .ahead && world.clock.leaps > 0
            world.figures.resent += try oracle.handle(batch, of: ledger(batch.source), mayForget: mayForget)
        case .settle: break
        case .put(let rows, _):
            let placements = rows.compactMap(\.placement)
            oracle.handle(.put(placements))
            oracle.answers.append(.count(rows.count))
        case .edition(let work):
            world.trace("the engine has an edition of the register: \(work.name)")
            oracle.handle(work)
        case .rotateKey(let salt, _, _):
            world.trace("the engine rotates the key of the cells")
            oracle.answers.append(.rotation(isDone: oracle.model.staged == nil))
            if oracle.model.staged == nil { oracle.handle(.rotate(Oracle.precisionKey.cells(under: salt).key)) }
        case .remove(let ids, _):
            let before = oracle.model.subjectCount
            oracle.handle(.remove(ids))
            oracle.answers.append(.count(before - oracle.model.subjectCount))
        case .user(let id, _): oracle.answers.append(.user(oracle.user(id)))
        case .suspension(let work): oracle.handle(work)
        case .disclosure(let work): oracle.handle(work)
        case .report(let work): oracle.handle(work)
        case .subject, .locate, .explain, .census, .forget, .erased, .reclaim, .pulse: preconditionFailure("nobody asks for that here")
        case .configure(let rules): oracle.handle(.rules(rules))
        case .subscribe(let request, _):
            let opening = oracle.subscribers.open(request, head: Int64(oracle.model.events.count))
            world.trace("connection \(request.holder) subscribes: \(opening)")
            oracle.answers.append(.opened(link: request.holder, opening))
            world.noteOpening(opening, of: request.holder)
        case .readCut(let holder, _): oracle.answers.append(.cut(link: holder))
        case .acknowledge(let holder, let seq, _):
            try demand(seq <= oracle.head, "the cursor of connection \(holder) is to move to \(seq), but only \(oracle.head) are durable")
            oracle.subscribers.acknowledge(holder, seq)
            oracle.answers.append(.acknowledged(link: holder))
        case .release(let holder): oracle.subscribers.release(holder)
        case .subscribers: oracle.answers.append(.subscribers(oracle.subscribers.states))
        case .removeSubscriber(let name, _):
            let removal = oracle.subscribers.remove(name)
            if removal == SubscriberRemoval.removed.text { world.noteRemoval(name) }
            oracle.answers.append(.removal(removal))
        }
    }

    // MARK: - The store's thread

    /// - Returns: whether there was something to do.
    func storeStep() throws(Violation) -> Bool {
        switch slot {
        case .full(let open):
            slot = .working(open, until: now + world.aWhile())
            return true
        case .working(let open, let until):
            guard now >= until else { return false }
            try write(open)
            slot = .written(open, until: now + world.aWhile())
            return true
        case .written(let open, let until):
            guard now >= until else { return false }
            try announce(open)
            return true
        case .free where !prunes.isEmpty, .finished where !prunes.isEmpty: keeper.add(prunes.removeFirst())
        case .finished: return false
        case .free: guard now >= keeper.deadline else { return false }
        }
        try afterwards()
        return true
    }

    /// Lets the disk do its part.
    private func write(_ open: OpenCommit) throws(Violation) {
        guard open.isChange else { return }
        let before = world.disk.head
        let fault: StoreFault? =
            world.disk.trouble != nil && world.dice.chance(world.traits.fatal) ? .inputOutput(path: "memory", reason: "simulated") : nil
        if world.disk.carryOut(open.commit, fault: fault, isKept: world.dice.chance(0.5)) {
            world.trace("commit \(open.commit.number) is on the disk")
            try world.committed(open.commit, after: before.seq)
        } else {
            world.trace("commit \(open.commit.number) fails")
            world.figures.faults += 1
            try demand(world.disk.head == before, "an append that failed has moved the head")
        }
    }

    /// The committer tells everybody, or finds that it must not.
    private func announce(_ open: OpenCommit) throws(Violation) {
        switch committer.attempt(open) {
        case .done:
            world.trace("commit \(open.commit.number) is announced")
            if !open.isChange { try world.oracle.becameDurable() }
            slot = .free
            try demand(statistics.snapshot.head == world.oracle.head, "status shows another head than the log has")
            try deliverMail()
            try afterwards()
        case .waits:
            if let since = stoppingSince, now - since > Self.lastTries {
                world.exit(because: "the last commit cannot be made durable")
            } else {
                slot = .working(open, until: now + Self.retryAfter)
            }
        case .failed: world.exit(because: "the store failed")
        }
    }

    /// What the store's thread does between commits.
    private func afterwards() throws(Violation) {
        // Before every look at the age of events, or a clock that was just set would be believed.
        if now >= watched + 1_000 || now >= keeper.deadline {
            if watched == 0 { leapsBefore = world.clock.leaps }
            watched = now
            _ = watch.sample(unix: world.clock.unix, steady: now)
        }
        let before = feed.range.oldest
        let step: RetentionStep
        do throws(StoreFault) {
            let clock = watch.isTrusted ? world.clock.unix : nil
            let tell = { [feed] (step: RetentionStep) in feed.retained(from: step.oldest) }
            guard let taken = try keeper.step(world.disk, settings: world.traits.retention, clock: clock, now: now, telling: tell) else {
                return
            }
            step = taken
        } catch {
            if !error.mayPass { world.exit(because: "old events cannot be removed") }
            return try deliverMail()
        }
        if step.removed > 0 { world.trace("retention: the oldest event is \(step.oldest), was \(before)") }
        try world.checkRetention(from: before, to: step.oldest, leaps: world.clock.leaps - leapsBefore)
        try deliverMail()
    }
}
