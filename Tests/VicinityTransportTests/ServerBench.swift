import CLinux
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import VicinityTransport

/// A server on a socket in a directory of its own, for one test.
final class ServerBench: Sendable {
    let directory: String
    let path: String
    let group: MultiThreadedEventLoopGroup
    let limit: ConnectionLimit
    let log = CallLog()

    init(threads: Int = 1, limit: Int = 1000) throws {
        // Both ends of every connection are in this process.
        _ = vicinity_raise_open_file_limit()
        var template = Array("/tmp/vt-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        path = "\(directory)/s.sock"
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        self.limit = ConnectionLimit(maximum: limit)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Runs a test against a server whose sessions behave as told.
    static func run(
        threads: Int = 1, limit: Int = 1000, options: SocketServer.Options = .init(),
        _ behaviour: @escaping @Sendable () -> ScriptedSession.Behaviour, test: (ServerBench) async throws -> Void
    ) async throws {
        let bench = try ServerBench(threads: threads, limit: limit)
        let server = try await bench.serve(at: bench.path, options: options, behaviour)
        do {
            try await test(bench)
        } catch {
            await server.close()
            try? await bench.group.shutdownGracefully()
            throw error
        }
        await server.close()
        try await bench.group.shutdownGracefully()
    }

    func serve(
        at path: String, options: SocketServer.Options = .init(), _ behaviour: @escaping @Sendable () -> ScriptedSession.Behaviour
    ) async throws -> SocketServer {
        try await SocketServer.start(try ListeningSocket(path: path), on: group, limit: limit, options: options) { [log] connection in
            ScriptedSession(connection, log, behaviour())
        }
    }
}

/// What sessions were told, and a way to wait for it.
final class CallLog: Sendable {
    struct Entry: Sendable {
        var calls: [String] = []
        var bytes: [UInt8] = []
        var peer: PeerCredentials?
        /// Runs a closure with the session, on its loop.
        var run: (@Sendable (@escaping @Sendable (ScriptedSession) -> Void) -> Void)?
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var waiting: [(condition: @Sendable ([UInt64: Entry]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var entries: [UInt64: Entry] { state.withLock { $0.entries } }

    func change(_ id: UInt64, _ body: @Sendable (inout Entry) -> Void) {
        let ready = state.withLock { state in
            body(&state.entries[id, default: Entry()])
            let ready = state.waiting.filter { $0.condition(state.entries) }
            state.waiting.removeAll { $0.condition(state.entries) }
            return ready.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Waits until the entries are as wanted; for ever if they never are, which the suite's time limit ends.
    func until(_ condition: @escaping @Sendable ([UInt64: Entry]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if condition(state.entries) { return true }
                state.waiting.append((condition, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    func untilClosed(_ id: UInt64 = 1) async { await until { $0[id]?.calls.last == "closed" } }
}

/// A session made of closures. It writes down what it is told, and stops the test process if it is entered while it is at work.
final class ScriptedSession: Session {
    struct Behaviour {
        var began: (ScriptedSession) -> Void = { _ in }
        var received: (ScriptedSession, inout ByteBuffer) -> Void = { session, bytes in session.takeAll(&bytes) }
        var inputEnded: (ScriptedSession, inout ByteBuffer) -> Void = { session, _ in session.connection.close(afterFlush: true) }
        var becameWritable: (ScriptedSession) -> Void = { _ in }
    }

    let connection: Connection
    private let log: CallLog
    private let behaviour: Behaviour
    private var isAtWork = false
    /// For a behaviour that acts differently the first time.
    var isFirst = true

    init(_ connection: Connection, _ log: CallLog, _ behaviour: Behaviour) {
        self.connection = connection
        self.log = log
        self.behaviour = behaviour
        let peer = connection.peer
        let loop = connection.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        log.change(connection.id) {
            $0.peer = peer
            $0.run = { body in loop.execute { bound.value.atWork { body(bound.value) } } }
        }
        atWork { behaviour.began(self) }
    }

    func received(_ bytes: inout ByteBuffer) { atWork("received") { behaviour.received(self, &bytes) } }
    func inputEnded(_ rest: inout ByteBuffer) { atWork("inputEnded") { behaviour.inputEnded(self, &rest) } }
    func becameWritable() { atWork("becameWritable") { behaviour.becameWritable(self) } }
    func outputTaken() { atWork("outputTaken") {} }
    func closed() {
        log.change(connection.id) { $0.run = nil }
        atWork("closed") {}
    }

    /// Writes down all that is there.
    func takeAll(_ bytes: inout ByteBuffer) {
        let taken = bytes.readBytes(length: bytes.readableBytes) ?? []
        log.change(connection.id) { $0.bytes += taken }
    }

    /// Writes down the complete lines, with their ends, and answers each with itself.
    func echoLines(_ bytes: inout ByteBuffer) {
        while let end = bytes.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            guard let line = bytes.readSlice(length: end + 1 - bytes.readerIndex) else { return }
            let taken = Array(line.readableBytesView)
            log.change(connection.id) { $0.bytes += taken }
            connection.write(line)
        }
        connection.flush()
    }

    private func atWork(_ call: String? = nil, _ body: () -> Void) {
        precondition(!isAtWork, "a session was entered while it was at work")
        isAtWork = true
        body()
        isAtWork = false
        guard let call else { return }
        log.change(connection.id) { if $0.calls.last != call { $0.calls.append(call) } }
    }
}
