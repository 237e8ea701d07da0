// Section 5 of the contract: names, cursors and acks.

import Foundation
import Testing
import VicinityClient

@Suite("Events: named subscribers")
struct NamedSubscriberTests {
    /// Eight events: two users enter and leave two subjects.
    private func eventful() throws -> Daemon {
        let daemon = try Daemon.running()
        try daemon.put(["s", "t"])
        try daemon.ingest([fix("a", near, 0, 0), fix("b", near, 0, 10), fix("a", far, 0, 5000), fix("b", far, 0, 7010)])
        return daemon
    }

    /// 50,000 events, some MiB of lines: more than sockets hold.
    private func crowded() throws -> Daemon {
        let daemon = try Daemon.running()
        try daemon.put((0..<500).map { "s-\($0)" })
        try daemon.ingest((0..<100).map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0) * 1000) })
        return daemon
    }

    private func seqs(_ socket: LineSocket, _ count: Int) throws -> [Int64] {
        try (0..<count).map { _ in try Event(try socket.nextLine()).seq }
    }

    // MARK: - The first cursor

    @Test(
        "The first cursor is durable when the subscription is answered",
        arguments: [
            (#"{"name":"r"}"#, 8), (#"{"name":"r","after":3}"#, 3), (#"{"name":"r","after":8}"#, 8), (#"{"name":"r","snapshot":true}"#, 8),
        ] as [(String, Int64)])
    func firstCursor(options: String, after: Int64) throws {
        let daemon = try eventful()
        do {
            let (socket, answer) = try daemon.subscribe(options)
            #expect(answer["after"]?.integer == after)
            try daemon.crash()
            _ = socket
        }
        try daemon.start()
        #expect(try daemon.subscriber("r")?["acked"]?.integer == after)
        try daemon.ingest([fix("c", near, 0, 0)])
        let (socket, answer) = try daemon.subscribe(#"{"name":"r"}"#)
        #expect(answer["after"]?.integer == after, "not from now on: the name is known")
        #expect(try seqs(socket, Int(10 - after)) == Array(after + 1...10))
    }

    @Test(
        "`after` counts only if the name is new, and may then be beyond the head; for a new name that is `after_head`, which leaves no cursor"
    )
    func afterOfKnown() throws {
        let daemon = try eventful()
        #expect(try daemon.refusal(#"{"name":"r","after":9}"#) == "after_head")
        #expect(try daemon.subscriber("r") == nil)
        #expect(try daemon.subscribe(#"{"name":"r","after":2}"#).answer["after"]?.integer == 2)
        for after in [0, 5, 9, 1000] {
            #expect(try daemon.subscribe("{\"name\":\"r\",\"after\":\(after)}").answer["after"]?.integer == 2)
        }
    }

    @Test(
        "Names are 1 to 128 bytes of UTF-8 without control characters; two names know nothing of each other, and no name leaves no cursor")
    func names() throws {
        let daemon = try eventful()
        let longest = String(repeating: "ü", count: 64)
        for name in ["", "a\\u0000", "a\\u0085b", "a\\n", longest + "x"] {
            #expect(try daemon.refusal("{\"name\":\"\(name)\"}") == "bad_request", "\(name)")
        }
        #expect(try daemon.refusal(#"{"name":7}"#) == "bad_request")
        for (after, name) in [longest, "relay 1", "null"].enumerated() {
            _ = try daemon.subscribe("{\"name\":\"\(name)\",\"after\":\(after)}")
        }
        _ = try daemon.subscribe(#"{"name":null}"#)
        let cursors = try #require(try daemon.result("subscribers.list")["subscribers"]?.array)
        #expect(cursors.map { $0["name"]?.string } == ["null", "relay 1", longest])
        #expect(cursors.map { $0["acked"]?.integer } == [2, 1, 0])
    }

    // MARK: - Acks

    @Test("An ack is durable: after a crash the relay gets what follows it, and all that it did not ack again")
    func ackSurvives() throws {
        let daemon = try eventful()
        do {
            let (socket, _) = try daemon.subscribe(#"{"name":"r","after":0}"#)
            #expect(try seqs(socket, 8) == Array(1...8))
            try socket.send("{\"ack\":5}\n")
            try daemon.waitUntilAcked("r", 5)
        }
        try daemon.crash()
        try daemon.start()
        do {
            let (socket, answer) = try daemon.subscribe(#"{"name":"r"}"#)
            #expect(answer["after"]?.integer == 5 && answer["head"]?.integer == 8)
            #expect(try seqs(socket, 3) == [6, 7, 8])
        }
        try daemon.stop()
        try daemon.start()
        #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 5, "nothing more was acked")
    }

    @Test("An ack below the cursor is ignored, one beyond the head is a bad request; an unnamed one is ignored")
    func oddAcks() throws {
        let daemon = try eventful()
        let (socket, _) = try daemon.subscribe(#"{"name":"r","after":4}"#)
        try socket.send("{\"ack\":6}\n{\"ack\":5}\n{\"ack\":0}\n{\"ack\":9}\n")
        #expect(try seqs(socket, 4) == [5, 6, 7, 8])
        #expect(try socket.json()["error"]?["code"]?.string == "bad_request")
        try daemon.waitUntilAcked("r", 6)
        // The connection lives, and what was not sent to it may be acked by it.
        try socket.send("{\"ack\":8}\n")
        try daemon.waitUntilAcked("r", 8)
        let (unnamed, _) = try daemon.subscribe(#"{"after":7}"#)
        try unnamed.send("{\"ack\":8}\n{\"ack\":3}\n{\"ack\":9}\n")
        #expect(try seqs(unnamed, 1) == [8])
        #expect(try unnamed.json()["error"]?["code"]?.string == "bad_request", "beyond the head")
        #expect(try daemon.result("subscribers.list")["subscribers"]?.array?.count == 1)
    }

    @Test("An ack that is sent right before the connection is closed is not lost")
    func ackAndClose() throws {
        let daemon = try eventful()
        for seq in 1...8 as ClosedRange<Int64> {
            let (socket, answer) = try daemon.subscribe(#"{"name":"r","after":0}"#)
            #expect(answer["after"]?.integer == seq - 1)
            try socket.send("{\"ack\":\(seq)}\n")
        }
        #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 8)
    }

    @Test("Nor are several of them where the relay leaves events unread")
    func ackAndCloseUnread() throws {
        let daemon = try crowded()
        for round in 0..<20 as Range<Int64> {
            let (socket, answer) = try daemon.subscribe(#"{"name":"r","after":0}"#)
            try #require(answer["after"]?.integer == round * 10)
            for seq in try seqs(socket, 10) { try socket.send("{\"ack\":\(seq)}\n") }
        }
        #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 200)
    }

    @Test("An ack counts at once, also of a relay that reads nothing more though there is more")
    func ackWhileFull() throws {
        let daemon = try crowded()
        let (socket, _) = try daemon.subscribe(#"{"name":"r","after":0}"#)
        #expect(try seqs(socket, 1000).last == 1000)
        try socket.send("{\"ack\":1000}\n")
        try daemon.waitUntilAcked("r", 1000)
        #expect(try seqs(socket, 1000) == Array(1001...2000))
    }

    @Test("Half-closing does not end the stream, acks before it count, and the name stays taken")
    func halfClose() throws {
        let daemon = try eventful()
        let (socket, _) = try daemon.subscribe(#"{"name":"r","after":0}"#)
        try socket.send("{\"ack\":3}\n{\"ack\":8}")
        socket.endOutput()
        #expect(try seqs(socket, 8) == Array(1...8))
        try daemon.waitUntilAcked("r", 8)
        try daemon.ingest([fix("c", near, 0, 0)])
        #expect(try seqs(socket, 2) == [9, 10])
        #expect(try daemon.refusal(#"{"name":"r"}"#) == "name_in_use")
    }

    @Test("Filters are not remembered with the name, and what they left out may be acked")
    func filtersForgotten() throws {
        let daemon = try eventful()
        do {
            let (socket, _) = try daemon.subscribe(#"{"name":"r","after":0,"types":["leave"],"users":["a"]}"#)
            #expect(try seqs(socket, 2) == [5, 6])
            try socket.send("{\"ack\":2}\n")
        }
        do {
            let (socket, _) = try daemon.subscribe(#"{"name":"r"}"#)
            #expect(try seqs(socket, 6) == Array(3...8))
        }
        let (socket, _) = try daemon.subscribe(#"{"name":"r","users":["nobody"]}"#)
        try socket.send("{\"ack\":8}\n")
        try daemon.waitUntilAcked("r", 8)
        #expect(socket.isSilent)
    }

    // MARK: - Whose the name is

    @Test("A name that is connected is in use, and who has it is not disturbed; it is free at once when that connection is closed")
    func nameInUse() throws {
        let daemon = try eventful()
        do {
            let (holder, _) = try daemon.subscribe(#"{"name":"r"}"#)
            #expect(try daemon.refusal(#"{"name":"r"}"#) == "name_in_use")
            #expect(try daemon.refusal(#"{"name":"r","after":0}"#) == "name_in_use")
            #expect(try daemon.refusal(#"{"name":"r","snapshot":true}"#) == "name_in_use")
            _ = try daemon.subscribe(#"{"name":"other"}"#)
            try daemon.ingest([fix("c", near, 0, 0)])
            #expect(try seqs(holder, 2) == [9, 10])
        }
        for _ in 0..<100 { #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 8) }
    }

    @Test("It is free, too, when the holder has events unread, and when it was killed", .enabled(if: Machine.hasPython, "needs python3"))
    func holderKilled() throws {
        let daemon = try crowded()
        let holder = """
            import socket, sys, time
            relay = socket.socket(socket.AF_UNIX)
            relay.connect(sys.argv[1])
            relay.sendall(b'{"subscribe":{"name":"r","after":0}}\\n')
            sys.stderr.write(relay.recv(100).decode())
            sys.stderr.flush()
            time.sleep(600)
            """
        for round in 0..<3 {
            let child = try python(holder, ["\(daemon.runtimePath)/events.sock"], log: "\(daemon.directory)/holder-\(round)")
            _ = try eventually("the holder's subscription") { child.log.contains("subscribed") ? true : nil }
            #expect(try daemon.subscriber("r")?["connected"]?.bool == true)
            child.signal(SIGKILL)
            _ = try child.wait()
            #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 0)
        }
    }
}
