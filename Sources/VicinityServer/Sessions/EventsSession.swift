internal import CLinux
import Logging
internal import NIOCore
internal import NIOPosix
import VicinityCore
import VicinityMetrics
import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

/// A relay's connection: moves bytes and questions between its ``EventsConversation``, the socket, the writer and the disk.
///
/// Lives on its connection's event loop.
final class EventsSession: Session {
    let connection: Connection
    private let services: EventsServices
    private let whenClosed: () -> Void
    private var conversation: EventsConversation
    private var framer: LineFramer
    private var heartbeat: Scheduled<Void>?
    private var isAdvancing = false
    private let keepsake: Keepsake?
    /// Bytes of the connection that the framer has taken.
    private var position: UInt64
    /// Something is to be noted other than the place in the log.
    private var mustNote = true
    /// What the conversation's base was when it was noted.
    private var notedRevision = 0
    /// For the encoding of notes.
    private var scratch: [UInt8] = []

    /// Begins with a new connection.
    init(connection: Connection, services: EventsServices, keepsake: Keepsake?, whenClosed: @escaping () -> Void) {
        self.connection = connection
        self.services = services
        self.keepsake = keepsake
        self.whenClosed = whenClosed
        conversation = EventsConversation(feed: services.feed, logID: services.logID, holder: connection.id)
        framer = LineFramer(limit: Bounds.eventsLine)
        position = 0
        services.group.add(self)
        noteProgress()
        armHeartbeat()
    }

    /// Goes on with a connection that another process has left; asks for its name at once, if it has one.
    ///
    /// - Throws: if its place is not one in this log.
    init(
        connection: Connection, services: EventsServices, keepsake: Keepsake, legacy: Legacy, note: EventsNote,
        whenClosed: @escaping () -> Void
    ) throws(ResumptionError) {
        self.connection = connection
        self.services = services
        self.keepsake = keepsake
        self.whenClosed = whenClosed
        let base = note.conversation
        // After an orderly stop the state is whole; after a crash the place has gone on from it.
        let resumption = !legacy.wasStoppedInOrder && legacy.place > base.place ?? .max ? base.moved(to: legacy.place) : base
        conversation = try EventsConversation(
            feed: services.feed, logID: services.logID, holder: connection.id, resuming: resumption)
        framer = LineFramer(limit: Bounds.eventsLine, resuming: note.framer)
        position = legacy.start
        services.group.add(self)
        keepsake.begin(legacy)
        connection.inherit(ByteBuffer(bytes: legacy.unsettled))
        advance()
        armHeartbeat()
    }

    // MARK: - Session

    func arrived(_ bytes: ByteBuffer) { keepsake?.arrived(bytes) }

    func received(_ bytes: inout ByteBuffer) {
        // What a client said before it was gone is taken to the end: it may be its last ack.
        while conversation.isListening || !connection.isOpen, let line = nextLine(&bytes) {
            conversation.take(line)
            advance()
        }
        noteProgress()
        if !conversation.isListening { connection.pauseReading() }
    }

    private func nextLine(_ bytes: inout ByteBuffer) -> LineFramer.Line? {
        let before = bytes.readableBytes
        let line = framer.next(&bytes)
        took(before - bytes.readableBytes)
        return line
    }

    private func took(_ count: Int) {
        guard count > 0 else { return }
        position += UInt64(count)
        mustNote = true
    }

    func inputEnded(_ rest: inout ByteBuffer) {
        took(rest.readableBytes)
        if let line = framer.last(&rest) { conversation.take(line) }
        conversation.inputEnded()
        advance()
    }

    func becameWritable() {
        connection.resumeReading()
        advance()
    }

    func outputTaken() { noteProgress() }

    func closed() {
        leave()
        keepsake?.forget()
        if let seq = conversation.closed() { _ = services.inbox.put(.acknowledge(holder: connection.id, seq: seq, Reply { _ in })) }
        if conversation.isHolding { _ = services.inbox.put(.release(holder: connection.id)) }
        whenClosed()
    }

    private func leave() {
        services.group.remove(self)
        heartbeat?.cancel()
    }

    /// Does what there is to do, as far as the socket takes it.
    func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var hasWritten = false
        while connection.isOpen,
            let step = conversation.next(canWrite: connection.isWritable, now: vicinity_monotonic_milliseconds())
        {
            if case .write(let bytes) = step {
                keepsake?.outputBegins()
                connection.write(bytes)
                hasWritten = true
                if let handed = conversation.takeHanded() {
                    services.deliveries.record(vicinity_monotonic_nanoseconds() - handed.arrived, count: handed.events)
                }
            } else {
                if hasWritten { connection.flush() }
                hasWritten = false
                carryOut(step)
            }
        }
        if hasWritten { connection.flush() }
        noteProgress()
    }

    /// Bytes that wait for the client.
    var queuedBytes: Int { connection.queuedBytes }

    /// How many events a subscriber without a name has still to be given; `nil` for one with a name, whose acks tell.
    var unnamedLag: Int64? { conversation.unnamedPlace.map { max(0, services.feed.head - $0) } }

    /// Sends all that is durable and closes; the daemon stops.
    func drain() {
        conversation.drain()
        advance()
    }

    /// Sends no further block, and closes when the lines that are queued are sent; there is no more time.
    func cutShort() { connection.close(afterFlush: true) }

    // MARK: - The next process

    /// Leaves the connection to the next process, after the last commit. Whoever cannot be left in the middle of something is brought to its end first.
    ///
    /// - Returns: false if it cannot be left.
    func handOver() -> Bool {
        guard let keepsake, !keepsake.isLost else { return false }
        advance()
        if connection.isOpen, conversation.resumption == nil { drain() }
        let resumption = conversation.resumption
        guard resumption != nil || !connection.isOpen, let handover = connection.detach() else { return false }
        leave()
        if let resumption { encodeNote(resumption) }
        let isLeft = keepsake.handOver(resumption == nil ? nil : scratch, start: position, handover)
        whenClosed()
        return isLeft
    }

    /// Notes what a successor must know, once all that was written is taken: mostly a number.
    private func noteProgress() {
        guard let keepsake, connection.isOpen, connection.queuedBytes == 0 else { return }
        guard mustNote || conversation.baseRevision != notedRevision else {
            if let place = conversation.place { keepsake.note(place: place) }
            return
        }
        guard let resumption = conversation.resumption else { return keepsake.suspend() }
        encodeNote(resumption)
        keepsake.note(scratch, start: position)
        mustNote = false
        notedRevision = conversation.baseRevision
    }

    private func encodeNote(_ resumption: EventsConversation.Resumption) {
        EventsNote(framer: framer.resumption, conversation: resumption).encode(into: &scratch)
    }

    // MARK: - Steps

    private func carryOut(_ step: EventsConversation.Step) {
        mustNote = true
        switch step {
        case .write: break
        case .load(let seq): load(after: seq)
        case .open(let request):
            let reply = Reply<Result<OpenedSubscription, SubscriptionRefusal>>(onLoop { $0.conversation.opened($1) })
            if !services.inbox.put(.subscribe(request, reply)) { conversation.refused() }
        case .wait(let milliseconds):
            _ = connection.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                self.conversation.waited()
                self.advance()
            }
        case .readCut:
            let reply = Reply<CutPiece?>(onLoop { $0.conversation.took($1) })
            if !services.inbox.put(.readCut(holder: connection.id, reply)) { conversation.refused() }
        case .acknowledge(let seq):
            let reply = Reply<Void>(onLoop { session, _ in session.conversation.acknowledged() })
            // Too late is no harm: the relay gets again what follows its last ack, or the ack is handed on with the connection.
            _ = services.inbox.put(.acknowledge(holder: connection.id, seq: seq, reply))
        case .reclaim(let name):
            let reply = Reply<Bool>(onLoop { $0.conversation.reclaimed($1) })
            if !services.inbox.put(.reclaim(name: name, holder: connection.id, reply)) { conversation.refused() }
        case .report(let reason): report(reason)
        case .close(let afterFlush): connection.close(afterFlush: afterFlush)
        }
    }

    /// Takes an answer from any thread to the conversation, and goes on.
    private func onLoop<Answer: Sendable>(_ take: @escaping @Sendable (EventsSession, Answer) -> Void) -> @Sendable (Answer) -> Void {
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let loop = connection.eventLoop
        return { answer in
            loop.execute {
                take(me.value, answer)
                me.value.mustNote = true
                me.value.advance()
            }
        }
    }

    private func load(after seq: Int64) {
        let reader = services.reader
        let finish = onLoop { (session: EventsSession, blocks: Result<[EventBlock], StoreFault>) in session.conversation.loaded(blocks) }
        services.threads.submit { state in
            guard case .active = state else { return }
            do throws(StoreFault) {
                finish(.success(try reader.blocks(after: seq, maxBytes: EventsConversation.pieceSize)))
            } catch {
                finish(.failure(error))
            }
        }
    }

    /// The log could not be read: the subscriber comes again later, and the operator is told, once.
    private func report(_ reason: String) {
        if services.health.report(.log, "the log cannot be read: \(reason)") {
            services.logger.report(.logUnreadable(reason))
        }
    }

    /// Looks at least once a second whether a heartbeat is due, so that another interval applies at once.
    private func armHeartbeat() {
        let interval = services.heartbeat()
        let now = vicinity_monotonic_milliseconds()
        let wait = interval > 0 ? conversation.nextBeat(interval: interval).map { max(1, min(1000, $0 - now)) } ?? 1000 : 1000
        heartbeat = connection.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(wait)) {
            if self.connection.isWritable {
                self.conversation.beat(
                    interval: self.services.heartbeat(), now: vicinity_monotonic_milliseconds(), clock: vicinity_unix_milliseconds())
            }
            self.advance()
            self.armHeartbeat()
        }
    }
}

/// What every subscriber's session needs.
struct EventsServices: Sendable {
    let feed: Feed
    let reader: any LogReader
    let inbox: Inbox<Work>
    let threads: NIOThreadPool
    let group: SubscriberGroup
    let logID: String
    let health: Health
    let logger: Logger
    let deliveries: LatencyHistogram
    /// Milliseconds as configured now; 0 for none.
    let heartbeat: @Sendable () -> Int64
}
