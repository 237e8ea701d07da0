import NIOCore

/// Stands in a server's pipeline before NIO's own acceptor: accepts one client after the other, and only while there is a place for it.
///
/// A server cannot look whether somebody waits without accepting, so it accepts one client more than there is place for and keeps that
/// one unserved, unread and unanswered, until a place is free; the rest wait in the kernel's queue. When accepting fails for want of
/// descriptors or memory, it tries again after a pause instead of spinning.
///
/// NIO's acceptor takes a client to its own loop, and drops it when the server's channel has closed meanwhile. So the end comes in two steps: nobody is
/// accepted any more, and once whoever was is served, the channel closes.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let limit: ConnectionLimit
    private let arrivals: Arrivals
    private let failed: @Sendable (any Error) -> Void
    private var context: ChannelHandlerContext?
    /// The client that was accepted without a place.
    private var parked: NIOAny?
    private var needsPause = false
    private var isFinishing = false

    static let pause = TimeAmount.milliseconds(100)

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
        parked = data
        serveParked()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if needsPause {
            needsPause = false
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.readNext() }
        } else if parked == nil {
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
        guard let context, let data = parked else { return true }
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        let admitted = limit.take {
            loop.execute { bound.value.retry() }
        }
        guard admitted else { return false }
        parked = nil
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
        return true
    }

    private func retry() {
        guard parked != nil, serveParked() else { return }
        readNext()
    }

    private func readNext() { if !isFinishing { context?.read() } }

    /// Accepts nobody any more, and closes the channel once whoever was accepted is served. (One more may come until then.)
    func finish() {
        isFinishing = true
        guard let context else { return }
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
        guard let data = parked else { return }
        parked = nil
        unwrapInboundIn(data).close(promise: nil)
    }
}
