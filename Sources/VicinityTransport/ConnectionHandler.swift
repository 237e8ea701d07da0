import NIOCore

/// Passes on to a ``Connection`` what its channel says; it lives at the end of the channel's pipeline and decides nothing.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: Connection
    private let makeSession: (Connection) -> any Session

    init(connection: Connection, makeSession: @escaping (Connection) -> any Session) {
        self.connection = connection
        self.makeSession = makeSession
    }

    func channelActive(context: ChannelHandlerContext) {
        connection.channelIsActive(context: context, makeSession: makeSession)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { connection.channelRead(unwrapInboundIn(data)) }

    func channelWritabilityChanged(context: ChannelHandlerContext) { connection.channelWritabilityChanged() }

    func channelInactive(context: ChannelHandlerContext) { connection.channelIsGone() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { connection.channelInputEnded() }
    }

    /// A reset or a broken pipe: the channel closes itself, and the session is told of that.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
