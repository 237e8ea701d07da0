import NIOCore
import Synchronization
import Testing
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

extension PrecisionKey {
    static var ofTheTests: PrecisionKey {
        get throws { try #require(PrecisionKey(bytes: [UInt8](repeating: 9, count: PrecisionKey.size))) }
    }
}

/// The daemon's logic on a desk: a writer, a store in memory, a feed, driven by hand.
struct Desk: ~Copyable {
    let store: MemoryStore
    let feed: Feed
    let statistics = Statistics()
    private(set) var writer: Writer
    private let committer: Committer
    private let hasher: IDHasher
    private var now = ClockReading(wall: 1_732_290_000_000, steady: 0)
    /// When the fixes that come are read, in monotonic nanoseconds; 0 if nobody knows.
    var arrived: Int64 = 0

    /// - Parameters:
    ///   - contents: what a crash left; `nil` begins anew.
    ///   - memory: as of the feed.
    static func open(_ contents: MemoryStore.Contents? = nil, memory: Int = Feed.memory) throws -> Desk {
        let identity = LogIdentity(logID: String(repeating: "a", count: 32), signOffKey: [UInt8](repeating: 7, count: 16))
        let store = MemoryStore(contents ?? MemoryStore.Contents(identity: identity), auditKey: AuditKey(bytes: Array(0..<32)))
        let feed = Feed(head: store.head.seq, oldest: try store.oldest(), memory: memory)
        var rules = Rules()
        // People cross the world from one line to the next.
        rules.maxSpeed = 0
        return Desk(
            store, feed,
            try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: try .ofTheTests, now: ClockReading(wall: 0, steady: 0)))
    }

    /// A new log with the subject `s` and so many events.
    static func open(events count: Int64) throws -> Desk {
        var desk = try open()
        desk.put("s")
        desk.events(count)
        return desk
    }

    private init(_ store: MemoryStore, _ feed: Feed, _ recovered: consuming Recovery.Recovered) {
        self.store = store
        self.feed = feed
        hasher = IDHasher(seed: 1)
        writer = Writer(recovered)
        committer = Committer(store: store, feed: feed, statistics: statistics)
    }

    /// Of each name, whether a connection has it now.
    var connected: [Bool] { mutating get { writer.snapshot.subscribers.map(\.isConnected) } }

    mutating func perform(_ work: Work) { writer.handle(work, now: now) }

    /// Makes what was done durable.
    @discardableResult
    mutating func commit() -> Committer.Outcome { committer.attempt(writer.takeCommit(now: now.wall)) }

    /// Puts subjects at 0°, 0°.
    mutating func put(_ ids: String...) {
        perform(
            .put(ids.map { SubjectRow(slot: 0, id: Array($0.utf8), kind: Array("toll".utf8), latitude: 0, longitude: 0) }, Reply { _ in }))
        commit()
    }

    /// One fix of a user, at the subjects or far from them.
    mutating func fix(_ user: String, isNear: Bool, time: Int64) {
        send(.user, user, latitude: isNear ? 0 : 100_000_000, time: time)
    }

    /// A user signs off.
    mutating func gone(_ user: String, time: Int64) { send(.gone, user, latitude: 0, time: time) }

    private mutating func send(_ kind: Fix.Kind, _ user: String, latitude: Int32, time: Int64) {
        var batch = FixBatch(source: 1, firstLine: 1)
        let id = Array(user.utf8)
        var fix = Fix(kind: kind, idOffset: 0, idLength: UInt8(id.count), line: 0, hash: hasher.hash(id))
        fix.latitude = latitude
        fix.time = time
        batch.fixes = [fix]
        batch.ids = id
        batch.lineCount = 1
        perform(.fixes(batch, Gateway(id: 1) { _ in }, arrived: arrived))
    }

    /// Nothing happens but what happens by itself.
    mutating func wait(milliseconds: Int64) {
        writer.advance(to: now)
        now = ClockReading(wall: now.wall + milliseconds, steady: now.steady + milliseconds)
        writer.advance(to: now)
        if !writer.isEmpty { commit() }
    }

    /// The same, in pieces, each of them a commit.
    ///
    /// - Parameter limit: as for ``Writer/advance(to:atMost:)``.
    /// - Returns: how many commits there were.
    mutating func wait(milliseconds: Int64, atMost limit: Int) -> Int {
        var commits = 0
        now = ClockReading(wall: now.wall + milliseconds, steady: now.steady + milliseconds)
        repeat {
            writer.advance(to: now, atMost: limit)
            commit()
            commits += 1
        } while writer.isBehindClock
        return commits
    }

    /// An operator wishes that a user be forgotten; that is durable.
    mutating func forget(_ user: String, _ reply: Reply<Result<Int64, ForgettingRefusal>> = Reply { _ in }) {
        perform(.forget(Array(user.utf8), for: AuditEntry.Peer(uid: 1, gid: 2, pid: 3), reply))
        commit()
    }

    /// Takes a step of the erasures, and makes durable what the writer wants to.
    mutating func eraseStep() throws {
        var keeper = ErasureKeeper()
        var done: [Erasure] = []
        _ = try keeper.step(store, feed: feed, now: 0) { done += $0 }
        if done.isEmpty { writer.advance(to: now) } else { perform(.erased(done)) }
        if !writer.isEmpty { commit() }
    }

    /// Takes them all.
    mutating func erase() throws { while !store.erasures.isEmpty { try eraseStep() } }

    /// So many events, in commits of their own.
    mutating func events(_ count: Int64) {
        for number in feed.head..<(feed.head + count) {
            fix("u\(number / 2)", isNear: number.isMultiple(of: 2), time: number)
            commit()
        }
    }
}

/// A relay's end of a conversation: takes the steps, answers them from the desk, and keeps what was sent.
struct Relay {
    var conversation: EventsConversation
    private(set) var lines: [String] = []
    private(set) var waits = 0
    /// What counts for the latency of events.
    private(set) var handed: [Promptness.Handed] = []
    private(set) var isClosed = false
    /// Monotonic milliseconds.
    var now: Int64 = 0
    private var inbox = Mailbox()
    private var holder: UInt64

    init(_ desk: borrowing Desk, holder: UInt64 = 1, _ subscription: String) {
        self.holder = holder
        conversation = EventsConversation(feed: desk.feed, logID: desk.store.identity.logID, holder: holder)
        say("{\"subscribe\":\(subscription)}")
    }

    /// The connection goes on in the process that has this desk.
    mutating func resume(_ resumption: EventsConversation.Resumption, _ desk: borrowing Desk, holder: UInt64) throws {
        let known = try EventsConversation.Resumption(decoding: resumption.encode())
        #expect(known == resumption)
        self.holder = holder
        // Answers to the old process have nobody to come to.
        inbox = Mailbox()
        conversation = try EventsConversation(feed: desk.feed, logID: desk.store.identity.logID, holder: holder, resuming: known)
    }

    mutating func say(_ line: String) { conversation.take(.text(Array(line.utf8))) }

    /// Takes steps until there is nothing to do but wait for a commit.
    ///
    /// - Parameter commits: whether to make durable what was asked of the writer, as often as it takes.
    mutating func run(_ desk: inout Desk, canWrite: Bool = true, commits: Bool = true) throws {
        while !isClosed {
            inbox.deliver(to: &conversation)
            if let step = conversation.next(canWrite: canWrite, now: now) {
                try take(step, &desk)
            } else {
                guard commits, !desk.writer.isEmpty else { return }
                desk.commit()
            }
        }
    }

    /// Takes steps up to the one that reads from the disk, and hands it what was read.
    mutating func load(_ desk: inout Desk) throws {
        while let step = conversation.next(canWrite: true, now: now) {
            try take(step, &desk)
            if case .load = step { return }
        }
    }

    private mutating func take(_ step: EventsConversation.Step, _ desk: inout Desk) throws {
        switch step {
        case .write(let buffer):
            lines += String(buffer: buffer).split(separator: "\n").map(String.init)
            if let prompt = conversation.takeHanded() { handed.append(prompt) }
        case .load(let seq): conversation.loaded(.success(try desk.store.blocks(after: seq, maxBytes: EventsConversation.pieceSize)))
        case .open(let request):
            desk.perform(.subscribe(request, Reply { [inbox] answer in inbox.put { $0.opened(answer) } }))
        case .wait:
            waits += 1
            conversation.waited()
        case .readCut: desk.perform(.readCut(holder: holder, Reply { [inbox] piece in inbox.put { $0.took(piece) } }))
        case .acknowledge(let seq):
            desk.perform(.acknowledge(holder: holder, seq: seq, Reply { [inbox] _ in inbox.put { $0.acknowledged() } }))
        case .reclaim(let name):
            desk.perform(.reclaim(name: name, holder: holder, Reply { [inbox] isGranted in inbox.put { $0.reclaimed(isGranted) } }))
        case .report(let reason): lines.append("report: \(reason)")
        case .close: isClosed = true
        }
    }

    /// The connection goes.
    mutating func hangUp(_ desk: inout Desk) {
        if let seq = conversation.closed() { desk.perform(.acknowledge(holder: holder, seq: seq, Reply { _ in })) }
        if conversation.isHolding { desk.perform(.release(holder: holder)) }
        desk.commit()
    }
}

/// Answers that have come and were not yet handed on.
private final class Mailbox: Sendable {
    private let answers = Mutex<[@Sendable (inout EventsConversation) -> Void]>([])

    func put(_ answer: @escaping @Sendable (inout EventsConversation) -> Void) { answers.withLock { $0.append(answer) } }

    func deliver(to conversation: inout EventsConversation) {
        let taken = answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        for answer in taken { answer(&conversation) }
    }
}
