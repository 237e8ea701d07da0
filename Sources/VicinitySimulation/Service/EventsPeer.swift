import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

/// The daemon's side of a relay's connection: what its session does, without a socket.
final class EventsPeer: LinkSession {
    let link: Link
    private unowned let daemon: SimulatedDaemon
    private var conversation: EventsConversation
    private var framer = LineFramer(limit: 65_536)
    private var isAdvancing = false
    private var heartbeat: Int64 = 0
    private var pauseEnd: Int64?

    /// Bytes of answers that may be queued though the client does not read: those of a conversation that ends.
    private static let lastWords = 5_000
    /// More steps than any conversation takes without waiting for somebody.
    private static let mostSteps = 10_000

    init(_ link: Link, _ daemon: SimulatedDaemon) {
        self.link = link
        self.daemon = daemon
        conversation = EventsConversation(feed: daemon.feed, logID: daemon.world.disk.identity.logID, holder: link.id)
        armHeartbeat()
    }

    var deadline: Int64? { min(heartbeat, pauseEnd ?? .max) }

    func received(_ bytes: inout ByteBuffer) throws(Violation) {
        while conversation.isListening || !link.isOpen, let line = next(&bytes) {
            conversation.take(line)
            try advance()
        }
        if !conversation.isListening { link.pauseReading() }
    }

    private func next(_ bytes: inout ByteBuffer) -> LineFramer.Line? {
        let (line, consumed) = bytes.withUnsafeReadableBytes { framer.next($0) }
        bytes.moveReaderIndex(forwardBy: consumed)
        return line
    }

    func inputEnded(_ rest: inout ByteBuffer) throws(Violation) {
        let line = rest.withUnsafeReadableBytes { framer.last($0) }
        rest.clear()
        if let line { conversation.take(line) }
        conversation.inputEnded()
        try advance()
    }

    func becameWritable() throws(Violation) {
        link.resumeReading()
        try advance()
    }

    func closed() {
        if let seq = conversation.closed() {
            let reply = Reply<Void> { [mailbox = daemon.mailbox, id = link.id] _ in mailbox.put(.acknowledged(link: id)) }
            _ = daemon.inbox.put(.acknowledge(holder: link.id, seq: seq, reply))
        }
        if conversation.isHolding { _ = daemon.inbox.put(.release(holder: link.id)) }
    }

    /// Does what there is to do, as far as the socket takes it.
    func advance() throws(Violation) {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var steps = 0
        while link.isOpen, let step = conversation.next(canWrite: link.isWritable, now: daemon.now) {
            steps += 1
            try demand(steps < Self.mostSteps, "connection \(link.id): a conversation goes round in circles")
            try carryOut(step)
        }
    }

    private func carryOut(_ step: EventsConversation.Step) throws(Violation) {
        switch step {
        case .write(let bytes):
            try demand(
                link.isWritable || bytes.readableBytes <= Self.lastWords,
                "connection \(link.id): \(bytes.readableBytes) bytes are queued for a subscriber that does not read")
            link.write(daemon.world.tampered(bytes, to: link.id))
            link.flush()
        case .load(let seq): daemon.load(after: seq, for: link)
        case .open(let request):
            let reply = Reply<Result<OpenedSubscription, SubscriptionRefusal>> { [mailbox = daemon.mailbox] in
                mailbox.put(.opened(link: request.holder, $0))
            }
            if !daemon.inbox.put(.subscribe(request, reply)) { conversation.refused() }
        case .wait(let milliseconds): pauseEnd = daemon.now + milliseconds
        case .readCut:
            let reply = Reply<CutPiece?> { [mailbox = daemon.mailbox, id = link.id] in mailbox.put(.cut(link: id, $0)) }
            if !daemon.inbox.put(.readCut(holder: link.id, reply)) { conversation.refused() }
        case .acknowledge(let seq):
            let reply = Reply<Void> { [mailbox = daemon.mailbox, id = link.id] _ in mailbox.put(.acknowledged(link: id)) }
            _ = daemon.inbox.put(.acknowledge(holder: link.id, seq: seq, reply))
        case .reclaim: preconditionFailure("no connection outlives the simulated daemon")
        case .report: daemon.world.figures.unreadable += 1
        case .close(let afterFlush): link.close(afterFlush: afterFlush)
        }
    }

    // MARK: - Answers

    func opened(_ answer: Result<OpenedSubscription, SubscriptionRefusal>) throws(Violation) {
        conversation.opened(answer)
        try advance()
    }

    func took(_ piece: CutPiece?) throws(Violation) {
        conversation.took(piece)
        try advance()
    }

    func acknowledged() throws(Violation) {
        conversation.acknowledged()
        try advance()
    }

    func loaded(_ blocks: Result<[EventBlock], StoreFault>) throws(Violation) {
        conversation.loaded(blocks)
        try advance()
    }

    // MARK: - Time

    private func armHeartbeat() {
        let interval = daemon.world.traits.heartbeat
        heartbeat = daemon.now + (conversation.nextBeat(interval: interval).map { max(1, min(1_000, $0 - daemon.now)) } ?? 1_000)
    }

    func timePassed() throws(Violation) {
        if let end = pauseEnd, end <= daemon.now {
            pauseEnd = nil
            conversation.waited()
            try advance()
        }
        guard heartbeat <= daemon.now else { return }
        if link.isWritable {
            conversation.beat(interval: daemon.world.traits.heartbeat, now: daemon.now, clock: daemon.world.clock.unix)
        }
        try advance()
        armHeartbeat()
    }

    // MARK: - The daemon stops

    func drain() throws(Violation) {
        conversation.drain()
        try advance()
    }
}
