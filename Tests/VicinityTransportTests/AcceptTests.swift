import CAccepts
import CLinux
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import VicinityTransport

/// How a server accepts: what it does when it cannot, and how many it takes at a time.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AcceptTests {
    /// A bench with a socket whose descriptor is known, since NIO takes it over as it is.
    private static func listening() throws -> (bench: ServerBench, descriptor: CInt) {
        let bench = try ServerBench()
        let descriptor = vicinity_unix_socket()
        try #require(vicinity_unix_bind(descriptor, bench.path) == 0 && listen(descriptor, 100) == 0)
        return (bench, descriptor)
    }

    private static func serve(
        _ bench: ServerBench, _ descriptor: CInt, failed: @escaping @Sendable (any Error) -> Void = { _ in },
        began: @escaping @Sendable () -> Void = {}
    ) async throws -> SocketServer {
        try await SocketServer.start(
            try ListeningSocket(adopting: descriptor), on: bench.group, limit: bench.limit, failed: failed
        ) { [log = bench.log] connection in
            began()
            return ScriptedSession(connection, log, .init(received: { $0.echoLines(&$1) }))
        }
    }

    /// Whether the first accept of a turn fails or one after another has succeeded: NIO treats the two differently. What is compared is the time between
    /// attempts, which a slow machine makes longer; without a pause there are thousands.
    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM], [0, 1])
    func whoCannotAcceptTriesAgainAfterAPause(error: CInt, successes: Int) async throws {
        let (bench, descriptor) = try Self.listening()
        accepts_watch(descriptor, error, Int64(successes))
        defer { accepts_watch(-1, 0, 0) }
        let clients = try (0...successes).map { _ in try Client(bench.path) }
        for client in clients { try client.write("x\n") }
        let told = Mutex<[CInt]>([])
        let start = ContinuousClock.now
        let server = try await Self.serve(bench, descriptor) { error in
            told.withLock { $0.append((error as? IOError)?.errnoCode ?? 0) }
        }
        for client in clients[..<successes] { #expect(try client.readText(2) == "x\n", "who was accepted is served") }
        while told.withLock(\.count) < 4 { try await Task.sleep(for: .milliseconds(1)) }
        // In this order: the attempts go on meanwhile.
        let seen = Int(accepts_seen())
        let failures = told.withLock { $0 }
        let span = ContinuousClock.now - start
        #expect(failures.allSatisfy { $0 == error })
        #expect(seen <= successes + failures.count + 1, "nobody is told of an attempt")
        #expect(span >= .nanoseconds(AcceptGate.pause.nanoseconds * Int64(failures.count - 1)))
        accepts_watch(descriptor, 0, 0)
        for client in clients[successes...] { #expect(try client.readText(2) == "x\n", "it is served once it can be") }
        await server.close()
        try await bench.group.shutdownGracefully()
    }

    /// With one accept a turn, a session would be there before the second client was accepted: both are work of the only loop.
    @Test func eightClientsAreAcceptedInATurn() async throws {
        let (bench, descriptor) = try Self.listening()
        let count = Int(AcceptGate.clientsPerRead)
        let clients = try (0..<2 * count).map { _ in try Client(bench.path) }
        accepts_watch(descriptor, 0, 0)
        defer { accepts_watch(-1, 0, 0) }
        let accepted = Mutex<[Int]>([])
        let server = try await Self.serve(bench, descriptor, began: { accepted.withLock { $0.append(Int(accepts_seen())) } })
        for client in clients {
            try client.write("x\n")
            #expect(try client.readText(2) == "x\n")
        }
        #expect(count == 8)
        #expect(accepted.withLock { $0 }.first == count)
        await server.close()
        try await bench.group.shutdownGracefully()
    }
}
