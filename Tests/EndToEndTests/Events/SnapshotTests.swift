// Section 5 of the contract: a snapshot is the pairs that are inside at one seq, exactly, and the stream goes on from the next.

import Foundation
import Testing
import VicinityClient

@Suite("Events: snapshots")
struct SnapshotTests {
    /// A snapshot as it came.
    private struct Taken {
        var lines: [String]
        var pairs: Int64
        var at: Int64
    }

    private func rest(of socket: LineSocket) throws -> Taken {
        var lines: [String] = []
        while true {
            let line = try socket.nextLine()
            if line.hasPrefix("{\"snapshot\":") {
                let end = try #require(try JSONValue(parsing: line)["snapshot"])
                return Taken(lines: lines, pairs: try #require(end["pairs"]?.integer), at: try #require(end["at"]?.integer))
            }
            lines.append(line)
        }
    }

    private func snapshot(_ daemon: Daemon, _ options: String = #"{"snapshot":true}"#) throws -> (LineSocket, Taken) {
        let (socket, answer) = try daemon.subscribe(options)
        let taken = try rest(of: socket)
        #expect(answer["after"]?.integer == taken.at)
        #expect(answer["gap"] == nil)
        #expect(taken.pairs == Int64(taken.lines.count))
        return (socket, taken)
    }

    /// What a snapshot has in common with the enter that it stands for.
    private struct Pair: Hashable {
        var seq: Int64
        var user: String
        var subject: String
        var kind: String?
        var time: Int64
        var cause: String

        init(_ event: Event) {
            (seq, user, subject, kind, time, cause) = (event.seq, event.user, event.subject, event.kind, event.time, event.cause)
        }
    }

    @Test("An empty one, and one with an `after`, which is a bad request and leaves no cursor")
    func edges() throws {
        let daemon = try Daemon.running()
        let (socket, taken) = try snapshot(daemon)
        #expect(taken.pairs == 0 && taken.at == 0)
        for options in [#"{"snapshot":true,"after":0}"#, #"{"name":"r","snapshot":true,"after":0}"#, #"{"snapshot":1}"#] {
            #expect(try daemon.refusal(options) == "bad_request")
        }
        #expect(try daemon.subscriber("r") == nil)
        #expect(try daemon.subscribe(#"{"snapshot":false,"after":0}"#).answer["after"]?.integer == 0)
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0)])
        #expect(try Event(try socket.nextLine()).seq == 1)
    }

    @Test("While a gateway streams, twenty in turn: each is the log up to its seq, replayed, and each stream goes on from the next")
    func underLoad() throws {
        let daemon = try Daemon.running()
        var random = Seeded(5)
        func degrees() -> Double { Double(Int.random(in: -120...120, using: &random)) / 10_000 }
        let subjects = (0..<12).map { "{\"id\":\"s-\($0)\",\"kind\":\"k-\($0 % 3)\",\"lat\":\(degrees()),\"lon\":\(degrees())}" }
        try daemon.result("subjects.put", "{\"subjects\":[\(subjects.joined(separator: ","))]}")
        let gateway = try daemon.connect("ingest")
        var sent: Int64 = 0
        func stream(_ count: Int) throws {
            let lines = (0..<count).map { _ in
                sent += 1
                if sent % 50 == 0 { return "{\"user\":\"u-\(sent % 20)\",\"gone\":true,\"ts\":\(noon + sent * 1000)}\n" }
                return fix("u-\(sent % 20)", degrees(), degrees(), sent * 1000) + "\n"
            }
            try gateway.send(lines.joined())
        }
        try stream(500)
        var taken: [Taken] = []
        var streams: [[String]] = []
        for _ in 0..<20 {
            try stream(300)
            let (socket, snapshot) = try snapshot(daemon)
            taken.append(snapshot)
            try stream(30)
            streams.append(try (0..<20).map { _ in try socket.nextLine() })
        }
        gateway.endOutput()
        #expect(try gateway.linesToEnd().last == "{\"ack\":\(sent)}")
        let log = try daemon.eventLines()
        let events = try log.map(Event.init)
        #expect(Set(taken.map(\.at)).count >= 10, "events were logged between them: \(taken.map(\.at))")
        #expect(taken.allSatisfy { $0.at < log.count }, "and after the last")

        var open: [Int64: Pair] = [:]
        var head: Int64 = 0
        for (number, snapshot) in taken.enumerated() {
            while head < snapshot.at {
                let event = events[Int(head)]
                if let encounter = event.encounter { open[encounter] = nil } else { open[event.seq] = Pair(event) }
                head += 1
            }
            let inside = try snapshot.lines.map(Event.init)
            #expect(inside.allSatisfy { $0.type == "inside" && [100, 250, 500].contains($0.within) })
            #expect(Set(inside.map(Pair.init)) == Set(open.values), "snapshot \(number), at \(snapshot.at)")
            #expect(inside.count == open.count, "no pair twice")
            #expect(streams[number] == Array(log[Int(snapshot.at)..<Int(snapshot.at) + 20]), "what follows snapshot \(number)")
        }
        #expect(taken.contains { $0.pairs > 10 })
    }

    @Test("A large one that is not read is of its moment all the same, though all that it holds changes meanwhile")
    func unread() throws {
        let daemon = try Daemon.running()
        let users = 40
        let subjects = 300
        try daemon.put((0..<subjects).map { "s-\($0)" })
        try daemon.ingest((0..<users).map { fix("u-\($0)", near, 0, 0) })
        let (socket, answer) = try daemon.subscribe(#"{"name":"r","snapshot":true}"#)
        let (leaver, _) = try daemon.subscribe(#"{"snapshot":true}"#)
        // Some of a half leave and come again; then all leave.
        try daemon.ingest((0..<users / 2).flatMap { [fix("u-\($0)", far, 0, 1), fix("u-\($0)", near, 0, 2)] })
        try daemon.ingest((0..<users).map { fix("u-\($0)", far, 0, 3) })
        _ = try leaver.nextLine()
        let taken = try rest(of: socket)
        let log = try daemon.eventLines()
        let count = users * subjects
        #expect(answer["after"]?.integer == taken.at && taken.at == count && taken.pairs == count)
        // Everything up to `within`, as text: to parse them all takes long.
        func stem(_ line: String) -> Substring { line.prefix(upTo: line.range(of: ",\"within\"")?.lowerBound ?? line.startIndex) }
        let enters = log.prefix(count).map { stem($0).replacing("\"type\":\"enter\"", with: "\"type\":\"inside\"") }
        #expect(Set(taken.lines.map { String(stem($0)) }) == Set(enters.map { String($0) }))
        #expect(taken.lines.count == enters.count)
        #expect(try (0..<log.count - count).map { _ in try socket.nextLine() } == Array(log[count...]))
        #expect(try snapshot(daemon).1.pairs == 0)
    }

    @Test("With a name the cursor becomes the snapshot's seq, durably, wherever it was")
    func named() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s", "t"])
        try daemon.ingest([fix("a", near, 0, 0), fix("b", near, 0, 0), fix("a", far, 0, 1000)])
        do { _ = try daemon.subscribe(#"{"name":"r","after":1}"#) }
        do {
            let (socket, taken) = try snapshot(daemon, #"{"name":"r","snapshot":true}"#)
            #expect(taken.at == 6 && taken.pairs == 2)
            #expect(try daemon.subscriber("r")?["acked"]?.integer == 6)
            try daemon.crash()
            _ = socket
        }
        try daemon.start()
        try daemon.ingest([fix("a", near, 0, 2000)])
        let (socket, answer) = try daemon.subscribe(#"{"name":"r"}"#)
        #expect(answer["after"]?.integer == 6)
        #expect(try Event(try socket.nextLine()).seq == 7)
    }

    @Test(
        "Filters hold for the pairs as for the events; the count is of what was sent",
        arguments: [
            (#""kinds":["toll"]"#, ["a toll-1", "b toll-1"]), (#""users":["a","x"]"#, ["a camera-1", "a toll-1"]),
            (#""users":["b"],"kinds":["camera"]"#, ["b camera-1"]), (#""kinds":[]"#, []), (#""users":["x"]"#, []),
        ])
    func filters(options: String, expected: [String]) throws {
        let daemon = try Daemon.running()
        try daemon.put(["toll-1"], kind: "toll")
        try daemon.put(["camera-1"], kind: "camera")
        try daemon.ingest([fix("a", near, 0, 0), fix("b", near, 0, 0)])
        let (socket, taken) = try snapshot(daemon, "{\"snapshot\":true,\(options)}")
        #expect(try taken.lines.map(Event.init).map { "\($0.user) \($0.subject)" }.sorted() == expected)
        #expect(taken.at == 4)
        try daemon.ingest([fix("a", far, 0, 1000), fix("b", far, 0, 1000)])
        #expect(try expected.map { _ in try Event(try socket.nextLine()) }.map { "\($0.user) \($0.subject)" } == expected)
    }

    @Test("`within` is as of now: the user has moved since the enter; the radius if the distance is beyond it")
    func within() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        // 44 m, then 332 m, 531 m (beyond the radius, within the leave margin), 663 m with a radius of 800 m.
        try daemon.ingest(["a", "b", "c"].map { fix($0, 0.0004, 0, 0) } + [fix("d", 0.006, 0, 0, ",\"radius\":800")])
        try daemon.ingest([fix("b", 0.003, 0, 1000), fix("c", 0.0048, 0, 1000)])
        let inside = try snapshot(daemon).1.lines.map(Event.init)
        #expect(inside.sorted { $0.user < $1.user }.map(\.within) == [100, 500, 500, 800])
        #expect(inside.allSatisfy { $0.time == noon }, "the time is that of the enter")
    }

    @Test("It needs no event that retention has removed, and is the same after a crash and after a stop")
    func afterRestart() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s", "t"])
        try daemon.ingest([fix("a", near, 0, 0), fix("b", near, 0, 0), fix("b", far, 0, 1000), fix("c", near, 0, 1000)])
        let lines = try snapshot(daemon).1.lines.sorted()
        #expect(try lines.map { try Event($0).seq } == [1, 2, 7, 8])
        #expect(try daemon.result("log.prune", #"{"before_seq":9}"#)["removed"]?.integer == 8)
        #expect(try snapshot(daemon).1.lines.sorted() == lines)
        try daemon.crash()
        try daemon.start()
        #expect(try snapshot(daemon).1.lines.sorted() == lines)
        try daemon.stop()
        try daemon.start()
        let (socket, taken) = try snapshot(daemon)
        #expect(taken.lines.sorted() == lines && taken.at == 8)
        try daemon.ingest([fix("a", far, 0, 2000)])
        #expect(try Event(try socket.nextLine()).encounter == 1, "the leave names an enter that is gone")
    }
}
