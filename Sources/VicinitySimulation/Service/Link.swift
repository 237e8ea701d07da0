import NIOCore

// A connection: the client's end, the two buffers in the kernel, and the daemon's end by the rules of its transport.
//
// Input is read piece by piece while the session wants it, and what it leaves is seen again in front of what follows. Output is queued and
// sent as the buffer takes it; above the high-water mark the session is to stop. When the client goes, what it had sent is handed over first.

/// What the daemon's side of a connection is told; see the transport's own protocol of that name.
protocol LinkSession: AnyObject {
    func received(_ bytes: inout ByteBuffer) throws(Violation)
    func inputEnded(_ rest: inout ByteBuffer) throws(Violation)
    func becameWritable() throws(Violation)
    func closed() throws(Violation)
    /// When a timer of the session is due, in monotonic milliseconds.
    var deadline: Int64? { get }
    func timePassed() throws(Violation)
}

/// A connection of a client to the simulated daemon.
final class Link {
    private enum Phase {
        case open
        /// The session closed it; what is queued is still sent.
        case closing
        case gone(byPeer: Bool)
        /// The session has been told.
        case over
    }

    /// Something that the event loop may do about a connection.
    enum Happening {
        case read
        case hangUp
        case flush
        case tell
        case timer
    }

    /// As the daemon counts them.
    let id: UInt64
    /// The event loop that it lives on.
    let loop: Int
    private let highWater: Int
    private let readSize: Int

    // In the kernel.
    private var upstream: BytePipe
    private var downstream: BytePipe

    // The client's end.
    private(set) var clientHasShutDown = false
    private(set) var clientIsGone = false
    /// The daemon's end is closed; what it had sent can still be read.
    private(set) var isCut = false

    /// The daemon died before it had closed it.
    private(set) var wasCut = false
    /// The daemon has said its last word and closes because the client wanted it so.
    var saidAll = false

    // The daemon's end.
    var session: (any LinkSession)?
    private var phase = Phase.open
    private var queue = ByteBuffer()
    private var unread = ByteBuffer()
    private var isNews = false
    private var hasEnded = false
    private var endWasTold = false
    private var isPaused = false
    private var isAbove = false
    private var wasUnwritable = false

    init(id: UInt64, loop: Int, traits: ServiceTraits) {
        self.id = id
        self.loop = loop
        highWater = traits.highWater
        readSize = traits.readSize
        upstream = BytePipe(capacity: traits.upstream)
        downstream = BytePipe(capacity: traits.downstream)
    }

    // MARK: - What the client does

    /// Whether there is room for a byte, and somebody at the other end.
    var takesBytes: Bool { !isCut && !clientHasShutDown && upstream.room > 0 }

    /// - Returns: how many of the bytes were taken.
    func clientWrites(_ bytes: some Collection<UInt8>) -> Int { takesBytes ? upstream.write(bytes) : 0 }

    func clientReads(_ most: Int) -> [UInt8] { downstream.read(most) }

    var clientCanRead: Bool { !downstream.isEmpty }

    /// Whether all was read that will ever come.
    var clientSeesEnd: Bool { isCut && downstream.isEmpty }

    /// The client will send nothing more.
    func shutDown() { clientHasShutDown = true }

    /// The client closes both ways; it will read nothing more.
    func vanish() {
        clientHasShutDown = true
        clientIsGone = true
        downstream.removeAll()
    }

    // MARK: - What the session does

    var isOpen: Bool { if case .open = phase { true } else { false } }

    var isOver: Bool { if case .over = phase { true } else { false } }

    /// Also true when nothing can be sent any more, so that nobody waits for it.
    var isWritable: Bool { !isOpen || !isAbove }

    var queuedBytes: Int { queue.readableBytes }

    func write(_ bytes: ByteBuffer) {
        guard isOpen else { return }
        queue.writeImmutableBuffer(bytes)
        if queue.readableBytes > highWater {
            isAbove = true
            wasUnwritable = true
        }
    }

    /// Sends what is queued as far as the kernel takes it.
    func flush() {
        guard !clientIsGone, !queue.readableBytesView.isEmpty else { return }
        let sent = downstream.write(queue.readableBytesView)
        queue.moveReaderIndex(forwardBy: sent)
        if queue.readableBytes == 0 { queue.clear() } else if queue.readerIndex > 65_536 { queue.discardReadBytes() }
        if queue.readableBytes < max(1, highWater / 4) { isAbove = false }
    }

    func pauseReading() { isPaused = true }

    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        isNews = unread.readableBytes > 0
    }

    /// Ends the connection, or waits until what is queued is sent.
    func close(afterFlush: Bool) {
        guard isOpen else { return }
        if afterFlush {
            flush()
            phase = .closing
            finishIfFlushed()
        } else {
            phase = .gone(byPeer: false)
            isCut = true
        }
        unread = ByteBuffer()
    }

    private func finishIfFlushed() {
        guard case .closing = phase, queue.readableBytes == 0 || clientIsGone else { return }
        phase = .gone(byPeer: false)
        isCut = true
    }

    /// The daemon has died: what the kernel holds for the client stays, all else is lost.
    func cut() {
        if !isCut { wasCut = true }
        phase = .over
        isCut = true
        session = nil
        upstream.removeAll()
        queue = ByteBuffer()
    }

    // MARK: - What the event loop does

    /// What may happen next, at `now` on the monotonic clock.
    func happenings(now: Int64) -> [Happening] {
        var found: [Happening] = []
        switch phase {
        case .over: return []
        case .open:
            if !isPaused, !hasEnded, !upstream.isEmpty || clientHasShutDown { found.append(.read) }
            if clientIsGone { found.append(.hangUp) }
            if queue.readableBytes > 0, downstream.room > 0, !clientIsGone { found.append(.flush) }
            if let due = session?.deadline, due <= now { found.append(.timer) }
        case .closing: if clientIsGone || downstream.room > 0 { found.append(.flush) }
        case .gone: break
        }
        if nextWord != nil { found.append(.tell) }
        return found
    }

    func perform(_ happening: Happening, _ dice: Dice) throws(Violation) {
        switch happening {
        case .read:
            if upstream.isEmpty {
                hasEnded = true
            } else {
                take(upstream.read(dice.amount(upTo: readSize)))
            }
            try tell()
        case .hangUp:
            phase = .gone(byPeer: true)
            if !upstream.isEmpty { take(upstream.read(Int.max)) }
            hasEnded = true
        case .flush:
            flush()
            finishIfFlushed()
        case .tell: try tell()
        case .timer: try session?.timePassed()
        }
    }

    private func take(_ bytes: [UInt8]) {
        unread.discardReadBytes()
        unread.writeBytes(bytes)
        isNews = true
    }

    private enum Word {
        case received
        case inputEnded
        case becameWritable
        case closed
    }

    private var nextWord: Word? {
        switch phase {
        case .closing, .over: return nil
        case .gone(byPeer: false): return .closed
        case .open, .gone(byPeer: true): break
        }
        if !isPaused {
            if isNews { return .received }
            if hasEnded, !endWasTold { return .inputEnded }
            if case .gone = phase { return .closed }
        }
        return wasUnwritable && isWritable ? .becameWritable : nil
    }

    /// Tells the session one thing.
    private func tell() throws(Violation) {
        guard let session, let word = nextWord else { return }
        switch word {
        case .received:
            isNews = false
            var bytes = unread
            unread = ByteBuffer()
            try session.received(&bytes)
            // Not if the session has closed: then nobody wants it any more.
            if case .closing = phase { return }
            if case .gone(byPeer: false) = phase { return }
            unread = bytes
        case .inputEnded:
            endWasTold = true
            var rest = unread
            unread = ByteBuffer()
            try session.inputEnded(&rest)
        case .becameWritable:
            wasUnwritable = false
            try session.becameWritable()
        case .closed:
            phase = .over
            isCut = true
            self.session = nil
            try session.closed()
        }
    }
}
