internal import CLinux
import VicinityCore
import VicinityStore

// The engine's thread: the only place where state changes.
//
// It takes work from the inbox, lets the engine work, and collects what came of it in an open commit. The commit goes to the store's thread
// when it has waited for company long enough and the store is free; while the store is busy the open commit grows, so that
// under load commits get larger by themselves (group commit). If it has grown to its bound the thread waits for the store, the inbox fills,
// and the gateways' sockets are no longer read: back-pressure from the disk to the gateways without a dropped line.

/// Owns the engine, from recovery to the last commit.
struct EngineThread: ~Copyable {
    private var engine: Engine
    private var changes = Changes()
    private var open: OpenCommit
    private var builder: EventBlockBuilder
    private var sweep: StateSweep
    /// Nanoseconds.
    private var commitInterval: Int64
    private let inbox: Inbox<Work>
    private let slot: CommitSlot

    /// An open commit of this size waits for the store, in bytes.
    static var greatestCommit: Int { 16 << 20 }

    /// - Parameters:
    ///   - lastCommit: the number of the last commit that is durable.
    ///   - commitInterval: milliseconds.
    init(engine: consuming Engine, lastCommit: Int64, commitInterval: Int64, inbox: Inbox<Work>, slot: CommitSlot) {
        builder = EventBlockBuilder(firstSeq: engine.head + 1)
        self.engine = engine
        self.commitInterval = commitInterval * 1_000_000
        self.inbox = inbox
        self.slot = slot
        open = OpenCommit(number: lastCommit + 1)
        sweep = StateSweep(startingAt: lastCommit + 1)
    }

    /// Works until the inbox is finished and empty, and hands over the last commit.
    mutating func run() {
        while true {
            // While the store works there is nothing to hand over, and its end wakes us.
            let deadline = slot.isFree ? open.since.map { $0 + commitInterval } : nil
            switch inbox.take(until: deadline) {
            case .element(let work):
                if open.since == nil { open.since = vicinity_monotonic_nanoseconds() }
                handle(work)
            case .nothing: break
            case .finished:
                slot.waitUntilFree()
                if !open.isEmpty { handOver() }
                slot.finish()
                return
            }
            handOverIfDue()
        }
    }

    /// The engine's numbers as of now.
    var snapshot: Snapshot {
        Snapshot(users: engine.userCount, subjects: engine.subjectCount, pairs: engine.pairCount, head: engine.head, tally: changes.tally)
    }

    private mutating func handOverIfDue() {
        guard let since = open.since else { return }
        if open.size >= Self.greatestCommit {
            slot.waitUntilFree()
            handOver()
        } else if slot.isFree, vicinity_monotonic_nanoseconds() >= since + commitInterval {
            handOver()
        }
    }

    private mutating func handOver() {
        if let block = builder.finish() { open.commit.blocks.append(block) }
        builder = EventBlockBuilder(firstSeq: engine.head + 1, reserving: 4096)
        if engine.hasJournal || !open.commit.register.isEmpty || !open.commit.signOffs.isEmpty {
            engine.takeJournal(into: &open.commit.journal)
            sweep.advance(engine, &open.commit)
        }
        open.commit.wallTime = vicinity_unix_milliseconds()
        open.snapshot = snapshot
        var ready = OpenCommit(number: open.isChange ? open.commit.number + 1 : open.commit.number)
        swap(&ready, &open)
        slot.put(ready)
    }

    // MARK: - Work

    private mutating func handle(_ work: Work) {
        let now = vicinity_unix_milliseconds()
        switch work {
        case .fixes(let batch, let gateway):
            engine.apply(batch, now: now, into: &changes)
            cover(batch, gateway)
            open.size += batch.fixes.count * 24
        case .settle(let gateway, let line):
            open.cover(gateway, upTo: line, errors: [])
        case .put(let rows, let reply):
            put(rows, now: now)
            open.replies.append { reply.send(rows.count) }
        case .remove(let ids, let reply):
            let slots = engine.remove(ids, now: now, into: &changes)
            open.commit.register.append(contentsOf: slots.map { .remove(slot: $0) })
            open.size += slots.count * 64
            open.replies.append { reply.send(slots.count) }
        case .user(let id, let reply):
            let view = engine.user(id)
            open.replies.append { reply.send(view) }
        case .isMoving(let id, let reply):
            let isMoving = engine.subject(id)?.isMoving
            open.replies.append { reply.send(isMoving) }
        case .configure(let rules, let interval):
            engine.rules = rules
            commitInterval = interval * 1_000_000
        }
        collect()
    }

    private mutating func put(_ rows: [SubjectRow], now: Int64) {
        let placements = rows.compactMap { row in
            Coordinate(latitudeDegrees: row.latitude, longitudeDegrees: row.longitude).map {
                SubjectPlacement(id: row.id, kind: row.kind, position: $0)
            }
        }
        precondition(placements.count == rows.count, "a put is checked before it comes here")
        let slots = engine.put(placements, now: now, into: &changes)
        for (row, slot) in zip(rows, slots) {
            var placed = row
            placed.slot = slot
            open.commit.register.append(.put(placed))
            open.size += 128 + (row.details?.utf8.count ?? 0)
        }
    }

    /// Notes the lines of a batch as dealt with, with the errors of the decoder and of the engine in the order of the lines.
    private mutating func cover(_ batch: FixBatch, _ gateway: Gateway) {
        var errors: [(line: UInt64, error: LineError)] = []
        if !batch.errors.isEmpty || !changes.errors.isEmpty {
            errors = (batch.errors + changes.errors).map { (batch.firstLine + UInt64($0.line), $0) }
            errors.sort { $0.line < $1.line }
        }
        changes.count(invalid: batch.errors.count)
        // An error is small, but a gateway may send nothing else.
        open.size += errors.count * 160
        open.cover(gateway, upTo: batch.firstLine + UInt64(batch.lineCount) - 1, errors: errors)
    }

    /// Takes what the engine brought forth into the open commit.
    private mutating func collect() {
        if !changes.transitions.isEmpty {
            open.size += changes.transitions.count * 64
            engine.encode(changes.transitions, into: &builder, finished: &open.commit.blocks)
        }
        open.commit.signOffs.append(contentsOf: changes.signOffs)
        changes.removeAll()
        engine.reclaim()
    }
}
