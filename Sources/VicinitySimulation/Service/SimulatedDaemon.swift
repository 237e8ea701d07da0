import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

// The daemon in one thread. What decides is the daemon's own: writer, committer, feed, retention, decoder and the conversations. What drives
// them is written here once more, step by step, by the same rules: the engine's thread, the store's thread, the event loops, and the threads
// that read the disk. Each takes a step when the simulation says so, in any order that threads could take.

/// One life of the daemon, from recovery to its end.
final class SimulatedDaemon {
    /// What the store's thread is doing.
    enum Slot {
        case free
        /// Handed over.
        case full(OpenCommit)
        /// The disk works, or waits before it tries again, until then.
        case working(OpenCommit, until: Int64)
        /// The disk has done its part; the thread that would say so comes to it then.
        case written(OpenCommit, until: Int64)
        /// There will be no further commit.
        case finished

        var isFree: Bool { if case .free = self { true } else { false } }
    }

    /// How far the daemon is with going down.
    enum Phase: Equatable {
        case running
        /// Nobody is read any more; what was read is worked off.
        case draining
        /// The last acks and events are sent, since then.
        case closing(since: Int64)
        /// It has exited.
        case ended
    }

    unowned let world: ServiceSimulation
    let mailbox = Mailbox()
    let feed: Feed
    let statistics = Statistics()
    let committer: Committer
    private let hasher: IDHasher
    private var parsers: [JSONParser] = []
    private var shapes: [FixShapes?] = []

    var writer: Writer
    var inbox: SimulatedInbox
    /// When the first work of the open commit was done.
    var openSince: Int64?
    var slot = Slot.free
    var keeper: RetentionKeeper
    var prunes: [PruneRequest] = []
    var watch = ClockWatch()
    var watched: Int64 = 0

    var loops: [SimulatedLoop]
    /// In order of their ids.
    var links: [Link] = []
    private var lastLink: UInt64 = 0
    /// The accounts of all gateways' connections, also of those that are gone.
    private var ledgers: [UInt64: IngestLedger] = [:]
    var reads: [PendingRead] = []
    var phase = Phase.running
    /// When it was asked to stop.
    var stoppingSince: Int64?
    var isCutShort = false
    /// The clock's leaps before it was first looked at.
    var leapsBefore: Int64 = 0

    /// Recovers.
    init(_ world: ServiceSimulation) throws(Violation) {
        self.world = world
        let seed = world.dice.next()
        let recovered: Recovery.Recovered
        let oldest: Int64
        do throws(Recovery.Failure) {
            recovered = try Recovery.run(
                world.disk, rules: world.town.rules, hashSeed: seed, precisionKey: Oracle.precisionKey, now: world.clock.reading)
        } catch {
            throw Violation("the state cannot be recovered: \(error)")
        }
        do throws(StoreFault) {
            oldest = try world.disk.oldest()
        } catch {
            throw Violation("the log cannot be read: \(error)")
        }
        feed = Feed(head: world.disk.head.seq, oldest: oldest, memory: world.traits.feedMemory)
        committer = Committer(store: world.disk, feed: feed, statistics: statistics)
        hasher = IDHasher(seed: seed)
        writer = Writer(recovered, greatestCommit: world.traits.greatestCommit)
        inbox = SimulatedInbox(bound: world.traits.inboxBound)
        keeper = RetentionKeeper(now: world.clock.monotonic)
        loops = Array(repeating: SimulatedLoop(), count: world.traits.loops)
        parsers = loops.map { _ in JSONParser() }
        shapes = loops.map { _ in FixShapes() }
        statistics.publish(writer.snapshot)
        world.oracle.restart(at: world.clock.reading)
        feed.listen { [mailbox] in mailbox.put(.headMoved) }
    }

    /// Monotonic milliseconds.
    var now: Int64 { world.clock.monotonic }

    // MARK: - Connections

    /// A client connects; `nil` if nobody accepts.
    func connect() -> Link? {
        guard phase == .running else { return nil }
        lastLink += 1
        let link = Link(id: lastLink, loop: world.dice.below(loops.count), traits: world.traits)
        links.removeAll(where: \.isOver)
        links.append(link)
        return link
    }

    func serveGateway(_ link: Link, _ lines: ClientLines) -> IngestLedger {
        let ledger = IngestLedger(link, lines, parser: parsers[link.loop])
        ledgers[link.id] = ledger
        let decoder = FixDecoder(hasher: hasher, radii: 50...50_000, parser: parsers[link.loop], shapes: shapes[link.loop])
        link.session = IngestPeer(link, ledger, self, decoder)
        return ledger
    }

    func serveRelay(_ link: Link) { link.session = EventsPeer(link, self) }

    private func link(_ id: UInt64) -> Link? { links.first { $0.id == id } }

    func gateway(_ id: UInt64) -> IngestPeer? { link(id)?.session as? IngestPeer }

    private func relay(_ id: UInt64) -> EventsPeer? { link(id)?.session as? EventsPeer }

    func ledger(_ id: UInt64) throws(Violation) -> IngestLedger {
        guard let ledger = ledgers[id] else { throw Violation("lines come from connection \(id), which there never was") }
        return ledger
    }

    /// Everything in memory is gone, and everybody is cut off.
    func die() {
        phase = .ended
        for link in links { link.cut() }
        links = []
        reads = []
        prunes = []
    }

    // MARK: - Event loops

    /// Lets an event loop do one thing.
    ///
    /// - Returns: whether there was something to do.
    func loopStep() throws(Violation) -> Bool {
        let place = world.dice.below(loops.count)
        var choices: [(link: Link, happening: Link.Happening)] = []
        for link in links where link.loop == place {
            for happening in link.happenings(now: now) { choices.append((link, happening)) }
        }
        let tasks = loops[place].tasks.count
        guard tasks > 0 || !choices.isEmpty else { return false }
        if tasks > 0, choices.isEmpty || world.dice.chance(0.5) {
            let task = loops[place].tasks.removeFirst()
            try carryOut(task, on: place)
        } else {
            let (link, happening) = world.dice.pick(choices)
            world.trace("loop \(place): \(happening) of connection \(link.id)")
            try link.perform(happening, world.dice)
        }
        return true
    }

    private func carryOut(_ task: SimulatedLoop.Task, on place: Int) throws(Violation) {
        world.trace("loop \(place): \(task.name)")
        switch task {
        case .headMoved:
            loops[place].isTold = false
            for link in links where link.loop == place { try (link.session as? EventsPeer)?.advance() }
        case .receipt(let id, let receipt): try gateway(id)?.accept(receipt)
        case .goOn(let link): (link.session as? IngestPeer)?.goOn()
        case .opened(let id, let answer): try relay(id)?.opened(answer)
        case .cut(let id, let piece): try relay(id)?.took(piece)
        case .acknowledged(let id): try relay(id)?.acknowledged()
        case .loaded(let id, let blocks): try relay(id)?.loaded(blocks)
        case .end: for link in links where link.loop == place { try (link.session as? IngestPeer)?.end() }
        case .drain: for link in links where link.loop == place { try (link.session as? EventsPeer)?.drain() }
        case .cutShort: for link in links where link.loop == place && link.session is EventsPeer { link.close(afterFlush: true) }
        }
    }

    /// Asks a loop for something, from another thread.
    func post(_ task: SimulatedLoop.Task, to place: Int) { loops[place].tasks.append(task) }

    private func post(_ task: SimulatedLoop.Task, to id: UInt64) {
        if let link = link(id) { post(task, to: link.loop) }
    }

    /// Hands on what the announcement of a commit has said.
    func deliverMail() throws(Violation) {
        for note in mailbox.take() {
            switch note {
            case .headMoved:
                for place in loops.indices where !loops[place].isTold && links.contains(where: { $0.loop == place }) {
                    loops[place].isTold = true
                    post(.headMoved, to: place)
                }
            case .receipt(let id, let receipt): post(.receipt(link: id, receipt), to: id)
            case .opened(let id, let answer):
                try world.oracle.check(.opened(link: id, Opening(answer)))
                post(.opened(link: id, answer), to: id)
            case .cut(let id, let piece):
                try world.oracle.check(.cut(link: id))
                post(.cut(link: id, piece), to: id)
            case .acknowledged(let id):
                try world.oracle.check(.acknowledged(link: id))
                post(.acknowledged(link: id), to: id)
            case .count(let count): try world.oracle.check(.count(count))
            case .known(let isKnown): try world.oracle.check(.known(isKnown))
            case .reported(let outcome): try world.oracle.check(.report((try? outcome.get()) ?? 0))
            case .resolved(.unknown): try world.oracle.check(.resolved(nil))
            case .resolved(let outcome): try world.oracle.check(.resolved(outcome == .resolved))
            case .begun(let outcome):
                if case .success(let generation) = outcome { world.oracle.generation = generation }
                try world.oracle.check(.edition(outcome.map { _ in 0 }.mapError { _ in .inUse(generation: nil) }))
            case .edition(let outcome): try world.oracle.check(.edition(outcome))
            case .rotation(let outcome): try world.oracle.check(.rotation(isDone: (try? outcome.get()) != nil))
            case .user(let view): try world.oracle.check(.user(view.map(UserAnswer.init)))
            case .subscribers(let states):
                let texts = states.map { SubscriberLedger.text($0.name, $0.acked, isConnected: $0.isConnected) }
                try world.oracle.check(.subscribers(texts))
            case .removal(let removal): try world.oracle.check(.removal(removal.text))
            case .pruned: break
            }
        }
    }

    // MARK: - The threads that read the disk

    func load(after seq: Int64, for link: Link) { reads.append(PendingRead(link: link.id, loop: link.loop, after: seq)) }

    /// Lets one of two threads read, or hand over what it has read.
    func readStep() throws(Violation) -> Bool {
        guard !reads.isEmpty else { return false }
        let place = world.dice.below(min(2, reads.count))
        let read = reads[place]
        if let blocks = read.blocks {
            reads.remove(at: place)
            post(.loaded(link: read.link, blocks), to: read.loop)
            return true
        }
        world.trace("a thread reads the log after \(read.after)")
        world.figures.reads += 1
        if world.dice.chance(world.readFaults) {
            reads[place].blocks = .failure(.inputOutput(path: "memory", reason: "simulated"))
            return true
        }
        do throws(StoreFault) {
            reads[place].blocks = .success(try world.disk.blocks(after: read.after, maxBytes: world.traits.pieceSize))
        } catch {
            reads[place].blocks = .failure(error)
        }
        return true
    }
}

extension Opening {
    init(_ answer: Result<OpenedSubscription, SubscriptionRefusal>) {
        switch answer {
        case .success(let opened): self = .after(opened.after)
        case .failure(let refusal): self = .refused(refusal.code.rawValue)
        }
    }
}
