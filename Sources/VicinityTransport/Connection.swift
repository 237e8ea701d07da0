package import NIOCore

/// One client of a ``SocketServer``: what its ``Session`` reads, and what it may do.
///
/// Everything here is called on ``eventLoop`` and nowhere else; who is elsewhere sends a closure there (`NIOLoopBound` carries a session
/// across). No call made here calls the session back before it returns.
///
/// *Input* is read one piece at a time, and the next piece is asked for only while the session wants it; so a session that pauses leaves
/// the rest in the kernel, where the peer's writes come to a stop. At most one piece, and what the kernel held when the peer closed, is
/// in memory. What arrives without anything unread before it is handed over in place; else it is copied once, behind what is unread.
///
/// *Output* is queued until ``flush()`` and sent as the peer takes it. The queue has no bound of its own: a session stops while
/// ``isWritable`` is false.
///
/// *The end* comes in two steps: the peer closes its sending side, or all; whatever came before is handed over first, also if the session
/// is paused meanwhile. NIO closes its descriptor when a write fails, and would drop what a vanished peer sent and we have not read; a
/// second descriptor of the socket saves that. However a connection ends, its socket is shut down, since closing it ends nothing while the service
/// manager keeps a descriptor of it.
///
/// *Handing over*: a connection that ``keepsUnsent`` can be given up by ``detach()`` without the peer noticing; another process goes on with the socket
/// (``SocketServer/adopt(_:on:limit:options:makeSession:)``).
package final class Connection {
    /// Unique among all connections of the process; ascending as they were accepted.
    package let id: UInt64
    package let peer: PeerCredentials
    package let eventLoop: any EventLoop

    private let channel: any Channel
    private var secondDescriptor: SecondDescriptor?
    private var context: ChannelHandlerContext?
    private var session: (any Session)?

    private var phase = Phase.open
    private var input = Input()
    /// The session is not to be called now: it is being called, or is calling us.
    private var isBusy = false
    private var isPaused = false
    private var pace = ReadingPace()
    /// Until the next read, which is not due yet.
    private var rest: Scheduled<Void>?
    private var wasUnwritable = false
    /// What is queued, as far as it is needed; `nil` if nobody will ask.
    private var unsent: Unsent?
    /// A flush did not send all, and its end is waited for.
    private var awaitsOutput = false
    private var outputWasTaken = false

    /// The least time between two reads that bring little: see `ReadingPace`.
    package var restBetweenReads: TimeAmount {
        get { pace.rest }
        set { pace.rest = newValue }
    }

    private enum Phase {
        case open
        /// The session closed; it hears nothing more but the end. `afterFlush`: what is queued is still being sent.
        case closing(afterFlush: Bool)
        /// The channel is closed. `byPeer`: the session may still have something to read.
        case gone(byPeer: Bool)
        /// Given up: the socket is not ours any more, and nobody hears anything.
        case detached
    }

    init(id: UInt64, peer: PeerCredentials, channel: any Channel, secondDescriptor: consuming SecondDescriptor) {
        self.id = id
        self.peer = peer
        self.channel = channel
        self.secondDescriptor = consume secondDescriptor
        eventLoop = channel.eventLoop
    }

    // MARK: Output

    /// Queues bytes; ``flush()`` sends them. Dropped if the connection is closed or closing.
    package func write(_ bytes: ByteBuffer) {
        eventLoop.assertInEventLoop()
        guard case .open = phase else { return }
        unsent?.append(bytes)
        quietly { context?.write(NIOAny(bytes), promise: nil) }
    }

    /// Sends what is queued, as far as the peer takes it now, and the rest when it does. One system call for up to 1024 writes.
    package func flush() {
        eventLoop.assertInEventLoop()
        guard case .open = phase else { return }
        quietly { context?.flush() }
        awaitOutput()
    }

    /// False while more is queued than the high-water mark, until the queue falls below the low one; then the session is told.
    /// True once nothing can be sent any more, so that nobody waits for it.
    package var isWritable: Bool {
        guard case .open = phase else { return true }
        return channel.isWritable
    }

    /// The bytes that are queued and not yet taken by the kernel.
    package var queuedBytes: Int {
        guard case .open = phase else { return 0 }
        return bufferedBytes
    }

    // Absent or failing only for a channel that is no socket or is closed, and then nothing is queued.
    private var bufferedBytes: Int { (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    /// False once either side has closed.
    package var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    /// Lets go of what was sent, and waits for the rest where somebody wants to know.
    private func awaitOutput() {
        guard unsent != nil, case .open = phase else { return }
        let left = bufferedBytes
        unsent?.keep(last: left)
        guard left > 0, !awaitsOutput, let context else { return }
        awaitsOutput = true
        let taken = eventLoop.makePromise(of: Void.self)
        taken.futureResult.assumeIsolated().whenComplete { _ in self.outputMoved() }
        quietly { context.writeAndFlush(NIOAny(ByteBuffer()), promise: taken) }
    }

    private func outputMoved() {
        awaitsOutput = false
        guard case .open = phase else { return }
        awaitOutput()
        guard !awaitsOutput else { return }
        outputWasTaken = true
        advance()
    }

    // MARK: Input

    /// Makes the kernel count what is read from now on, so that who comes after us can tell whether all of that was noted.
    ///
    /// - Returns: false if it does not.
    package func countInput() -> Bool { secondDescriptor?.countInput() ?? false }

    /// The bytes that were read since ``countInput()``, in whatever process, below 2^31; `nil` if they are not counted.
    package var countedInput: Int64? { secondDescriptor?.countedInput }

    /// Puts bytes before all that will be read, as if they had just been: what another process had read and not dealt with. To be called while the session is
    /// made, and not told by ``Session/arrived(_:)``.
    package func inherit(_ bytes: ByteBuffer) {
        eventLoop.assertInEventLoop()
        if bytes.readableBytes > 0 { input.append(bytes) }
    }

    /// Stops reading after the piece at hand. The peer may write until the kernel's buffer is full.
    package func pauseReading() {
        eventLoop.assertInEventLoop()
        isPaused = true
    }

    /// Goes on reading. If something is unread, the session gets it again, soon.
    package func resumeReading() {
        eventLoop.assertInEventLoop()
        guard isPaused else { return }
        isPaused = false
        input.isNews = input.readableBytes > 0
        if nextStep != nil { advanceSoon() } else { requestRead() }
    }

    // MARK: End

    /// Closes the connection; of the session's calls only `closed` follows, soon.
    ///
    /// - Parameter afterFlush: first sends what was written, however long the peer takes to read it; what the peer has sent
    ///   meanwhile is dropped. (A second call with `false` ends the wait.) False drops what is queued.
    package func close(afterFlush: Bool) {
        eventLoop.assertInEventLoop()
        switch phase {
        case .detached: break
        case .gone:
            phase = .gone(byPeer: false)
            advanceSoon()
        case .open where afterFlush:
            flush()
            phase = .closing(afterFlush: true)
            closeWhenFlushed()
        case .closing where afterFlush:
            break  // already on its way
        case .open, .closing:
            phase = .closing(afterFlush: false)
            secondDescriptor?.shutDown()
            quietly { context?.close(promise: nil) }
        }
        input = Input()
    }

    // MARK: Handing over

    /// Keeps, from now on, what the kernel has not taken of what is written, so that it can be handed over. To be asked for before anything is written.
    package var keepsUnsent: Bool {
        get { unsent != nil }
        set { unsent = newValue ? Unsent() : nil }
    }

    /// What somebody who goes on with a connection's socket must send first.
    package struct Handover {
        package var unsent: ByteBuffer
        /// The session had closed the connection: nothing is to come after this.
        package var isEnding: Bool
    }

    /// A further descriptor of the socket, for somebody else to close; `nil` if there are none left.
    package func duplicateDescriptor() -> CInt? { secondDescriptor?.duplicate() }

    /// Gives the connection up without closing or shutting down its socket, of which somebody else must have a descriptor: nothing more is read or
    /// written, and the session hears nothing more. What was read and not dealt with is for the session to know, from ``Session/arrived(_:)``.
    ///
    /// - Returns: `nil`, and nothing has changed, for a connection that is closed, or whose rest is not to be sent, or that does not keep what is unsent.
    package func detach() -> Handover? {
        eventLoop.assertInEventLoop()
        let isEnding: Bool
        switch phase {
        case .open: isEnding = false
        case .closing(afterFlush: true): isEnding = true
        case .closing(afterFlush: false), .gone, .detached: return nil
        }
        guard let unsent, let context else { return nil }
        let handover = Handover(unsent: unsent.suffix(bufferedBytes), isEnding: isEnding)
        phase = .detached
        session = nil
        input = Input()
        // NIO only closes its descriptor; what it has not sent it drops.
        quietly { context.close(promise: nil) }
        return handover
    }

    private func closeWhenFlushed() {
        guard let context else { return }
        let flushed = eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { _ in
            guard case .closing = self.phase else { return }
            self.phase = .closing(afterFlush: false)
            self.secondDescriptor?.shutDownAndDrain()
            self.quietly { self.context?.close(promise: nil) }
        }
        quietly { context.writeAndFlush(NIOAny(ByteBuffer()), promise: flushed) }
    }

    // MARK: What the channel says (from ConnectionHandler)

    func channelIsActive(context: ChannelHandlerContext, makeSession: (Connection) -> any Session) {
        self.context = context
        // The session may write and close at once, and be told of the end later.
        quietly { session = makeSession(self) }
        // There may be something that was inherited.
        advance()
    }

    func channelRead(_ bytes: ByteBuffer) {
        switch phase {
        case .closing, .detached: return
        case .open, .gone: break
        }
        pace.read(bytes.readableBytes, fillsBuffer: bytes.writableBytes == 0, now: .now())
        session?.arrived(bytes)
        input.append(bytes)
        advance()
    }

    func channelInputEnded() {
        switch phase {
        case .closing, .detached: return
        case .open, .gone: break
        }
        input.hasEnded = true
        advance()
    }

    func channelWritabilityChanged() {
        if !channel.isWritable {
            wasUnwritable = true
        } else {
            advance()
        }
    }

    func channelIsGone() {
        context = nil
        switch phase {
        case .detached:
            secondDescriptor = nil
            return
        case .closing, .gone: phase = .gone(byPeer: false)
        case .open: phase = .gone(byPeer: true)
        }
        advance()
    }

    /// Reads what the channel did not before it closed, and lets go of the socket.
    private func collectRest() {
        guard case .gone(let byPeer) = phase, secondDescriptor != nil else { return }
        if byPeer, !input.hasEnded {
            secondDescriptor?.readRest {
                session?.arrived($0)
                input.append($0)
            }
        }
        secondDescriptor?.shutDown()
        secondDescriptor = nil
        input.hasEnded = true
    }

    // MARK: What the session is told, and in which order

    private enum Step {
        case received
        case inputEnded
        case becameWritable
        case outputTaken
        case closed
    }

    private var nextStep: Step? {
        switch phase {
        case .closing, .detached: return nil
        case .gone(byPeer: false): return .closed
        case .open, .gone(byPeer: true): break
        }
        if !isPaused {
            if input.isNews { return .received }
            if input.hasEnded, !input.endWasTold { return .inputEnded }
            if case .gone = phase { return .closed }
        }
        if outputWasTaken { return .outputTaken }
        return wasUnwritable && isWritable ? .becameWritable : nil
    }

    /// Tells the session all that there is to tell, and asks for more to read if it is wanted.
    private func advance() {
        guard !isBusy else {
            advanceSoon()
            return
        }
        while let session {
            // Not sooner: while the session holds the input, nothing may be appended to it.
            collectRest()
            guard let step = nextStep else { break }
            isBusy = true
            tell(step, to: session)
            isBusy = false
        }
        input.settle()
        requestRead()
    }

    private func tell(_ step: Step, to session: any Session) {
        switch step {
        case .received:
            input.isNews = false
            // Taken out while the session has it: the session may call methods here that look at `input`.
            var bytes = input.take()
            session.received(&bytes)
            giveBack(bytes)
        case .inputEnded:
            input.endWasTold = true
            var rest = input.take()
            session.inputEnded(&rest)
        case .becameWritable:
            wasUnwritable = false
            session.becameWritable()
        case .outputTaken:
            outputWasTaken = false
            session.outputTaken()
        case .closed:
            self.session = nil
            session.closed()
        }
    }

    private func giveBack(_ bytes: ByteBuffer) {
        switch phase {
        case .closing, .gone(byPeer: false), .detached: break
        case .open, .gone(byPeer: true): input.giveBack(bytes)
        }
    }

    private func advanceSoon() {
        eventLoop.assumeIsolated().execute { self.advance() }
    }

    private func requestRead() {
        guard rest == nil, !isPaused, !input.hasEnded, case .open = phase else { return }
        guard let due = pace.nextRead(now: .now()) else {
            context?.read()
            return
        }
        rest = eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            self.rest = nil
            self.requestRead()
        }
    }

    /// Runs what may make the channel call us back at once, and keeps that from the session until the next turn of the loop.
    private func quietly(_ body: () -> Void) {
        let wasBusy = isBusy
        isBusy = true
        body()
        isBusy = wasBusy
    }
}
