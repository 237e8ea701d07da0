import NIOCore

/// Stands in a server's pipeline before NIO's own acceptor: accepts one client after the other, and only while there is a place for it.
///
/// A server cannot look whether somebody waits without accepting, so it accepts one client more than there is place for and keeps that
/// one unserved, unread and unanswered, until a place is free; the rest wait in the kernel's queue. When accepting fails for want of
/// descriptors or memory, it tries again after a pause instead of spinning.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let limit: ConnectionLimit
    private let failed: @Sendable (any Error) -> Void
    private var context: ChannelHandlerContext?
    /// The client that was accepted without a place.
    private var parked: NIOAny?
    private var needsPause = false

    static let pause = TimeAmount.milliseconds(100)

    /// - Parameter failed: told of each failure to accept.
    init(limit: ConnectionLimit, failed: @escaping @Sendable (any Error) -> Void) {
        self.limit = limit
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
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.context?.read() }
        } else if parked == nil {
            context.read()
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
        unwrapInboundIn(data).closeFuture.whenComplete { _ in limit.release() }
        context.fireChannelRead(data)
        return true
    }

    private func retry() {
        guard parked != nil, serveParked() else { return }
        context?.read()
    }

    private func dropParked() {
        guard let data = parked else { return }
        parked = nil
        unwrapInboundIn(data).close(promise: nil)
    }
}
