internal import NIOCore
import VicinityTransport
import VicinityWire

/// The conversation with a peer that has no role on a socket: one line, and the end.
final class ForbiddenSession: Session {
    private let connection: Connection
    private let whenClosed: () -> Void

    /// - Parameter unsent: what comes before, on a connection that another process has left.
    init(connection: Connection, socket: SocketName, unsent: ByteBuffer = ByteBuffer(), whenClosed: @escaping () -> Void) {
        self.connection = connection
        self.whenClosed = whenClosed
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let message = "user \(connection.peer.user) has no role on \(socket.rawValue).sock (access.\(socket.rawValue))"
        connection.eventLoop.execute { me.value.refuse(message, after: unsent) }
    }

    private func refuse(_ message: String, after unsent: ByteBuffer) {
        connection.write(unsent)
        connection.write(ByteBuffer(bytes: SubscriptionRefusal(.forbidden, message).line))
        connection.close(afterFlush: true)
    }

    func received(_ bytes: inout ByteBuffer) { bytes.clear() }

    func inputEnded(_ rest: inout ByteBuffer) {}

    func becameWritable() {}

    func closed() { whenClosed() }
}
