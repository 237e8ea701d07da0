import NIOCore
import Testing

@testable import VicinityTransport

/// Real clients on real sockets: what arrives, in which order, and how it ends.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ConversationTests {
    private static func echo() -> ScriptedSession.Behaviour {
        .init(
            received: { $0.echoLines(&$1) },
            inputEnded: { session, rest in
                session.connection.write(ByteBuffer(string: "rest:"))
                session.connection.write(rest)
                session.connection.close(afterFlush: true)
            })
    }

    @Test func oneByteAtATime() async throws {
        try await ServerBench.run(Self.echo) { bench in
            let client = try Client(bench.path)
            let text = "one\n\ntwo\nhalf"
            for byte in text.utf8 { try client.write([byte]) }
            #expect(try client.readText(9) == "one\n\ntwo\n")
            client.endOutput()
            #expect(String(decoding: try client.readToEnd(), as: UTF8.self) == "rest:half")
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.calls == ["received", "inputEnded", "closed"])
        }
    }

    /// Lines of any length, cut anywhere: each comes back once, whole and in order.
    @Test(arguments: UInt64(0)..<8)
    func anyChopping(seed: UInt64) async throws {
        try await ServerBench.run(Self.echo) { bench in
            var random = SeededGenerator(seed: seed)
            let client = try Client(bench.path)
            for round in 0..<20 {
                var text: [UInt8] = []
                for line in 0..<Int.random(in: 1...40, using: &random) {
                    let length = Bool.random(using: &random) ? 20 : Int.random(in: 0...3000, using: &random)
                    text += Array("\(round).\(line).".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: length) + [UInt8(ascii: "\n")]
                }
                var rest = text[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...5000, using: &random))
                    try client.write(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                #expect(try client.read(text.count) == text, "seed \(seed), round \(round)")
            }
        }
    }

    /// Whoever writes little at a time is read at once after a silence, and then many pieces at a time.
    @Test func aRestBetweenReads() async throws {
        let behaviour = { @Sendable in
            var behaviour = Self.echo()
            behaviour.began = { $0.connection.restBetweenReads = .milliseconds(500) }
            return behaviour
        }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            let start = ContinuousClock.now
            try client.write("one\n")
            #expect(try client.readText(4) == "one\n")
            for number in 0..<10 { try client.write("\(number)\n") }
            #expect(try client.readText(20) == (0..<10).map { "\($0)\n" }.joined())
            #expect(ContinuousClock.now - start >= .milliseconds(500))
            // Ten, if each were read by itself; one, unless the test itself was held up for long.
            #expect((bench.log.entries[1]?.calls.count ?? 0) < 8)
            client.endOutput()
            #expect(String(decoding: try client.readToEnd(), as: UTF8.self) == "rest:")
        }
    }

    @Test func aClientThatVanishesIsHeardToTheEnd() async throws {
        try await ServerBench.run(Self.echo) { bench in
            let client = try Client(bench.path)
            try client.write("one\ntwo\nhalf")
            client.vanish()
            await bench.log.untilClosed()
            let entry = try #require(bench.log.entries[1])
            #expect(entry.calls == ["received", "inputEnded", "closed"])
            #expect(String(decoding: entry.bytes, as: UTF8.self) == "one\ntwo\n")
        }
    }

    /// Answers that the client never reads must not cost what it sent, though writing them fails.
    @Test(arguments: 0..<40)
    func aClientThatReadsNothingAndVanishesIsHeardToTheEnd(attempt: Int) async throws {
        var options = SocketServer.Options()
        options.largestRead = 2048
        try await ServerBench.run(options: options, Self.echo) { bench in
            let client = try Client(bench.path)
            let text = (0..<4000).map { "line \($0) of \(attempt)\n" }.joined()
            try client.write(text)
            client.vanish()
            await bench.log.untilClosed()
            let heard = bench.log.entries[1]?.bytes
            #expect(heard?.count == text.utf8.count)
            #expect(heard.map { $0.elementsEqual(text.utf8) } == true)
        }
    }

    @Test func theAnswerArrivesAndThenAnEndThoughMuchIsUnread() async throws {
        let behaviour: @Sendable () -> ScriptedSession.Behaviour = {
            .init(received: { session, _ in
                session.connection.write(ByteBuffer(string: "no\n"))
                session.connection.close(afterFlush: true)
            })
        }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            _ = client.writeAllThatFits([UInt8](repeating: 7, count: 1000), atMost: 150_000)
            #expect(try client.readToEnd() == Array("no\n".utf8))
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.calls == ["received", "closed"])
        }
    }

    @Test func theServerMaySpeakFirstAndCloseAtOnce() async throws {
        let behaviour: @Sendable () -> ScriptedSession.Behaviour = {
            .init(began: { session in
                session.connection.write(ByteBuffer(string: "hello\n"))
                session.connection.close(afterFlush: true)
            })
        }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            #expect(try client.readToEnd() == Array("hello\n".utf8))
            await bench.log.untilClosed()
            #expect(bench.log.entries[1]?.calls == ["closed"])
        }
    }

    @Test func closingAtOnceDropsWhatIsQueued() async throws {
        let behaviour: @Sendable () -> ScriptedSession.Behaviour = {
            .init(received: { session, bytes in
                session.takeAll(&bytes)
                session.connection.write(ByteBuffer(string: "never"))
                session.connection.close(afterFlush: false)
                session.connection.write(ByteBuffer(string: "nor this"))
                session.connection.flush()
                #expect(!session.connection.isOpen)
                #expect(session.connection.queuedBytes == 0)
            })
        }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            try client.write("x")
            #expect(try client.readToEnd() == [])
            await bench.log.untilClosed()
        }
    }

    @Test func theHalfClosedMayBeAnsweredLater() async throws {
        let behaviour: @Sendable () -> ScriptedSession.Behaviour = { .init(inputEnded: { _, _ in }) }
        try await ServerBench.run(behaviour) { bench in
            let client = try Client(bench.path)
            try client.write("x")
            client.endOutput()
            await bench.log.until { $0[1]?.calls.last == "inputEnded" }
            #expect(client.hasNothingToRead)
            bench.log.entries[1]?.run? { session in
                session.connection.write(ByteBuffer(string: "ack"))
                session.connection.close(afterFlush: true)
            }
            #expect(try client.readToEnd() == Array("ack".utf8))
            await bench.log.untilClosed()
        }
    }
}
