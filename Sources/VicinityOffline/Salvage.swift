// What can be saved of a damaged log, put into a new directory.
//
// A log cannot have a hole. What is kept of the events is the newest run that has none: what lies before it counts as removed, as
// retention removes. If that run is the end of the log, nothing that was announced changes its meaning: the new log goes on where the old
// one ended, under the same id, and cursors stay good. If the newest events are lost, their seqs will be given to others: then it is
// another log, with a new id, and every cursor is void.
//
// The state is made to agree with the events (see ``Reconciliation``): encounters of users and subjects who are lost are closed by a leave.

internal import VicinityCore
internal import VicinityStore

/// Saves what can be saved of a state directory into another one. The first is not changed.
package struct Salvage {
    private let source: String
    private let target: NewDirectory
    private let now: Int64
    private let progress: (Progress) throws -> Void
    private var report: SalvageReport

    /// - Parameters:
    ///   - target: must not exist, or be empty.
    ///   - now: Unix milliseconds; the `ts` of leaves that have to be added.
    ///   - progress: called now and then; an ``Interruption`` ends the salvage, and there is then no new log.
    package init(
        from source: String, into target: String, now: Int64, progress: @escaping (Progress) throws -> Void = { _ in }
    ) {
        self.source = source
        self.target = NewDirectory(path: target)
        self.now = now
        self.progress = progress
        report = SalvageReport(source: source, target: target)
    }

    /// Why nothing was saved.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Saves what can be saved, and examines what has come of it.
    ///
    /// - Throws: ``Failure``; there is then no new log.
    package consuming func run() throws(Failure) -> SalvageReport {
        if case .held(let process) = HeldLock(directory: source) {
            let name = process.map { "vicinityd (pid \($0))" } ?? "a vicinityd"
            throw Failure(description: "\(name) works on \(source); stop it first, or what it commits meanwhile is not saved")
        }
        let inspection: Inspection
        do throws(Unexaminable) {
            inspection = try Examination.open(source)
        } catch {
            throw Failure(description: "nothing could be saved: \(error)")
        }
        let log: LogSurvey
        let pieces: Pieces
        do {
            log = try readLog(inspection)
            pieces = try readState(inspection)
        } catch {
            throw Failure(description: "interrupted")
        }
        guard log.newestRun != nil || !pieces.subjects.isEmpty || !pieces.state.slots.isEmpty || report.isWhole else {
            throw Failure(description: "nothing could be saved: of \(source) no event, subject or user can be read")
        }
        let plan = SalvagePlan(inspection, log, lastCommit: pieces.state.commit)
        tellEvents(plan, log)
        try target.make()
        do {
            try write(plan, pieces, inspection)
            let progress = progress
            try progress(.checkingResult)
            try target.check { try progress(.checkingResult) }
        } catch {
            target.clear()
            throw error as? Failure ?? Failure(description: "\(error)")
        }
        return report
    }

    // MARK: - Reading

    /// What was read besides the events.
    private struct Pieces {
        var precision: PrecisionState?
        var subjects: [UInt32: SubjectRow] = [:]
        /// When the register was swapped, if that is not settled, and what departs with it.
        var swap: Int64?
        var departing: [UInt32: SubjectRow] = [:]
        var signOffs: [SignOff] = []
        var cursors: [Cursor] = []
        var suspensions: [SuspensionRow] = []
        var reports: [ReportRow] = []
        var state = RescuedState()

        /// Of every subject that may have open pairs.
        var ids: [UInt32: [UInt8]] { subjects.merging(departing) { live, _ in live }.mapValues(\.id) }
    }

    /// - Throws: an ``Interruption``, and nothing else.
    private mutating func readLog(_ inspection: Inspection) throws -> LogSurvey {
        var survey = LogSurvey()
        let head = try? inspection.head.get().seq
        do {
            try inspection.forEachBlock { block in
                survey.take(block)
                if survey.blocks.isMultiple(of: 16) { try progress(.readingEvents(done: survey.events, total: head ?? 0)) }
            }
        } catch let error as Interruption {
            throw error
        } catch {
            survey.take(.failure(error as? StoreFault ?? .damaged(path: source, what: "\(error)")))
        }
        survey.finish(head: head, oldest: try? inspection.oldest.get())
        for finding in survey.findings.list { report.lose(.log, finding.what) }
        return survey
    }

    /// - Throws: an ``Interruption``, and nothing else.
    private mutating func readState(_ inspection: Inspection) throws -> Pieces {
        var pieces = Pieces()
        var ids: Set<[UInt8]> = []
        var done: Int64 = 0
        func take(_ piece: Result<Recovered, StoreFault>) {
            switch piece {
            case .failure(let fault):
                let part = StateSurvey.part(of: fault.complaint)
                let users = fault.complaint.hasPrefix("state page") ? ": up to \(StoredPage.slots) users, or as many subjects' motions" : ""
                report.lose(part ?? .file, fault.complaint + users)
                // A complaint that names no part may be of a journal.
                if part == nil || part == .state { pieces.state.missing() }
            case .success(.precision(let state)): pieces.precision = state
            case .success(.subject(let row)):
                guard isSound(row, &ids) else { return lose(row) }
                pieces.subjects[row.slot] = row
            case .success(.swap(let time)): pieces.swap = time
            case .success(.departing(let row)):
                guard isSound(row, &ids) else { return lose(row) }
                pieces.departing[row.slot] = row
            case .success(.signOff(let signOff)): pieces.signOffs.append(signOff)
            case .success(.cursor(let cursor)): pieces.cursors.append(cursor)
            case .success(.suspension(let row)): pieces.suspensions.append(row)
            case .success(.report(let row)): pieces.reports.append(row)
            case .success(.reported), .success(.audited): break
            case .success(.page(let page)):
                if !pieces.state.page(name: page.index, page.bytes) { report.lose(.state, "state page \(page.index) is none") }
            case .success(.journal(let commit, let bytes)):
                if !pieces.state.journal(commit: commit, bytes) { report.lose(.state, "the journal of commit \(commit) is none") }
            }
        }
        func next(_ piece: Result<Recovered, StoreFault>) throws {
            done += 1
            if done.isMultiple(of: 1024) { try progress(.readingState(done: done)) }
            take(piece)
        }
        do {
            try inspection.forEach(next)
        } catch let error as Interruption {
            throw error
        } catch {
            take(.failure(error as? StoreFault ?? .damaged(path: source, what: "\(error)")))
        }
        return pieces
    }

    private func isSound(_ row: SubjectRow, _ ids: inout Set<[UInt8]>) -> Bool {
        Coordinate(latitudeDegrees: row.latitude, longitudeDegrees: row.longitude) != nil && (1...128).contains(row.id.count)
            && ids.insert(row.id).inserted
    }

    private mutating func lose(_ row: SubjectRow) {
        report.lose(.register, "the subject in slot \(row.slot) is nowhere, has no id or that of another one")
    }

    private mutating func tellEvents(_ plan: SalvagePlan, _ log: LogSurvey) {
        for run in log.earlier where run != plan.run {
            report.lose(
                .log,
                "events \(run.first) to \(run.last) can be read, but not kept: a log has no hole. "
                    + "`vicinityctl log dump \(source) --after \(run.first - 1) --limit \(run.count)` shows them")
        }
        if let announced = plan.announced, announced.seq > plan.last {
            report.lose(.head, "the log ended with event \(announced.seq); the last that is there is \(plan.last)")
        }
        report.isNewLog = plan.logID == nil
    }

    // MARK: - Writing

    private mutating func write(_ plan: SalvagePlan, _ pieces: Pieces, _ inspection: Inspection) throws {
        let assembly = try Assembly(directory: target.path)
        var state = pieces.state
        settle(&state, plan, pieces)
        let log = try copyEvents(plan, inspection, into: assembly)
        let knowsOldPairs = plan.logID != nil || !state.isTailLost(lastCommit: plan.lastCommit)
        let reconciliation = Reconciliation(
            &state, with: log, subjects: pieces.ids, knowsOldPairs: knowsOldPairs, next: plan.last + 1, now: now)
        for block in reconciliation.blocks { try assembly.add(Inspection.Block(events: block, wallTime: now)) }
        tell(reconciliation)
        try add(pieces, plan, to: assembly)
        try assembly.addAudit(of: inspection) { report.lose(.audit, $0.complaint) }
        try add(state, plan, isWhole: report.isWhole && !reconciliation.changesPairs, to: assembly)
        let head = LogHead(commit: plan.commit, seq: plan.last + Int64(reconciliation.leaves.count))
        try assembly.add(.journal(commit: plan.commit, bytes: StoredJournal.nothing(head: head.seq)))
        let identity = try assembly.finish(
            head: head, neededFrom: plan.commit, oldest: plan.oldest, signOffKey: plan.signOffKey, logID: plan.logID,
            erasures: inspection.erasures, wallTime: now)
        report.logID = identity.logID
        report.saved.head = head.seq
        target.take(ownerOf: source)
    }

    /// Gives up what cannot be known, once it is known which commits are missing.
    private mutating func settle(_ state: inout RescuedState, _ plan: SalvagePlan, _ pieces: Pieces) {
        if state.isTailLost(lastCommit: plan.lastCommit) {
            report.lose(
                .state, "users are as of commit \(state.lastJournal ?? 0), or of their page if that is newer; what came after is lost")
            state.dropMotions(before: plan.lastCommit)
            // Who signed off after that must not come back.
            if let key = plan.signOffKey.flatMap({ SipHashKey(bytes: $0) }), !pieces.signOffs.isEmpty {
                let ends = Dictionary(pieces.signOffs.map { ($0.hash, $0.time) }, uniquingKeysWith: max)
                let gone = state.giveUp { user in ends[key.hash(user.id ?? [])].map { $0 >= user.time } ?? false }
                if gone > 0 { report.lose(.state, "\(gone) users who had signed off are gone") }
            }
        }
        state.dropTwins()
        state.dropNameless()
        report.lostUsers = state.lost
        if state.lostMotions > 0 { report.lose(.state, "\(state.lostMotions) moving subjects stand where they were put") }
    }

    private mutating func copyEvents(_ plan: SalvagePlan, _ inspection: Inspection, into assembly: Assembly) throws -> RescuedLog {
        var log = RescuedLog(first: plan.first)
        guard let run = plan.run else { return log }
        var next = run.first
        try inspection.forEachBlock(from: run.first) { block in
            // What is no block here has been told before.
            guard case .success(let block) = block, block.events.firstSeq == next, next <= run.last else { return }
            try log.take(block.events)
            try assembly.add(block)
            next = block.events.lastSeq + 1
            try progress(.copyingEvents(done: next - run.first, total: run.count))
        }
        guard next == run.last + 1 else { throw Failure(description: "\(source) cannot be read twice alike: its disk is failing") }
        report.saved.events = run.count
        report.saved.oldest = plan.oldest ?? run.first
        return log
    }

    private mutating func add(_ pieces: Pieces, _ plan: SalvagePlan, to assembly: Assembly) throws {
        if let precision = pieces.precision { try assembly.add(.precision(precision)) }
        var done: Int64 = 0
        for (_, row) in pieces.subjects.sorted(by: { $0.key < $1.key }) {
            try assembly.add(.subject(row))
            done += 1
            if done.isMultiple(of: 1024) { try progress(.writingState(done: done)) }
        }
        report.saved.subjects = pieces.subjects.count
        if let swap = pieces.swap { try assembly.add(.swap(at: swap)) }
        for (_, row) in pieces.departing.sorted(by: { $0.key < $1.key }) { try assembly.add(.departing(row)) }
        for row in pieces.suspensions { try assembly.add(.suspension(row)) }
        for row in pieces.reports { try assembly.add(.report(row)) }
        if plan.signOffKey != nil {
            for signOff in pieces.signOffs { try assembly.add(.signOff(signOff)) }
            report.saved.signOffs = pieces.signOffs.count
        } else if !pieces.signOffs.isEmpty {
            report.lose(.signOffs, "\(pieces.signOffs.count) sign-offs, since the key of their hashes is lost")
        }
        for cursor in pieces.cursors {
            guard plan.logID != nil, (0...plan.last).contains(cursor.acked) else {
                report.lose(.cursors, "the cursor of \(String(decoding: cursor.name, as: UTF8.self)), which was at event \(cursor.acked)")
                continue
            }
            try assembly.add(.cursor(cursor))
            report.saved.cursors += 1
        }
    }

    private mutating func add(_ state: RescuedState, _ plan: SalvagePlan, isWhole: Bool, to assembly: Assembly) throws {
        let users = Dictionary(grouping: state.slots.keys) { StoredPage.name(holding: $0, isMotion: false) }
        for (name, slots) in users.sorted(by: { $0.key < $1.key }) {
            let entries = slots.sorted().compactMap { slot -> (slot: UInt32, user: StoredUser)? in
                guard let kept = state.slots[slot], var user = kept.user else { return nil }
                user.pairs = kept.pairs
                user.limits = kept.limits
                // Where anything is missing, near and inside may be two things: the engine then looks.
                if !isWhole { user.isNearOutside = true }
                return (slot, user)
            }
            report.saved.users = (report.saved.users ?? 0) + entries.count
            if name.isMultiple(of: 16) { try progress(.writingState(done: Int64(report.saved.users ?? 0))) }
            let page = StoredPage(commit: plan.commit, contents: .users(entries))
            try assembly.add(.page(StatePage(index: name, bytes: page.bytes)))
        }
        let motions = Dictionary(grouping: state.motions.keys) { StoredPage.name(holding: $0, isMotion: true) }
        for (name, slots) in motions.sorted(by: { $0.key < $1.key }) {
            let entries = slots.sorted().compactMap { slot in state.motions[slot].map { (slot: slot, motion: $0.motion) } }
            let page = StoredPage(commit: plan.commit, contents: .motions(entries))
            try assembly.add(.page(StatePage(index: name, bytes: page.bytes)))
        }
    }

    private mutating func tell(_ reconciliation: Reconciliation) {
        report.closed = reconciliation.leaves.count
        report.saved.pairs = reconciliation.pairs
        if reconciliation.forgotten > 0 {
            report.lose(.state, "\(reconciliation.forgotten) pairs are outside now: their events are lost, or say so")
        }
        if reconciliation.restored > 0 {
            report.lose(.state, "\(reconciliation.restored) pairs are inside again, since their leaves are lost")
        }
        if reconciliation.unclosable > 0 {
            report.lose(.state, "\(reconciliation.unclosable) encounters with subjects that are lost end without a leave")
        }
    }
}

extension RescuedState {
    /// Whether the newest commits of the log have no journal here.
    func isTailLost(lastCommit: Int64) -> Bool { isBroken || lastJournal.map { $0 < lastCommit } ?? (lastCommit > 0) }
}
