import Glibc
package import NIOCore
import NIOPosix

/// Accepts clients from a ``ListeningSocket`` and gives each a ``Connection`` and a ``Session``, on one of the group's event loops for
/// its whole life.
///
/// A loop serves its connections in turn, one read of at most ``Options/largestRead`` bytes each, so that a client that always has
/// something to say delays the others by one read at a time.
package final class SocketServer: Sendable {
    /// So many connections above a limit there may be when its servers close: see ``close()``.
    package static var greatestExcess: Int { AcceptGate.greatestExcess }

    package struct Options: Sendable {
        /// The most bytes that one read brings; reads begin at 2 KiB and grow and shrink with what comes. A power of two.
        package var largestRead = 256 * 1024
        /// ``Connection/isWritable`` turns false above the high mark and true below the low one; bytes.
        package var writeHighWaterMark = 256 * 1024
        package var writeLowWaterMark = 64 * 1024

        package init() {}

        fileprivate var marks: ChannelOptions.Types.WriteBufferWaterMark { .init(low: writeLowWaterMark, high: writeHighWaterMark) }
        fileprivate var reads: AdaptiveRecvByteBufferAllocator { .init(minimum: 2048, initial: 2048, maximum: largestRead) }
    }

    private let channel: any Channel
    private let file: SocketFile?

    private init(channel: any Channel, file: SocketFile?) {
        self.channel = channel
        self.file = file
    }

    /// Begins to accept. Clients that connected before are served first.
    ///
    /// - Parameters:
    ///   - socket: is the server's from now on, also if this fails.
    ///   - limit: shared with other servers.
    ///   - failed: told, on any event loop, of each client that could not be accepted, which mostly means that the system has no descriptor or
    ///     memory left; it is called ten times a second while that lasts.
    ///   - makeSession: called on the connection's event loop before anything is read.
    package static func start(
        _ socket: consuming ListeningSocket, on group: any EventLoopGroup, limit: ConnectionLimit, options: Options = Options(),
        failed: @escaping @Sendable (any Error) -> Void = { _ in },
        makeSession: @escaping @Sendable (Connection) -> any Session
    ) async throws -> SocketServer {
        let (descriptor, file) = socket.release()
        do {
            let channel = try await bootstrap(on: group, limit: limit, options: options, failed: failed, makeSession: makeSession)
                .withBoundSocket(descriptor).get()
            // NIO has listened again, with its own short queue.
            _ = listen(descriptor, ListeningSocket.backlog)
            return SocketServer(channel: channel, file: file)
        } catch {
            file?.remove()
            throw error
        }
    }

    /// Stops accepting and removes the socket's file if it was bound by its path. Connections live on.
    ///
    /// The file goes first: who connects afterwards finds no socket instead of a dead one. Whoever was accepted before has a session when this returns,
    /// also those who were kept waiting for a place: they may be a few more than the limit, but no more than ``greatestExcess``.
    package func close() async {
        file?.remove()
        // Both fail only if it is closed already, which is what is wanted.
        try? await channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.handler(type: AcceptGate.self).finish()
        }.get()
        try? await channel.closeFuture.get()
    }

    /// Goes on with a connection that was accepted by another process, on a loop that is told: like one that was just accepted, but that it has a place also where there
    /// is none. The session is made when this returns.
    ///
    /// - Parameter descriptor: of a connected socket; is NIO's from now on, also if this fails.
    package static func adopt(
        _ descriptor: CInt, on loop: any EventLoop, limit: ConnectionLimit, options: Options = Options(),
        makeSession: @escaping @Sendable (Connection) -> any Session
    ) async throws {
        _ = try await ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.recvAllocator, value: options.reads)
            .channelOption(.writeBufferWaterMark, value: options.marks)
            .channelInitializer { channel in
                limit.takeAlways()
                channel.closeFuture.whenComplete { _ in limit.release() }
                return channel.eventLoop.makeCompletedFuture { try prepare(channel, limit: limit, makeSession: makeSession) }
            }
            .withConnectedSocket(descriptor)
            .get()
    }

    private static func bootstrap(
        on group: any EventLoopGroup, limit: ConnectionLimit, options: Options, failed: @escaping @Sendable (any Error) -> Void,
        makeSession: @escaping @Sendable (Connection) -> any Session
    ) -> ServerBootstrap {
        let arrivals = Arrivals()
        return ServerBootstrap(group: group)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: AcceptGate.clientsPerRead)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(limit: limit, arrivals: arrivals, failed: failed))
                }
            }
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: options.reads)
            .childChannelOption(.writeBufferWaterMark, value: options.marks)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let name = ObjectIdentifier(channel)
                    do {
                        try prepare(channel, limit: limit) { connection in
                            defer { arrivals.end(name) }
                            return makeSession(connection)
                        }
                    } catch {
                        failed(error)
                        throw error
                    }
                }
            }
    }

    private static func prepare(
        _ channel: any Channel, limit: ConnectionLimit, makeSession: @escaping @Sendable (Connection) -> any Session
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let connection = try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            Connection(
                id: limit.nextNumber(), peer: try PeerCredentials(descriptor: descriptor), channel: channel,
                secondDescriptor: try SecondDescriptor(of: descriptor))
        }
        guard let connection else { throw SocketError.system(operation: "find the descriptor of a connection", path: nil, code: EBADF) }
        try pipeline.addHandler(ConnectionHandler(connection: connection, makeSession: makeSession))
    }
}
