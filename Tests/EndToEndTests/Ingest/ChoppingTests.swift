// The same lines, however the stream is cut: the kernel may hand over any piece of it.

import Foundation
import Testing
import VicinityClient

@Suite("Ingest: a stream that is cut anywhere")
struct ChoppingTests {
    /// A good line with four-byte characters, an empty one, a bad one, one that ends with CR LF, and a good one without an end.
    private func script(_ number: Int) -> [UInt8] {
        let user = "ü-名-😀-\(1000 + number)"
        let lines = [
            fix(user, near, 0, 0, ",\"x\":\"é\\u00e9\\ud83d\\ude00\"") + "\n", "  \n", "{\"user\":\"\(user)\",\"lat\":91.2,\"lon\":0}\n",
            "{\"user\":\"\(user)\",\"gone\":false,\"lat\":\"ß\",\"lon\":0}\r\n", fix(user, far, 0, 1000),
        ]
        return Array(lines.joined().utf8)
    }

    private let expected: [Answer] = [.error(line: 3, code: "bad_latitude"), .error(line: 4, code: "bad_type")]

    @Test("Cut in two at every byte, the answers and the events are the same")
    func everySplit() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        let length = script(0).count
        // All at once: what they have in common is only the daemon.
        let sockets = try (0...length).map { split in
            let socket = try daemon.connect("ingest")
            try socket.send(Array(script(split)[..<split]))
            return socket
        }
        for socket in sockets { try socket.waitUntilTaken() }
        for (split, socket) in sockets.enumerated() {
            try socket.send(Array(script(split)[split...]))
            socket.endOutput()
        }
        for (split, socket) in sockets.enumerated() {
            let answers = try socket.linesToEnd().map(Answer.init)
            #expect(answers.errors == expected, "cut at byte \(split)")
            answers.expectOrder(lines: 5)
        }
        let events = try daemon.events()
        expectSound(events)
        for split in 0...length {
            let own = events.filter { $0.user.hasSuffix("-\(1000 + split)") }.map { "\($0.type) \($0.user)" }
            #expect(own == ["enter ü-名-😀-\(1000 + split)", "leave ü-名-😀-\(1000 + split)"], "cut at byte \(split)")
        }
        #expect(events.count == 2 * (length + 1))
    }

    @Test("One byte at a time")
    func byteByByte() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        let socket = try daemon.connect("ingest")
        for byte in script(0) {
            try socket.send([byte])
            try socket.waitUntilTaken()
        }
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        #expect(answers.errors == expected)
        answers.expectOrder(lines: 5)
        #expect(try daemon.events().map(\.type) == ["enter", "leave"])
    }

    @Test("A thousand lines in one write")
    func oneWrite() throws {
        let daemon = try Daemon.running()
        let bytes = Array((0..<1000).map { fix("u-\($0)", near, 0, 0) + "\n" }.joined().utf8)
        let socket = try daemon.connect("ingest")
        #expect(try socket.sendSome(bytes[...]) == bytes.count, "this is to be one write")
        var acked: Int64 = 0
        while acked < 1000 {
            guard case .ack(let line) = try Answer(try socket.nextLine()) else { throw Failure("an error where none is due") }
            #expect(line > acked)
            acked = line
        }
        #expect(acked == 1000)
        #expect(try daemon.fixes("accepted") == 1000)
        #expect(try daemon.result("status")["users"]?.integer == 1000)
    }

    @Test("Half-closing: the last line needs no end, and the last word is the ack of all", arguments: [0, 1, 3])
    func halfClose(count: Int) throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("ingest")
        try socket.send((0..<count).map { fix("u-\($0)", near, 0, 0) }.joined(separator: "\n"))
        socket.endOutput()
        let lines = try socket.linesToEnd()
        #expect(lines.last == "{\"ack\":\(count)}")
        #expect(try daemon.fixes("accepted") == Int64(count))
    }
}
