package import NIOCore
package import VicinityCore
package import VicinityStore
package import VicinityWire

// A relay's conversation: a subscription, then perhaps the pairs that are inside, then the log from its cursor on.
//
// It owns no socket, no clock and no thread. It is told what the client said and what became of what it asked for, and says what to do next, one
// step at a time; whoever drives it asks again whenever something may have changed. It holds at most one piece from the disk or of a cut, so
// that a subscriber that reads nothing costs that and what its socket's queue may hold, and delays nobody.

/// The daemon's side of one connection to `events.sock`.
package struct EventsConversation {
    /// What to do next.
    package enum Step {
        /// Queue these bytes for the client.
        case write(ByteBuffer)
        /// Read the log after this seq, and hand it to ``loaded(_:)``.
        case load(after: Int64)
        /// Ask the writer, and hand its answer to ``opened(_:)``.
        case open(SubscriptionRequest)
        /// Let this time pass, and call ``waited()``.
        case wait(milliseconds: Int64)
        /// Ask the writer for the next piece of the cut, and hand it to ``took(_:)``.
        case readCut
        /// Have the writer move the cursor, and call ``acknowledged()``; if it takes nothing more, do not.
        case acknowledge(Int64)
        /// Have the writer give this name, which the connection had in another process, to it again, and hand the answer to ``reclaimed(_:)``.
        case reclaim(name: [UInt8])
        /// The log could not be read; tell the operator. A close follows.
        case report(String)
        /// Close when the client has got what is queued, or at once.
        case close(afterFlush: Bool)
    }

    enum Phase {
        /// Nothing was asked for yet.
        case waiting
        /// The writer is to be asked.
        case opening(SubscriptionRequest)
        /// The pairs of the cut at this seq are being sent.
        case cutting(at: Int64, pairs: Int)
        /// The stream had begun in another process; the writer is to be asked for this name before it goes on.
        case reclaiming(name: [UInt8])
        case streaming
        /// Nothing comes any more but the close.
        case ending(afterFlush: Bool)
        case closed
    }

    /// What one read from the disk should bring at most, by the weight of the blocks, but for a single heavier one.
    package static let pieceSize = 128 << 10
    /// Bytes of answers that wait for a client that does not read, after which it is not listened to.
    private static let greatestOutbox = 4096
    /// A relay that was cut off and is back at once may be here before the end of its old connection: so often, and so many milliseconds apart, its
    /// name is tried again before it is told that it is in use.
    private static let tries = 10
    private static let pause: Int64 = 25

    // What is not private here is what a successor in another process must know (`EventsConversation+Resumption.swift`).

    private let reader = SubscriptionReader()
    let feed: Feed
    let logID: String
    private let holder: UInt64
    var phase = Phase.waiting
    var subscription = Subscription.everything
    /// The seq of the last event that was dealt with.
    var cursor: Int64 = 0
    /// Read from the disk and not yet sent.
    private var pieces: ArraySlice<EventBlock> = []
    /// How often blocks had been rewritten when ``pieces`` were asked for.
    private var rewrites = 0
    var farewells = FarewellFilter()
    /// Of a cut, not yet sent.
    private var pairs: InsidePairs?
    /// A load, a question to the writer or a wait is under way.
    private var isWaiting = false
    private var triesLeft = Self.tries
    private var mustPause = false
    /// Acks that the client has sent: what the writer is to be asked to store, and what it has been asked to and has not said to be durable.
    var ack: (wanted: Int64?, underWay: Int64?) = (nil, nil)
    /// Small lines that go out before anything else.
    var outbox: [UInt8] = []
    private var complaint: String?
    private var isDraining = false
    private var promptness = Promptness()
    /// When the stream began, or an event or a heartbeat was last sent, in monotonic milliseconds.
    var lastSent: Int64?

    /// - Parameters:
    ///   - logID: the log's identity, for the answer.
    ///   - holder: the connection, for the writer.
    package init(feed: Feed, logID: String, holder: UInt64) {
        self.feed = feed
        self.logID = logID
        self.holder = holder
    }

    /// Whether the writer may hold something for this connection, which is to be released when it is gone.
    package private(set) var isHolding = false

    /// What the last ``Step/write(_:)`` has handed over, if its events are prompt.
    package mutating func takeHanded() -> Promptness.Handed? { promptness.take() }

    // MARK: - What the client says

    /// Whether to take further lines: not from a client that does not read what it has been answered. Acks have no answer.
    package var isListening: Bool { outbox.count < Self.greatestOutbox }

    /// Takes a line of the client.
    package mutating func take(_ line: LineFramer.Line) {
        switch (phase, line) {
        case (.ending, _), (.closed, _): break
        case (.waiting, .text(let bytes)):
            switch bytes.withUnsafeBytes({ reader.first($0) }) {
            case .success(let request): subscribe(request)
            case .failure(let refusal): refuse(refusal)
            }
        case (.waiting, .tooLong): refuse(SubscriptionRefusal(.lineTooLong, Self.tooLong))
        case (_, .text(let bytes)):
            switch bytes.withUnsafeBytes({ reader.later($0) }) {
            case .ack(let seq) where seq > feed.head:
                outbox += SubscriptionRefusal(.badRequest, "ack \(seq) is beyond the head").line
            // Only a named subscriber has a cursor to move; the others need no ack and may send one.
            case .ack(let seq): if subscription.name != nil { ack.wanted = max(ack.wanted ?? 0, seq) }
            case .refused(let refusal): outbox += refusal.line
            }
        case (_, .tooLong): outbox += SubscriptionRefusal(.badRequest, Self.tooLong).line
        }
    }

    /// The client will say nothing more. That does not end a stream, but nobody will ever subscribe on a connection that has not.
    package mutating func inputEnded() {
        if case .waiting = phase { phase = .ending(afterFlush: true) }
    }

    /// The connection is gone.
    ///
    /// - Returns: a seq that the client acknowledged and that the writer has not been asked to store.
    package mutating func closed() -> Int64? {
        phase = .closed
        pieces = []
        pairs = nil
        return isHolding ? ack.wanted : nil
    }

    private static let tooLong = "a line holds at most 65536 bytes"

    private mutating func refuse(_ refusal: SubscriptionRefusal) {
        outbox += refusal.line
        phase = .ending(afterFlush: true)
    }

    private mutating func subscribe(_ request: Subscription) {
        subscription = request
        if request.name != nil || request.wantsSnapshot {
            let name = request.name.map { Array($0.utf8) }
            phase = .opening(
                SubscriptionRequest(name: name, after: request.after, wantsSnapshot: request.wantsSnapshot, holder: holder))
            return
        }
        let head = feed.head
        if let after = request.after, after > head {
            return refuse(SubscriptionRefusal(.afterHead, "after is \(after), the newest event is \(head)"))
        }
        begin(after: request.after ?? head)
    }

    // MARK: - What became of what was asked for

    /// The writer's answer to ``Step/open(_:)``.
    package mutating func opened(_ answer: Result<OpenedSubscription, SubscriptionRefusal>) {
        isWaiting = false
        guard case .opening = phase else { return }
        switch answer {
        case .success(let opened): begin(after: opened.after)
        case .failure(let refusal) where refusal.code == .nameInUse && triesLeft > 0 && !isDraining:
            triesLeft -= 1
            mustPause = true
        case .failure(let refusal): refuse(refusal)
        }
    }

    /// The time of ``Step/wait(milliseconds:)`` has passed.
    package mutating func waited() { isWaiting = false }

    /// What was read after the seq of ``Step/load(after:)``.
    package mutating func loaded(_ blocks: Result<[EventBlock], StoreFault>) {
        isWaiting = false
        guard case .streaming = phase else { return }
        switch blocks {
        case .success(let blocks):
            pieces = blocks[...]
            if blocks.isEmpty { skipRemoved() }
        case .failure(let fault): giveUp("\(fault)")
        }
    }

    /// Passes over what retention has removed up to the head: no block will come that says so.
    private mutating func skipRemoved() {
        let oldest = feed.range.oldest
        guard oldest > cursor + 1 else { return }
        outbox += EventLineEncoder.gap(from: cursor + 1, to: oldest - 1)
        cursor = oldest - 1
    }

    /// A piece of the cut; `nil` if there is none any more.
    package mutating func took(_ piece: CutPiece?) {
        isWaiting = false
        guard case .cutting(let at, let sent) = phase else { return }
        guard let piece else {
            phase = .ending(afterFlush: true)
            return
        }
        pairs = piece.pairs.count > 0 ? piece.pairs : nil
        guard piece.isLast else { return }
        outbox += EventLineEncoder.snapshotEnd(pairs: sent, at: at)
        phase = .streaming
    }

    /// The cursor of ``Step/acknowledge(_:)`` is durable.
    package mutating func acknowledged() { ack.underWay = nil }

    /// The writer's answer to ``Step/reclaim(name:)``: whether the name is the connection's again.
    ///
    /// Somebody else who has it would get what is this one's, or the other way round; so a connection without its name ends.
    package mutating func reclaimed(_ isGranted: Bool) {
        isWaiting = false
        guard case .reclaiming = phase else { return }
        phase = isGranted ? .streaming : .ending(afterFlush: true)
    }

    /// The writer takes nothing more: the daemon stops.
    package mutating func refused() { phase = .ending(afterFlush: true) }

    private mutating func begin(after: Int64) {
        let (oldest, head) = feed.range
        cursor = max(after, oldest - 1)
        var answer = Subscribed(log: logID, after: after, oldest: oldest, head: head)
        if after < oldest - 1 { answer.gap = (after + 1, oldest - 1) }
        outbox += answer.line
        // The cursor may be past the cut, if retention has been faster.
        phase = subscription.wantsSnapshot ? .cutting(at: after, pairs: 0) : .streaming
    }

    private mutating func giveUp(_ reason: String) {
        complaint = reason
        phase = .ending(afterFlush: false)
    }

    // MARK: - What to do next

    /// The next step, or `nil` if there is nothing to do until something happens.
    ///
    /// - Parameters:
    ///   - canWrite: whether the socket's queue has room for more than small lines.
    ///   - now: monotonic milliseconds.
    package mutating func next(canWrite: Bool, now: Int64) -> Step? {
        if case .closed = phase { return nil }
        // However little is read: whose leaves are to come must be known while the enters are.
        if isReading { farewells.take(from: feed, for: subscription.filter, at: cursor) }
        if !outbox.isEmpty, canWrite || isEnding {
            defer { outbox = [] }
            return .write(ByteBuffer(bytes: outbox))
        }
        if let reason = complaint {
            complaint = nil
            return .report(reason)
        }
        if let seq = ack.wanted, ack.underWay == nil, isHolding {
            ack = (nil, seq)
            return .acknowledge(seq)
        }
        switch phase {
        case .waiting: return isDraining ? end(afterFlush: true) : nil
        case .opening(let request): return nextOpening(request)
        case .cutting(let at, let sent): return nextOfCut(at, sent, canWrite: canWrite)
        case .reclaiming(let name): return nextReclaiming(name)
        case .streaming: return nextOfStream(canWrite: canWrite, now: now)
        case .ending(let afterFlush): return end(afterFlush: afterFlush)
        case .closed: return nil
        }
    }

    /// Whether there is a place in the log up to which events have been dealt with.
    private var isReading: Bool {
        switch phase {
        case .cutting, .reclaiming, .streaming: true
        case .waiting, .opening, .ending, .closed: false
        }
    }

    /// The seq up to which a subscriber without a name has been served; `nil` for others, who have a cursor, and before there is a place.
    package var unnamedPlace: Int64? { isReading && subscription.name == nil ? cursor : nil }

    private var isEnding: Bool {
        if case .ending = phase { true } else { false }
    }

    private mutating func end(afterFlush: Bool) -> Step {
        phase = .closed
        return .close(afterFlush: afterFlush)
    }

    private mutating func nextOpening(_ request: SubscriptionRequest) -> Step? {
        guard !isWaiting else { return nil }
        if isDraining, !isHolding { return end(afterFlush: true) }
        isWaiting = true
        if mustPause {
            mustPause = false
            return .wait(milliseconds: Self.pause)
        }
        isHolding = true
        return .open(request)
    }

    private mutating func nextReclaiming(_ name: [UInt8]) -> Step? {
        guard !isWaiting else { return nil }
        if isDraining { return end(afterFlush: true) }
        isWaiting = true
        isHolding = true
        return .reclaim(name: name)
    }

    private mutating func nextOfCut(_ at: Int64, _ sent: Int, canWrite: Bool) -> Step? {
        guard !isWaiting, canWrite else { return isDraining ? end(afterFlush: true) : nil }
        if let found = pairs {
            pairs = nil
            var count = 0
            let lines = EventLineEncoder.insideLines(of: found, for: subscription.filter, count: &count)
            phase = .cutting(at: at, pairs: sent + count)
            if count > 0 { return .write(ByteBuffer(bytes: lines)) }
        }
        if isDraining { return end(afterFlush: true) }
        isWaiting = true
        return .readCut
    }

    private mutating func nextOfStream(canWrite: Bool, now: Int64) -> Step? {
        // Never after now, whatever another process has left behind.
        lastSent = min(lastSent ?? now, now)
        // What was read before some user was forgotten is read again.
        if !pieces.isEmpty, feed.rewrites != rewrites { pieces = [] }
        while canWrite, !isWaiting {
            let lines: ByteBuffer?
            if cursor >= feed.head {
                promptness.reachedHead()
                return isDraining ? end(afterFlush: true) : nil
            } else if let piece = pieces.first {
                // A commit can be read from the disk a moment before it is announced. Sent then, its events could not be acknowledged.
                guard piece.firstSeq <= feed.head else { return nil }
                pieces.removeFirst()
                lines = write(piece, shared: nil)
            } else if let recent = feed.recentBlock(containing: cursor + 1) {
                lines = write(recent.block, shared: recent)
            } else {
                isWaiting = true
                promptness.readsFromDisk()
                rewrites = feed.rewrites
                return .load(after: cursor)
            }
            if let lines {
                lastSent = now
                return .write(lines)
            }
            if case .ending = phase { return next(canWrite: canWrite, now: now) }
        }
        return nil
    }

    /// The lines of a block after the cursor; moves the cursor.
    ///
    /// - Returns: `nil` if the filter lets none through, or the block cannot be read.
    private mutating func write(_ block: EventBlock, shared: SharedBlock?) -> ByteBuffer? {
        var gap: [UInt8] = []
        var after = cursor
        if block.firstSeq > cursor + 1 {
            // A block of which retention has let go the beginning counts from what is left.
            after = max(block.firstSeq, feed.range.oldest) - 1
            gap = EventLineEncoder.gap(from: cursor + 1, to: after)
        }
        do {
            var lines: ByteBuffer
            if gap.isEmpty, block.firstSeq == after + 1, subscription.isEverything {
                lines = try (shared ?? SharedBlock(block)).allLines()
                promptness.gave(Int(block.lastSeq - after), arrived: shared?.arrived)
            } else {
                let chosen = try filtered(block, after: after)
                lines = ByteBuffer(bytes: gap + chosen)
                promptness.gave(chosen.count { $0 == UInt8(ascii: "\n") }, arrived: shared?.arrived)
            }
            cursor = max(after, block.lastSeq)
            return lines.readableBytes > 0 ? lines : nil
        } catch {
            giveUp("the block of event \(block.firstSeq) cannot be read")
            return nil
        }
    }

    private mutating func filtered(_ block: EventBlock, after seq: Int64) throws -> [UInt8] {
        let filter = subscription.filter
        return try EventLineEncoder.lines(of: block, after: seq) { farewells.admits($0, by: filter) }
    }

    // MARK: - Time

    /// Appends a heartbeat if one is due.
    ///
    /// - Parameters:
    ///   - interval: milliseconds; 0 for none.
    ///   - now: monotonic milliseconds.
    ///   - clock: Unix milliseconds.
    package mutating func beat(interval: Int64, now: Int64, clock: Int64) {
        guard case .streaming = phase, interval > 0, let lastSent, now >= lastSent + interval, cursor >= feed.head else { return }
        self.lastSent = now
        outbox += EventLineEncoder.heartbeat(head: feed.head, time: clock)
    }

    /// When ``beat(interval:now:clock:)`` may next be due, in monotonic milliseconds; `nil` before the stream begins.
    package func nextBeat(interval: Int64) -> Int64? { lastSent.map { $0 + interval } }

    /// The daemon stops: what is durable is sent, and then the stream ends.
    package mutating func drain() { isDraining = true }
}
