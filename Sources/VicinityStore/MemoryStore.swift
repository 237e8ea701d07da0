// A store that keeps everything in memory, counts, and fails when it is told to: for tests and for simulation. It holds itself to the same
// contract as the one on disk, and its state at any moment can be taken as what a crash would have left.

import Synchronization
package import VicinityCore

/// The log in memory. Copies of its ``Contents`` stand for crashes: a new store that is made of them recovers to that commit.
package final class MemoryStore: LogStore {
    /// All that is durable.
    package struct Contents: Sendable {
        package fileprivate(set) var identity: LogIdentity
        package fileprivate(set) var head = LogHead(commit: 0, seq: 0)
        package internal(set) var blocks: [EventBlock] = []
        /// When each of the blocks was committed.
        package fileprivate(set) var blockTimes: [Int64] = []
        /// Events before it count as removed.
        package fileprivate(set) var floor: Int64 = 1
        package fileprivate(set) var pages: [Int: StatePage] = [:]
        package fileprivate(set) var journals: [Int64: [UInt8]] = [:]
        package fileprivate(set) var neededFrom: Int64 = 1
        /// The register.
        package var subjects: [UInt32: SubjectRow] { rows[editions.live] ?? [:] }
        /// Of the editions of the register that are kept, by generation and slot.
        fileprivate var rows: [Int64: [UInt32: SubjectRow]] = [:]
        fileprivate var editions = Editions()
        package fileprivate(set) var signOffs: [UInt64: SignOff] = [:]
        package fileprivate(set) var cursors: [[UInt8]: Cursor] = [:]
        package fileprivate(set) var precision: PrecisionState?
        package internal(set) var suspensions: [SuspensionRow] = []
        package internal(set) var reports: [Int64: ReportRow] = [:]
        /// The audit log, without what retention has removed.
        package internal(set) var audit: [ChainedEntry] = []
        /// Where its chain begins and where it ends, as they are kept; `nil` as long as nothing was removed, and without a key.
        var auditAnchor: [UInt8]?
        var auditSeal: [UInt8]?
        var erasures = ErasureQueue()
        /// Of the last commit, in Unix milliseconds.
        var wallTime: Int64 = 0

        package init(identity: LogIdentity) { self.identity = identity }
    }

    /// What was done since the store was made.
    package struct Counts: Sendable, Equatable {
        package var commits = 0
        package var events = 0
        /// Of blocks, journals and pages.
        package var bytes = 0
        package var failures = 0
    }

    struct State {
        var contents: Contents
        /// The end of the audit log; `nil` without its key.
        var audit: AuditChain?
        /// Whether it was told that those of the present round are done.
        var hasToldErasures = false
        /// Why audit entries that may go stay.
        var auditDamage: StoreFault?
        var counts = Counts()
        /// The faults of the next writes, the first first; `nil` lets one pass.
        var plan: [StoreFault?] = []
        var fault: StoreFault?
    }

    let state: Mutex<State>
    /// What became of the chain of the audit log.
    package let auditStart: AuditStart

    /// - Parameters:
    ///   - contents: of which an edition of the register that was staged goes, as it does at every start.
    ///   - auditKey: of the chain of the audit log; `nil` makes a store that takes no audit entry.
    package init(_ contents: Contents, auditKey: AuditKey? = nil) {
        var contents = contents
        contents.take(.discard)
        let (audit, start) = contents.auditChain(auditKey)
        auditStart = start
        state = Mutex(State(contents: contents, audit: audit))
    }

    package var identity: LogIdentity { state.withLock { $0.contents.identity } }
    package var head: LogHead { state.withLock { $0.contents.head } }
    package var counts: Counts { state.withLock { $0.counts } }
    package var contents: Contents { state.withLock { $0.contents } }

    /// Makes the next writes fail: the first with the first, and so on; `nil` lets one pass. An append is a write, and so is a step of
    /// retention that has something to remove.
    package func fail(next faults: [StoreFault?]) { state.withLock { $0.plan += faults } }

    /// Removes the oldest blocks as retention does: all those that hold no event after `seq`.
    package func prune(through seq: Int64) {
        state.withLock { state in state.contents.removeFirst(state.contents.blocks.prefix { $0.lastSeq <= seq }.count) }
    }

    package func append(_ commit: Commit) throws(StoreFault) {
        let fault = state.withLock { $0.append(commit) }
        if let fault { throw fault }
    }

    package func retain(_ retention: Retention) throws(StoreFault) -> RetentionStep {
        try state.withLock { state in state.retain(retention) }.get()
    }

    package func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead {
        let contents = contents
        do {
            if let precision = contents.precision { try sink(.precision(precision)) }
            let live = contents.subjects
            for (_, row) in live.sorted(by: { $0.key < $1.key }) { try sink(.subject(row)) }
            if let swap = contents.editions.swap {
                try sink(.swap(at: swap.time))
                let departing = (contents.rows[swap.departing] ?? [:]).filter { live[$0.key] == nil }
                for (_, row) in departing.sorted(by: { $0.key < $1.key }) { try sink(.departing(row)) }
            }
            for row in contents.suspensions.sorted(by: SuspensionRow.precedes) { try sink(.suspension(row)) }
            let order = contents.signOffs.values.sorted { ($0.until, Int64(bitPattern: $0.hash)) < ($1.until, Int64(bitPattern: $1.hash)) }
            for signOff in order { try sink(.signOff(signOff)) }
            for cursor in contents.cursors.values.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) { try sink(.cursor(cursor)) }
            if let number = contents.reports.keys.max() { try sink(.reported(through: number)) }
            if let number = state.withLock({ $0.audit?.number }), number > 0 { try sink(.audited(through: number)) }
            for (_, report) in contents.reports.sorted(by: { $0.key < $1.key }) where report.isNeeded(at: contents.wallTime) {
                try sink(.report(report))
            }
            for (_, page) in contents.pages.sorted(by: { $0.key < $1.key }) { try sink(.page(page)) }
            for (number, bytes) in contents.journals.sorted(by: { $0.key < $1.key }) {
                try sink(.journal(commit: number, bytes: bytes))
            }
        } catch {
            throw StoreFault(error, path: "memory")
        }
        return contents.head
    }
}

extension MemoryStore.State {
    /// Takes the next step of the plan.
    ///
    /// - Returns: why the write fails, or `nil`.
    mutating func nextFault() -> StoreFault? {
        if let fault { return fault }
        guard !plan.isEmpty, let planned = plan.removeFirst() else { return nil }
        counts.failures += 1
        if !planned.mayPass { fault = planned }
        return planned
    }

    fileprivate mutating func retain(_ retention: Retention) -> Result<RetentionStep, StoreFault> {
        if let fault { return .failure(fault) }
        let kept = contents.kept
        let head = contents.head.seq
        let before = kept.oldest(head: head)
        guard kept.isTouched(by: retention, head: head) || isAuditTouched(by: retention) else {
            return .success(RetentionStep(oldest: before, removed: 0, isDone: true, auditDamage: auditDamage(for: retention)))
        }
        if let fault = nextFault() { return .failure(fault) }
        var removal = Removal(retention, from: kept, head: head)
        let removed = contents.blocks.indices.prefix { removal.takes(contents.span(of: $0), bytes: contents.blocks[$0].bytes.count) }.count
        removal.finish()
        contents.removeFirst(removed)
        contents.floor = removal.kept.floor
        let oldest = removal.kept.oldest(head: head)
        let audit = retainAudit(retention)
        return .success(
            RetentionStep(
                oldest: oldest, removed: oldest - before, isDone: !removal.isCut && !audit.isCut, auditRemoved: audit.removed,
                auditDamage: audit.damage))
    }

    /// - Returns: why it failed, or `nil`.
    fileprivate mutating func append(_ commit: Commit) -> StoreFault? {
        if let fault = nextFault() { return fault }
        let (audit, entries) = Appending.chain(commit.audit, to: audit)
        contents.take(commit)
        contents.audit += entries
        contents.auditSeal = audit?.bytes(of: commit.number)
        self.audit = audit
        counts.commits += 1
        counts.events += commit.blocks.reduce(0) { $0 + $1.count }
        counts.bytes += commit.blocks.reduce(0) { $0 + $1.bytes.count } + commit.journal.count
        counts.bytes += commit.pages.reduce(0) { $0 + $1.bytes.count }
        return nil
    }
}

extension MemoryStore.Contents {
    fileprivate mutating func take(_ commit: Commit) {
        head = Appending.check(commit, after: head)
        blocks += commit.blocks
        blockTimes += commit.blocks.map { _ in commit.wallTime }
        for page in commit.pages { pages[page.index] = page }
        journals[commit.number] = commit.journal
        if let first = commit.journalNeededFrom, first > neededFrom {
            neededFrom = first
            journals = journals.filter { $0.key >= first }
        }
        for change in commit.register {
            switch change {
            case .put(let row): rows[editions.live, default: [:]][row.slot] = row
            case .show(let slot, let place): rows[editions.live]?[slot]?.shown = place
            case .remove(let slot): rows[editions.live]?[slot] = nil
            }
        }
        for change in commit.edition { take(change) }
        if commit.number.isMultiple(of: Appending.signOffsEvery) {
            signOffs = signOffs.filter { $0.value.until >= commit.wallTime }
        }
        for signOff in commit.signOffs { signOffs[signOff.hash] = signOff }
        for change in commit.cursors {
            switch change {
            case .set(let cursor): cursors[cursor.name] = cursor
            case .remove(let name): cursors[name] = nil
            }
        }
        for change in commit.suspensions { take(change) }
        for change in commit.reports { take(change) }
        for change in commit.erasures { erasures.take(change) }
        if let state = commit.precision { precision = state == PrecisionState() ? nil : state }
        wallTime = commit.wallTime
    }

    /// Garbage goes at once.
    fileprivate mutating func take(_ change: EditionChange) {
        let generation = editions.take(change)
        switch change {
        case .put(let row): rows[generation, default: [:]][row.slot] = row
        case .remove(let slot): rows[generation]?[slot] = nil
        case .begin, .discard, .swap, .settled:
            let kept = editions.kept
            rows = rows.filter { kept.contains($0.key) }
        }
    }

    var kept: Kept { Kept(block: blocks.isEmpty ? nil : span(of: 0), floor: floor) }

    fileprivate func span(of index: Int) -> Kept.Block {
        Kept.Block(firstSeq: blocks[index].firstSeq, lastSeq: blocks[index].lastSeq, wallTime: blockTimes[index])
    }

    fileprivate mutating func removeFirst(_ count: Int) {
        blocks.removeFirst(count)
        blockTimes.removeFirst(count)
    }
}
