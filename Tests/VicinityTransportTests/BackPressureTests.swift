import NIOCore
import Testing

@testable import VicinityTransport

/// Whoever is slow makes the other side wait, and nobody remember more than a bounded amount.
@Suite(.serialized, .timeLimit(.minutes(1))) struct BackPressureTests {
    private static let chunk = [UInt8]((0..<16_384).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    /// Writes chunks while the connection is writable, up to a number of them.
    private final class Pump {
        private var left: Int
        private(set) var mostQueued = 0
        init(_ chunks: Int) { left = chunks }

        func run(_ connection: Connection) {
            while left > 0, connection.isWritable {
                connection.write(ByteBuffer(bytes: BackPressureTests.chunk))
                mostQueued = max(mostQueued, connection.queuedBytes)
                connection.flush()
                left -= 1
            }
            if left == 0 { connection.close(afterFlush: true) }
        }
    }

    @Test func aClientThatNeverReadsStopsTheSession() async throws {
        let chunks = 640  // 10 MiB
        let behaviour: @Sendable () -> ScriptedSession.Behaviour = {
            let pump = Pump(chunks)
            return .init(
                received: { session, bytes in
                    session.takeAll(&bytes)
                    pump.run(session.connection)
                },
                becameWritable: { session in
                    pump.run(session.connection)
                    #expect(pump.mostQueued <= SocketServer.Options().writeHighWaterMark + Self.chunk.count)
                })
        }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            try client.write("go")
            await bench.log.until { $0[1]?.calls == ["received"] }
            // It has stopped, for there is far more to come than the queue and the kernel hold.
            try await onLoop(bench) { session in
                #expect(!session.connection.isWritable)
                #expect(session.connection.queuedBytes > 0)
                #expect(session.connection.queuedBytes <= SocketServer.Options().writeHighWaterMark + Self.chunk.count)
            }
            let bytes = try client.readToEnd()
            #expect(bytes.count == chunks * Self.chunk.count)
            #expect(bytes.suffix(Self.chunk.count) == Self.chunk[...])
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.calls == ["received", "becameWritable", "closed"])
        }
    }

    @Test func aVanishedReaderReleasesASessionThatIsStuck() async throws {
        let behaviour: @Sendable () -> ScriptedSession.Behaviour = {
            let pump = Pump(10_000)
            return .init(received: { session, bytes in
                session.takeAll(&bytes)
                pump.run(session.connection)
            })
        }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            try client.write("go")
            await bench.log.until { $0[1]?.calls == ["received"] }
            client.vanish()
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.calls.last == "closed")
        }
    }

    private static func pausing() -> ScriptedSession.Behaviour {
        .init(received: { session, bytes in
            // Leaves everything unread the first time.
            if session.isFirst {
                session.isFirst = false
                session.connection.pauseReading()
            } else {
                session.takeAll(&bytes)
            }
        })
    }

    @Test func aPausedSessionMakesTheWriterWait() async throws {
        try await ServerBench.run(Self.pausing) { bench in
            let client = try Client(bench.path)
            try client.write(Self.chunk)
            await bench.log.until { $0[1]?.calls == ["received"] }
            let limit = 8 << 20
            let more = client.writeAllThatFits(Self.chunk, atMost: limit)
            #expect(more < limit, "the writer was never stopped")
            #expect(bench.log.entries[1]?.bytes == [])
            try await onLoop(bench) { $0.connection.resumeReading() }
            client.endOutput()
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.bytes.count == Self.chunk.count + more)
            #expect(bench.log.entries[1]?.calls == ["received", "inputEnded", "closed"])
        }
    }

    @Test(arguments: [false, true])
    func whatAPausedSessionHasNotReadSurvivesTheEnd(vanishes: Bool) async throws {
        try await ServerBench.run(Self.pausing) { bench in
            let client = try Client(bench.path)
            try client.write("first ")
            await bench.log.until { $0[1]?.calls == ["received"] }
            try client.write("second ")
            try client.write("third")
            if vanishes { client.vanish() } else { client.endOutput() }
            // Nothing is handed over while it is paused, however long that lasts: another client is served meanwhile.
            let other = try Client(bench.path)
            try other.write("x")
            await bench.log.until { $0[2]?.calls == ["received"] }
            #expect(bench.log.entries[1]?.calls == ["received"])
            try await onLoop(bench) { $0.connection.resumeReading() }
            await bench.log.untilClosed()
            let entry = try #require(bench.log.entries[1])
            #expect(String(decoding: entry.bytes, as: UTF8.self) == "first second third")
            #expect(entry.calls == ["received", "inputEnded", "closed"])
        }
    }

    @Test func aPausedSessionMayCloseInsteadOfResuming() async throws {
        try await ServerBench.run(Self.pausing) { bench in
            let client = try Client(bench.path)
            try client.write("unread")
            await bench.log.until { $0[1]?.calls == ["received"] }
            client.vanish()
            let other = try Client(bench.path)
            try other.write("x")
            await bench.log.until { $0[2]?.calls == ["received"] }
            try await onLoop(bench) { $0.connection.close(afterFlush: true) }
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.calls == ["received", "closed"])
        }
    }

    /// One that always has something to say does not keep the others from being heard.
    @Test func aFloodStarvesNobody() async throws {
        let echo: @Sendable () -> ScriptedSession.Behaviour = { .init(received: { $0.echoLines(&$1) }) }
        try await ServerBench.run(echo) { bench in
            let flood = try Client(bench.path)
            let quiet = try Client(bench.path)
            let line = [UInt8](repeating: UInt8(ascii: "."), count: 999) + [UInt8(ascii: "\n")]
            let writer = Task.detached { for _ in 0..<5_000 { try flood.write(line) } }
            let reader = Task.detached { try flood.read(5_000 * line.count).count }
            for _ in 0..<100 {
                try quiet.write("ping\n")
                #expect(try quiet.readText(5) == "ping\n")
            }
            try await writer.value
            #expect(try await reader.value == 5_000 * line.count)
        }
    }

    /// Runs a closure with the first session on its loop, and waits for it.
    private func onLoop(_ bench: ServerBench, _ body: @escaping @Sendable (ScriptedSession) -> Void) async throws {
        let run = try #require(bench.log.entries[1]?.run)
        await withCheckedContinuation { continuation in
            run { session in
                body(session)
                continuation.resume()
            }
        }
    }
}
