import Foundation
import Testing
import VicinityClient

@Suite("Ingest: gateways that vanish, do not read, or write too fast")
struct UnrulyGatewayTests {
    private func lines(_ count: Int) -> [UInt8] {
        Array((0..<count).map { fix("u-\($0 % 1000)", near, 0, Int64($0)) + "\n" }.joined().utf8)
    }

    @Test("One that vanishes in the middle of a line: what was whole counts")
    func vanishes() throws {
        let daemon = try Daemon.running()
        do {
            let socket = try daemon.connect("ingest")
            try socket.send(fix("u", near, 0, 0) + "\n" + fix("u", near, 0, 1).dropLast(5))
        }
        _ = try eventually("both lines being dealt with") {
            try daemon.fixes("accepted") == 1 && daemon.fixes("invalid") == 1 ? true : nil
        }
        _ = try eventually("the connection being given up") {
            try daemon.result("status")["connections"]?["ingest"]?.integer == 0 ? true : nil
        }
        #expect(try daemon.ingest([fix("u", near, 0, 2)]) == [.ack(1)])
    }

    @Test("One that vanishes with answers unread: every line that it wrote counts")
    func vanishesUnread() throws {
        let daemon = try Daemon.running()
        do {
            let socket = try daemon.connect("ingest")
            try socket.send(lines(20_000))
        }
        _ = try eventually("20,000 lines being dealt with") { try daemon.fixes("accepted") == 20_000 ? true : nil }
    }

    @Test("One that never reads is served all the same, and finds its answers when it does")
    func neverReads() throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("ingest")
        try socket.send(lines(100_000))
        _ = try eventually("100,000 lines being dealt with") { try daemon.fixes("accepted") == 100_000 ? true : nil }
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: 100_000)
        #expect(answers.badLines == 0)
    }

    @Test("One that never reads its errors: what is told is bounded, and adds up")
    func neverReadsErrors() throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("ingest")
        try socket.send(String(repeating: "nonsense\n", count: 100_000))
        _ = try eventually("100,000 lines being dealt with") { try daemon.fixes("invalid") == 100_000 ? true : nil }
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: 100_000)
        #expect(answers.badLines == 100_000)
    }

    @Test("A daemon that stands still makes the writer wait, and loses nothing")
    func backPressure() throws {
        let daemon = try Daemon.running()
        let program = try #require(daemon.program)
        let socket = try daemon.connect("ingest")
        try socket.send(fix("first", near, 0, 0) + "\n")
        #expect(try Answer(try socket.nextLine()) == .ack(1))
        try program.freeze()
        let bytes = lines(50_000)
        var sent = 0
        while true {
            let count = try socket.sendSome(bytes[sent...])
            if count == 0 { break }
            sent += count
        }
        #expect(sent < bytes.count, "the kernel holds a bounded part of \(bytes.count) bytes")
        program.signal(SIGCONT)
        try socket.send(Array(bytes[sent...]))
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: 50_001)
        #expect(try daemon.fixes("accepted") == 50_001)
    }

    @Test("A flood into a daemon that cannot keep up costs bounded memory")
    func flood() throws {
        let daemon = try Daemon.running()
        let program = try #require(daemon.program)
        // Each line enters or leaves a thousand subjects, so that the engine and the store are slower than the reader.
        try daemon.put((0..<1000).map { "s-\($0)" })
        let socket = try daemon.connect("ingest")
        let before = try program.residentBytes()
        let lines = (0..<100).map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0)) + "\n" }.joined()
        let idle = String(repeating: fix("idle", far, 0, 0) + "\n", count: 200_000)
        try socket.send(lines + idle)
        let most = try program.residentBytes()
        #expect(most - before < 192 << 20, "\(most - before) bytes more than before, \(idle.utf8.count) were sent")
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: 200_100)
        #expect(try daemon.fixes("stale") == 199_999)
        #expect(try daemon.result("status")["events"]?["head"]?.integer == 100_000)
    }

    @Test("Many gateways at once: each gets its own acks and errors")
    func many() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        let sockets = try (0..<20).map { _ in try daemon.connect("ingest") }
        for round in 0..<50 {
            for (number, socket) in sockets.enumerated() {
                try socket.send(
                    round % 10 == number % 10 ? "bad\n" : fix("u-\(number)", round % 2 == 0 ? near : far, 0, Int64(round)) + "\n")
            }
        }
        for (number, socket) in sockets.enumerated() {
            socket.endOutput()
            let answers = try socket.linesToEnd().map(Answer.init)
            answers.expectOrder(lines: 50)
            #expect(answers.errors == stride(from: number % 10, to: 50, by: 10).map { .error(line: Int64($0 + 1), code: "bad_json") })
        }
        expectSound(try daemon.events())
    }
}
