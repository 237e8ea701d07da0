internal import CLinux
import Logging
internal import NIOCore
internal import NIOPosix
import VicinityCore
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
    private var framer = LineFramer(limit: Bounds.eventsLine)
    private var heartbeat: Scheduled<Void>?
    private var isAdvancing = false

    init(connection: Connection, services: EventsServices, whenClosed: @escaping () -> Void) {
        self.connection = connection
        self.services = services
        self.whenClosed = whenClosed
        conversation = EventsConversation(feed: services.feed, logID: services.logID, holder: connection.id)
        services.group.add(self)
        armHeartbeat()
    }

    // MARK: - Session

    func received(_ bytes: inout ByteBuffer) {
        // What a client said before it was gone is taken to the end: it may be its last ack.
        while conversation.isListening || !connection.isOpen, let line = framer.next(&bytes) {
            conversation.take(line)
            advance()
        }
        if !conversation.isListening { connection.pauseReading() }
    }

    func inputEnded(_ rest: inout ByteBuffer) {
        if let line = framer.last(&rest) { conversation.take(line) }
        conversation.inputEnded()
        advance()
    }

    func becameWritable() {
        connection.resumeReading()
        advance()
    }

    func closed() {
        services.group.remove(self)
        heartbeat?.cancel()
        if let seq = conversation.closed() { _ = services.inbox.put(.acknowledge(holder: connection.id, seq: seq, Reply { _ in })) }
        if conversation.isHolding { _ = services.inbox.put(.release(holder: connection.id)) }
        whenClosed()
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
                connection.write(bytes)
                hasWritten = true
            } else {
                if hasWritten { connection.flush() }
                hasWritten = false
                carryOut(step)
            }
        }
        if hasWritten { connection.flush() }
    }

    /// See ``EventsConversation/unnamedPlace``.
    var unnamedPlace: Int64? { conversation.unnamedPlace }

    /// Sends all that is durable and closes; the daemon stops.
    func drain() {
        conversation.drain()
        advance()
    }

    /// Sends no further block, and closes when the lines that are queued are sent; there is no more time.
    func cutShort() { connection.close(afterFlush: true) }

    // MARK: - Steps

    private func carryOut(_ step: EventsConversation.Step) {
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
    /// Milliseconds as configured now; 0 for none.
    let heartbeat: @Sendable () -> Int64
}
