import NIOCore

/// Stands in a server's pipeline before NIO's own acceptor: accepts a few clients at a time, and only while there is a place for them.
///
/// A server cannot look whether somebody waits without accepting, so it accepts up to ``clientsPerRead`` more than there is place for and keeps those
/// unserved, unread and unanswered, until a place is free; the rest wait in the kernel's queue. When accepting fails for want of
/// descriptors or memory, it tries again after a pause instead of spinning.
///
/// NIO's acceptor takes a client to its own loop, and drops it when the server's channel has closed meanwhile. So the end comes in two steps: nobody is
/// accepted any more, and once whoever was is served, the channel closes. Who was kept waiting is served then, too, although there is no place, since
/// another process may go on with who is served, and nobody else knows of them.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let limit: ConnectionLimit
    private let arrivals: Arrivals
    private let failed: @Sendable (any Error) -> Void
    private var context: ChannelHandlerContext?
    /// The clients that were accepted without a place, in the order in which they came.
    private var parked = CircularBuffer<NIOAny>()
    private var needsPause = false
    private var isFinishing = false

    static let pause = TimeAmount.milliseconds(100)
    /// Clients that are accepted each time that the loop looks. With one, a thousand that connect while others keep the loop busy would wait for
    /// as many turns: the last one for seconds.
    static let clientsPerRead: UInt = 8
    /// So many clients may be served above the bound at the end: those that two servers which share it have kept waiting.
    static let greatestExcess = 2 * Int(clientsPerRead)

    /// - Parameters:
    ///   - arrivals: told of whoever is accepted; who serves them tells it, too.
    ///   - failed: told of each failure to accept.
    init(limit: ConnectionLimit, arrivals: Arrivals, failed: @escaping @Sendable (any Error) -> Void) {
        self.limit = limit
        self.arrivals = arrivals
        self.failed = failed
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        dropParked()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        dropParked()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parked.append(data)
        // Whoever is first waits for a place already.
        if parked.count == 1 { serveParked() }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if needsPause {
            needsPause = false
            takeBackRead(context)
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { if self.parked.isEmpty { self.readNext() } }
        } else if parked.isEmpty {
            readNext()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        needsPause = true
        failed(error)
        context.fireErrorCaught(error)
    }

    /// - Returns: true if nobody is parked any more.
    @discardableResult
    private func serveParked() -> Bool {
        guard let context else { return true }
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        while !parked.isEmpty {
            guard
                isFinishing
                    ? limit.take(atMostBeyond: Self.greatestExcess) : limit.take(orCallLater: { loop.execute { bound.value.retry() } })
            else { return false }
            serve(parked.removeFirst(), context)
        }
        return true
    }

    /// Hands a client on, who has a place.
    private func serve(_ data: NIOAny, _ context: ChannelHandlerContext) {
        let limit = self.limit
        // However its life goes on, also if it fails before it begins: one place taken, one given back.
        let channel = unwrapInboundIn(data)
        let name = ObjectIdentifier(channel)
        arrivals.begin(name)
        channel.closeFuture.whenComplete { [arrivals] _ in
            arrivals.end(name)
            limit.release()
        }
        context.fireChannelRead(data)
    }

    private func retry() {
        guard !parked.isEmpty, serveParked() else { return }
        readNext()
    }

    private func readNext() { if !isFinishing { context?.read() } }

    /// Has NIO not look any more whether somebody waits, until the next read.
    ///
    /// NIO counts a read as done when it has brought a client. One that has failed at once is owed still, and as the socket stays readable it is
    /// made again in every turn of the loop. Only when reading by itself is turned off does NIO stop looking, and only if it was on.
    private func takeBackRead(_ context: ChannelHandlerContext) {
        for reads in [true, false] {
            // Fails only for a channel that is closed, and then nobody looks.
            try? context.channel.syncOptions?.setOption(.autoRead, value: reads)
        }
    }

    /// Accepts nobody any more, and closes the channel once whoever was accepted is served.
    func finish() {
        isFinishing = true
        guard let context else { return }
        takeBackRead(context)
        serveParked()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        arrivals.whenNone { loop.execute { bound.value.closeIfDone() } }
    }

    private func closeIfDone() {
        // Nobody else begins an arrival, and that only on this loop.
        guard arrivals.areNone else { return finish() }
        context?.close(promise: nil)
    }

    private func dropParked() {
        while let data = parked.popFirst() { unwrapInboundIn(data).close(promise: nil) }
    }
}
