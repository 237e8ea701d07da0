import Logging
internal import NIOCore
internal import NIOPosix
import VicinityCore
import VicinityStore
import VicinityTransport
import VicinityWire

/// A relay's conversation: a subscription, then the log from its cursor on.
///
/// Lives on its connection's event loop. It is always in one of three positions: at the head with nothing to send; sending, until the
/// socket takes no more; or waiting for a part of the log that comes from the disk. It holds at most what the socket's queue may hold and one piece
/// from the disk, so that a subscriber that reads nothing costs that and no more, and delays nobody.
final class EventsSession: Session {
    let connection: Connection
    private let services: EventsServices
    private let whenClosed: () -> Void
    private let reader = SubscriptionReader()
    private var framer = LineFramer(limit: 65_536)
    private var phase = Phase.waiting
    private var subscription = Subscription.everything
    /// The seq of the last event that was dealt with.
    private var cursor: Int64 = 0
    /// Read from the disk and not yet sent.
    private var pieces: ArraySlice<EventBlock> = []
    private var isLoading = false
    private var isDraining = false
    private var lastSent = NIODeadline.now()
    private var heartbeat: Scheduled<Void>?

    private enum Phase {
        /// Nothing was asked for yet.
        case waiting
        case streaming
        case closed
    }

    /// Bytes that one read from the disk brings at most, but for a single larger block.
    private static let pieceSize = 128 << 10

    init(connection: Connection, services: EventsServices, whenClosed: @escaping () -> Void) {
        self.connection = connection
        self.services = services
        self.whenClosed = whenClosed
        services.group.add(self)
    }

    // MARK: - Session

    func received(_ bytes: inout ByteBuffer) {
        // Who talks without reading what it is answered is not listened to until it does.
        while connection.isOpen, connection.isWritable, let line = framer.next(&bytes) { take(line) }
        if !connection.isWritable { connection.pauseReading() }
    }

    func inputEnded(_ rest: inout ByteBuffer) {
        if let line = framer.last(&rest) { take(line) }
        // Half-closing does not end a stream; but nobody will ever subscribe on this connection.
        if case .waiting = phase { connection.close(afterFlush: true) }
    }

    func becameWritable() {
        connection.resumeReading()
        advance()
    }

    func closed() {
        services.group.remove(self)
        phase = .closed
        heartbeat?.cancel()
        whenClosed()
        pieces = []
    }

    // MARK: - What the client says

    private func take(_ line: LineFramer.Line) {
        switch (phase, line) {
        case (.closed, _): break
        case (.waiting, .text(let bytes)):
            switch bytes.withUnsafeBytes({ reader.first($0) }) {
            case .success(let request): subscribe(request)
            case .failure(let refusal): refuse(refusal)
            }
        case (.waiting, .tooLong): refuse(SubscriptionRefusal(.lineTooLong, Self.tooLong))
        case (.streaming, .text(let bytes)):
            switch bytes.withUnsafeBytes({ reader.later($0) }) {
            // Only a named subscriber has a cursor to move; the others need no ack and may send one.
            case .ack(let seq) where seq > services.feed.head:
                send(SubscriptionRefusal(.badRequest, "ack \(seq) is beyond the head").line)
            case .ack: break
            case .refused(let refusal): send(refusal.line)
            }
        case (.streaming, .tooLong): send(SubscriptionRefusal(.badRequest, Self.tooLong).line)
        }
    }

    private static let tooLong = "a line holds at most 65536 bytes"

    private func refuse(_ refusal: SubscriptionRefusal) {
        send(refusal.line)
        connection.close(afterFlush: true)
    }

    private func subscribe(_ request: Subscription) {
        guard request.name == nil, !request.wantsSnapshot else {
            return refuse(SubscriptionRefusal(.badRequest, "durable names and snapshots are not yet in force"))
        }
        guard let oldest = oldest() else { return }
        let head = services.feed.head
        if let after = request.after, after > head {
            return refuse(SubscriptionRefusal(.afterHead, "after is \(after), the newest event is \(head)"))
        }
        subscription = request
        let after = request.after ?? head
        cursor = max(after, oldest - 1)
        phase = .streaming
        var answer = Subscribed(log: services.logID, after: after, oldest: oldest, head: head)
        if after < oldest - 1 { answer.gap = (after + 1, oldest - 1) }
        send(answer.line)
        lastSent = .now()
        armHeartbeat()
        advance()
    }

    /// The first event that is kept; `nil` if that could not be found out, and then the connection is closed.
    private func oldest() -> Int64? {
        do {
            return try services.reader.oldest()
        } catch {
            giveUp(error)
            return nil
        }
    }

    // MARK: - The stream

    /// Sends what there is, as far as the socket takes it.
    func advance() {
        guard case .streaming = phase, !isLoading else { return }
        var hasWritten = false
        while connection.isWritable, connection.isOpen {
            if let piece = pieces.popFirst() {
                hasWritten = write(piece, shared: nil) || hasWritten
            } else if cursor >= services.feed.head {
                break
            } else if let recent = services.feed.recentBlock(containing: cursor + 1) {
                hasWritten = write(recent.block, shared: recent) || hasWritten
            } else {
                load()
                break
            }
        }
        if hasWritten { connection.flush() }
        if isDraining, cursor >= services.feed.head, pieces.isEmpty { connection.close(afterFlush: true) }
    }

    /// Queues the lines of a block after the cursor, and moves the cursor.
    ///
    /// - Returns: whether there were any.
    private func write(_ block: EventBlock, shared: SharedBlock?) -> Bool {
        if block.firstSeq > cursor + 1 { sendGap(from: cursor + 1, to: block.firstSeq - 1) }
        defer { cursor = max(cursor, block.lastSeq) }
        do {
            let lines: ByteBuffer
            if let shared, block.firstSeq == cursor + 1, subscription.isEverything {
                lines = try shared.allLines()
            } else {
                lines = ByteBuffer(bytes: try EventLineEncoder.lines(of: block, after: cursor, for: subscription.filter))
            }
            guard lines.readableBytes > 0 else { return false }
            lastSent = .now()
            connection.write(lines)
            return true
        } catch {
            giveUp(error)
            return false
        }
    }

    private func load() {
        isLoading = true
        let reader = services.reader
        let after = cursor
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        services.threads.runIfActive(eventLoop: connection.eventLoop) { try reader.blocks(after: after, maxBytes: Self.pieceSize) }
            .whenComplete { result in me.value.loaded(result) }
    }

    private func loaded(_ result: Result<[EventBlock], any Error>) {
        isLoading = false
        guard case .streaming = phase else { return }
        switch result {
        case .success(let blocks):
            pieces = blocks[...]
            advance()
        case .failure(let error): giveUp(error)
        }
    }

    /// Sends all that is durable and closes; the daemon stops.
    func drain() {
        isDraining = true
        switch phase {
        case .waiting: connection.close(afterFlush: true)
        case .streaming: advance()
        case .closed: break
        }
    }

    /// Sends no further block, and closes when the lines that are queued are sent; there is no more time.
    func cutShort() { connection.close(afterFlush: true) }

    // MARK: - Small lines

    private func sendGap(from: Int64, to: Int64) { send(EventLineEncoder.gap(from: from, to: to)) }

    /// Looks at least once a second whether a heartbeat is due, so that another interval applies at once.
    private func armHeartbeat() {
        let interval = services.heartbeat()
        let wait = interval.map { max(.milliseconds(1), min(.seconds(1), lastSent + $0 - .now())) } ?? .seconds(1)
        heartbeat = connection.eventLoop.assumeIsolated().scheduleTask(in: wait) {
            if let interval = self.services.heartbeat(), NIODeadline.now() >= self.lastSent + interval, self.connection.isWritable,
                self.cursor >= self.services.feed.head
            {
                self.lastSent = .now()
                self.send(EventLineEncoder.heartbeat(head: self.services.feed.head, time: self.services.now()))
            }
            self.armHeartbeat()
        }
    }

    private func send(_ line: [UInt8]) {
        connection.write(ByteBuffer(bytes: line))
        connection.flush()
    }

    /// The log could not be read: the subscriber comes again later, and the operator is told.
    private func giveUp(_ error: any Error) {
        services.logger.error("the log could not be read for a subscriber: \(error)", metadata: ["connection": "\(connection.id)"])
        connection.close(afterFlush: false)
    }
}

/// What every subscriber's session needs.
struct EventsServices: Sendable {
    let feed: Feed
    let reader: any LogReader
    let threads: NIOThreadPool
    let group: SubscriberGroup
    let logID: String
    let logger: Logger
    /// As configured now; `nil` for none.
    let heartbeat: @Sendable () -> TimeAmount?
    /// Unix milliseconds.
    let now: @Sendable () -> Int64
}
