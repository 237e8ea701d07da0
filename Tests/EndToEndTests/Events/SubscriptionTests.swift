import Foundation
import Testing
import VicinityClient

@Suite("Events: subscribing")
struct SubscriptionTests {
    /// Two users who each enter and leave a toll and a camera: eight events.
    private func eventful(config: String = Daemon.plain) throws -> Daemon {
        let daemon = try Daemon.running(config: config)
        try daemon.put(["toll-1"], kind: "toll")
        try daemon.put(["camera-1"], kind: "camera")
        try daemon.ingest([fix("a", near, 0, 0), fix("b", near, 0, 10), fix("a", far, 0, 5000), fix("b", far, 0, 7010)])
        return daemon
    }

    private let all = [
        "enter a camera-1 0 user", "enter a toll-1 0 user", "enter b camera-1 10 user", "enter b toll-1 10 user",
        "leave a camera-1 5000 user", "leave a toll-1 5000 user", "leave b camera-1 7010 user", "leave b toll-1 7010 user",
    ]

    @Test("Live: nothing of the past, all that comes")
    func live() throws {
        let daemon = try eventful()
        let (socket, answer) = try daemon.subscribe()
        #expect(answer["after"]?.integer == 8)
        #expect(answer["head"]?.integer == 8)
        #expect(answer["oldest"]?.integer == 1)
        #expect(answer["log"]?.string?.isEmpty == false)
        try daemon.ingest([fix("c", near, 0, 0)])
        let events = try (0..<2).map { _ in try Event(try socket.nextLine()) }
        #expect(events.map(\.seq) == [9, 10])
        #expect(events.map(\.summary) == ["enter c camera-1 0 user", "enter c toll-1 0 user"])
        #expect(socket.isSilent)
    }

    @Test("An empty log: oldest is 1, head is 0")
    func emptyLog() throws {
        let daemon = try Daemon.running()
        let (socket, answer) = try daemon.subscribe(#"{"after":0}"#)
        #expect(answer["after"]?.integer == 0 && answer["head"]?.integer == 0 && answer["oldest"]?.integer == 1)
        #expect(socket.isSilent)
    }

    @Test("After a number: everything later, then live", arguments: [0, 1, 5, 7, 8] as [Int64])
    func after(seq: Int64) throws {
        let daemon = try eventful()
        let (socket, answer) = try daemon.subscribe("{\"after\":\(seq)}")
        #expect(answer["after"]?.integer == seq)
        try daemon.ingest([fix("c", near, 0, 0)])
        let events = try (seq..<10).map { _ in try Event(try socket.nextLine()) }
        #expect(events.map(\.seq) == Array(seq + 1...10))
        #expect(events.dropLast(2).map(\.summary) == Array(all.dropFirst(Int(seq))))
        #expect(socket.isSilent)
    }

    @Test(
        "Filters",
        arguments: [
            (#""types":["enter"]"#, [0, 1, 2, 3]), (#""types":["leave"]"#, [4, 5, 6, 7]),
            (#""types":["enter","leave"]"#, [0, 1, 2, 3, 4, 5, 6, 7]),
            (#""types":["report","following"]"#, []), (#""kinds":["toll"]"#, [1, 3, 5, 7]), (#""kinds":["toll","nothing"]"#, [1, 3, 5, 7]),
            (#""users":["b"]"#, [2, 3, 6, 7]), (#""types":["leave"],"kinds":["camera"],"users":["a","x"]"#, [4]), (#""users":[]"#, []),
            (#""kinds":[]"#, []), (#""types":[]"#, []), (#""users":null,"kinds":["camera"]"#, [0, 2, 4, 6]),
        ])
    func filters(options: String, expected: [Int]) throws {
        let daemon = try eventful()
        let (past, _) = try daemon.subscribe("{\"after\":0,\(options)}")
        let (live, _) = try daemon.subscribe("{\(options)}")
        // What the filter leaves out must not be mistaken for what has not come yet: the stop ends both streams.
        try daemon.ingest([fix("a", near, 0, 10_000), fix("b", near, 0, 10_010), fix("a", far, 0, 15_000), fix("b", far, 0, 17_010)])
        try daemon.stop()
        let events = try past.linesToEnd().map(Event.init)
        #expect(events.map(\.seq) == expected.map { Int64($0 + 1) } + expected.map { Int64($0 + 9) })
        #expect(events.prefix(expected.count).map(\.summary) == expected.map { all[$0] })
        #expect(try live.linesToEnd().map(Event.init) == Array(events.dropFirst(expected.count)))
    }

    @Test(
        "A first line that is no subscription is answered and the connection closed",
        arguments: [
            ("nonsense", "bad_json"), (#"["subscribe"]"#, "bad_json"), ("{}", "bad_request"), (#"{"subscribe":7}"#, "bad_request"),
            (#"{"subscribe":{"types":["arrive"]}}"#, "bad_request"), (#"{"subscribe":{"after":-1}}"#, "bad_request"),
            (#"{"subscribe":{"after":1.5}}"#, "bad_request"), (#"{"subscribe":{"snapshot":true,"after":1}}"#, "bad_request"),
            (#"{"subscribe":{"kinds":"toll"}}"#, "bad_request"), (#"{"subscribe":{"after":1}}"#, "after_head"),
            (#"{"subscribe":{"after":9007199254740991}}"#, "after_head"),
            ("{\"subscribe\":{},\"x\":\"" + String(repeating: "x", count: 65_536) + "\"}", "line_too_long"),
        ])
    func refused(line: String, code: String) throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("events")
        try socket.send(line + "\n")
        let lines = try socket.linesToEnd()
        #expect(lines.count == 1)
        let error = try JSONValue(parsing: try #require(lines.first))["error"]
        #expect(error?["code"]?.string == code)
        #expect(error?["message"]?.string?.isEmpty == false)
    }

    @Test(
        "Later nonsense is a bad request, and the stream goes on",
        arguments: [
            #"{"subscribe":{}}"#, "nonsense", "[]", #"{"ack":"x"}"#, #"{"ack":99}"#,
            "{\"ack\":1,\"x\":\"" + String(repeating: "x", count: 70_000) + "\"}",
        ])
    func badRequest(line: String) throws {
        let daemon = try eventful()
        let (socket, _) = try daemon.subscribe()
        try socket.send(line + "\n")
        #expect(try socket.json()["error"]?["code"]?.string == "bad_request")
        try daemon.ingest([fix("c", near, 0, 0)])
        #expect(try Event(try socket.nextLine()).seq == 9)
    }

    @Test("Empty lines before the subscription are ignored, unknown keys too, and an ack needs no answer")
    func tolerated() throws {
        let daemon = try eventful()
        let socket = try daemon.connect("events")
        try socket.send("\n  \r\n{\"v\":2,\"subscribe\":{\"after\":7,\"hint\":{\"deep\":[1]}}}\r\n")
        #expect(try socket.json()["subscribed"]?["after"]?.integer == 7)
        try socket.send("{\"ack\":8}\n")
        #expect(try Event(try socket.nextLine()).seq == 8)
        try daemon.ingest([fix("c", near, 0, 0)])
        #expect(try Event(try socket.nextLine()).seq == 9)
    }

    @Test("A client that says nothing gets nothing")
    func waiting() throws {
        let daemon = try eventful()
        let silent = try daemon.connect("events")
        let (socket, _) = try daemon.subscribe()
        try daemon.ingest([fix("c", near, 0, 0)])
        _ = try socket.nextLine()
        #expect(silent.isSilent)
    }

    @Test("Half-closing does not end the stream")
    func halfClose() throws {
        let daemon = try eventful()
        let (socket, _) = try daemon.subscribe(#"{"after":6}"#)
        socket.endOutput()
        #expect(try Event(try socket.nextLine()).seq == 7)
        #expect(try Event(try socket.nextLine()).seq == 8)
        try daemon.ingest([fix("c", near, 0, 0)])
        #expect(try Event(try socket.nextLine()).seq == 9)
    }

    @Test("A heartbeat comes when there is nothing to say, with head and time, also where a filter matches nothing")
    func heartbeat() throws {
        let daemon = try eventful(config: Daemon.plain + "delivery:\n  heartbeat: 100ms\n")
        let before = Int64(Date().timeIntervalSince1970 * 1000)
        for options in ["{}", #"{"users":[]}"#] {
            let (socket, _) = try daemon.subscribe(options)
            for _ in 0..<3 {
                let heartbeat = try #require(try socket.json()["heartbeat"])
                #expect(heartbeat["head"]?.integer == 8)
                #expect(try #require(heartbeat["ts"]?.integer) >= before)
            }
        }
    }
}
