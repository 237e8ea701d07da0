import CLinux
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import VicinityTransport

/// Connections that one server gives up and another goes on with, as two processes do, and whose clients notice nothing.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HandoverTests {
    /// What a session has left.
    private struct Left: Sendable {
        var descriptor: CInt
        var handover: Connection.Handover?
    }

    private static let keeping: @Sendable () -> ScriptedSession.Behaviour = { .init(began: { $0.connection.keepsUnsent = true }) }

    /// Runs a closure with the only session and waits for what it gives.
    private static func inSession<Value: Sendable>(
        of bench: ServerBench, _ id: UInt64 = 1, _ body: @escaping @Sendable (ScriptedSession) -> Value
    ) async throws -> Value {
        await bench.log.until { $0[id]?.run != nil }
        let run = try #require(bench.log.entries[id]?.run)
        return await withCheckedContinuation { continuation in run { continuation.resume(returning: body($0)) } }
    }

    private static func leave(_ bench: ServerBench) async throws -> Left {
        try await inSession(of: bench) { session in
            let descriptor = session.connection.duplicateDescriptor() ?? -1
            return Left(descriptor: descriptor, handover: session.connection.detach())
        }
    }

    private static func adopt(_ left: Left, by bench: ServerBench, inherited: String = "") async throws {
        try await SocketServer.adopt(left.descriptor, on: bench.group.next(), limit: bench.limit) { [log = bench.log] connection in
            ScriptedSession(
                connection, log,
                .init(
                    began: { session in
                        if let unsent = left.handover?.unsent { session.connection.write(unsent) }
                        session.connection.flush()
                        session.connection.inherit(ByteBuffer(string: inherited))
                        if left.handover?.isEnding == true { session.connection.close(afterFlush: true) }
                    },
                    received: { $0.echoLines(&$1) }))
        }
    }

    /// The bytes of a long answer, of which any cut is seen.
    private static func answer(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) } }

    @Test(arguments: [0, 1, 100, 300_000, 5_000_000])
    func whatTheKernelHasNotTakenIsHandedOver(count: Int) async throws {
        try await ServerBench.run(Self.keeping) { bench in
            let client = try Client(bench.path)
            let answer = Self.answer(count)
            try await Self.inSession(of: bench) { session in
                // In pieces, so that the kernel takes some whole, one in part, and the rest not.
                for start in stride(from: 0, to: count, by: 70_000) {
                    session.connection.write(ByteBuffer(bytes: answer[start..<min(count, start + 70_000)]))
                    session.connection.flush()
                }
            }
            if count > 1_000_000 { _ = try client.read(100_000) }
            let left = try await Self.leave(bench)
            let unsent = try #require(left.handover)
            #expect(!unsent.isEnding)
            #expect(unsent.unsent.readableBytes == 0 || count > 100)
            #expect(answer.suffix(unsent.unsent.readableBytes).elementsEqual(unsent.unsent.readableBytesView))
            try await Self.adopt(left, by: bench)
            try client.write("more\n")
            let rest = count > 1_000_000 ? count - 100_000 : count
            #expect(try client.read(rest).elementsEqual(answer.suffix(rest)))
            #expect(try client.readText(5) == "more\n")
            #expect(bench.log.entries[1]?.calls.contains("closed") == false, "whoever gave it up hears nothing more")
        }
    }

    @Test func nothingIsReadAfterTheHandoverAndTheSuccessorReadsItAll() async throws {
        try await ServerBench.run(Self.keeping) { bench in
            let client = try Client(bench.path)
            try client.write("half")
            await bench.log.until { $0[1]?.bytes.count == 4 }
            let left = try await Self.leave(bench)
            try client.write(" a line\nand")
            try await Task.sleep(for: .milliseconds(50))
            try await Self.adopt(left, by: bench, inherited: "half")
            try client.write(" more\n")
            #expect(try client.readText(21) == "half a line\nand more\n")
            client.endOutput()
            #expect(try client.readToEnd() == [])
            await bench.log.untilClosed(2)
        }
    }

    @Test func whoIsClosingIsHandedOverWithItsLastWords() async throws {
        try await ServerBench.run(Self.keeping) { bench in
            let client = try Client(bench.path)
            let answer = Self.answer(2_000_000)
            try await Self.inSession(of: bench) { session in
                session.connection.write(ByteBuffer(bytes: answer))
                session.connection.close(afterFlush: true)
            }
            let left = try await Self.leave(bench)
            #expect(left.handover?.isEnding == true)
            try await Self.adopt(left, by: bench)
            #expect(try client.readToEnd() == answer)
            await bench.log.untilClosed(2)
        }
    }

    @Test func whatKeepsNothingOrIsClosedIsNotHandedOver() async throws {
        let plain: @Sendable () -> ScriptedSession.Behaviour = { .init() }
        try await ServerBench.run(plain) { bench in
            let client = try Client(bench.path)
            let left = try await Self.leave(bench)
            #expect(left.handover == nil)
            Glibc.close(left.descriptor)
            try client.write("heard\n")
            await bench.log.until { $0[1]?.bytes.count == 6 }
        }
        try await ServerBench.run(Self.keeping) { bench in
            let client = try Client(bench.path)
            let isNil = try await Self.inSession(of: bench) { session in
                session.connection.close(afterFlush: false)
                return session.connection.detach() == nil
            }
            #expect(isNil)
            _ = client
            await bench.log.untilClosed()
        }
    }

    /// The manager has a descriptor of every socket: closing ours ends nothing.
    @Test(arguments: ["now", "after what is queued", "by the client"])
    func aClosedConnectionIsShutDownAlsoForOthersWhoHaveIt(how: String) async throws {
        try await ServerBench.run(Self.keeping) { bench in
            let client = try Client(bench.path)
            let copy = try await Self.inSession(of: bench) { session in session.connection.duplicateDescriptor() ?? -1 }
            defer { Glibc.close(copy) }
            if how == "by the client" {
                client.vanish()
            } else {
                try await Self.inSession(of: bench) { session in
                    session.connection.write(ByteBuffer(string: "bye\n"))
                    session.connection.close(afterFlush: how != "now")
                }
                _ = try client.readToEnd()
            }
            await bench.log.untilClosed()
            var byte: UInt8 = 0
            #expect(recv(copy, &byte, 1, Int32(MSG_DONTWAIT)) == 0)
            #expect(send(copy, &byte, 1, Int32(MSG_NOSIGNAL)) == -1 && errno == EPIPE)
        }
    }

    @Test func theSessionIsToldWhenTheKernelHasTakenAll() async throws {
        let speaking: @Sendable () -> ScriptedSession.Behaviour = {
            .init(
                began: { session in
                    session.connection.keepsUnsent = true
                    session.connection.write(ByteBuffer(repeating: 1, count: 2_000_000))
                    session.connection.flush()
                })
        }
        try await ServerBench.run(speaking) { bench in
            let client = try Client(bench.path)
            let queued = try await Self.inSession(of: bench) { $0.connection.queuedBytes }
            #expect(queued > 0)
            #expect(bench.log.entries[1]?.calls.contains("outputTaken") != true)
            _ = try client.read(2_000_000)
            await bench.log.until { $0[1]?.calls.contains("outputTaken") == true }
        }
    }

    /// The kernel is the witness of what was read, also for the next process.
    @Test func whatIsReadIsCounted() async throws {
        let counting: @Sendable () -> ScriptedSession.Behaviour = { .init(began: { #expect($0.connection.countInput()) }) }
        try await ServerBench.run(counting) { bench in
            let client = try Client(bench.path)
            let copy = try await Self.inSession(of: bench) { session in session.connection.duplicateDescriptor() ?? -1 }
            defer { Glibc.close(copy) }
            var sent = 0
            for count in [1, 70_000, 3] {
                try client.write([UInt8](repeating: 7, count: count))
                sent += count
                await bench.log.until { [sent] in $0[1]?.bytes.count == sent }
                #expect(vicinity_counted_input(copy) == Int64(sent))
            }
            #expect(try await Self.inSession(of: bench) { $0.connection.countedInput } == Int64(sent))
        }
        let other = vicinity_unix_socket()
        #expect(vicinity_counted_input(other) == -Int64(ENODATA))
        Glibc.close(other)
    }

    @Test func adoptionGoesOverTheBoundAndGivesItsPlaceBack() async throws {
        try await ServerBench.run(limit: 1, Self.keeping) { bench in
            let client = try Client(bench.path)
            let left = try await Self.leave(bench)
            let second = try Client(bench.path)
            _ = try await Self.inSession(of: bench, 2) { _ in 0 }
            try await Self.adopt(left, by: bench)
            #expect(bench.limit.served == 2)
            client.endOutput()
            await bench.log.untilClosed(3)
            second.endOutput()
            await bench.log.untilClosed(2)
        }
    }
}
