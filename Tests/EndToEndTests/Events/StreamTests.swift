import Foundation
import Testing
import VicinityClient

@Suite("Events: the stream")
struct StreamTests {
    /// Lines that make the user enter and leave every subject of one place, so often.
    private func crossings(_ count: Int, from start: Int = 0) -> [String] {
        (start..<start + count).map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0) * 1000) }
    }

    @Test("Leaves come before enters, each by subject id in bytes; a leave names its enter and how long it lasted")
    func order() throws {
        let daemon = try Daemon.running()
        try daemon.put(["b", "a", "ü", "Z", "a2"])
        try daemon.put(["y", "x"], latitude: far)
        try daemon.ingest([fix("u", near, 0, 0), fix("u", far, 0, 1234), fix("u", near, 0, 2000)])
        let events = try daemon.events()
        expectSound(events)
        #expect(
            events.map { "\($0.type) \($0.subject)" } == ["Z", "a", "a2", "b", "ü"].map { "enter \($0)" }
                + ["Z", "a", "a2", "b", "ü"].map { "leave \($0)" } + ["enter x", "enter y", "leave x", "leave y"]
                + ["Z", "a", "a2", "b", "ü"].map { "enter \($0)" })
        #expect(events[5].encounter == 1 && events[5].lasted == 1234)
        #expect(events[12].encounter == 11 && events[12].lasted == 766)
    }

    @Test("Every cause that there is yet, and what each of them closes")
    func causes() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([
            fix("a", near, 0, 0), fix("a", near, 0, 10, ",\"radius\":100"), fix("a", near, 0, 20, ",\"radius\":50"),
            fix("a", near, 0, 30, ",\"radius\":300"), "{\"subject\":\"s\",\"lat\":1,\"lon\":0,\"ts\":\(noon + 40)}",
            "{\"subject\":\"s\",\"lat\":0,\"lon\":0,\"ts\":\(noon + 50)}", "{\"user\":\"a\",\"gone\":true,\"ts\":\(noon + 60)}",
            fix("b", near, 0, 70),
        ])
        try daemon.result("subjects.put", #"{"subjects":[{"id":"s","kind":"toll","lat":1,"lon":0}]}"#)
        try daemon.result("subjects.put", #"{"subjects":[{"id":"s","kind":"toll","lat":0,"lon":0}]}"#)
        try daemon.result("subjects.remove", #"{"ids":["s","t"]}"#)
        let events = try daemon.events()
        expectSound(events)
        #expect(
            events.prefix(6).map(\.summary) == [
                "enter a s 0 user", "leave a s 20 radius", "enter a s 30 radius", "leave a s 40 subject", "enter a s 50 subject",
                "leave a s 60 gone",
            ])
        #expect(
            events.dropFirst(6).map { "\($0.type) \($0.user) \($0.cause)" } == [
                "enter b user", "leave b subject", "enter b subject", "leave b removed",
            ])
        #expect(events.map(\.kind) == Array(repeating: "toll", count: 10))
    }

    @Test("within is the smallest band that holds the distance, the radius where none does; exact is in centimetres")
    func distance() throws {
        let lines = [
            fix("a", 0.0001, 0, 0), fix("b", 0.002, 0, 0), fix("c", 0.006, 0, 0, ",\"radius\":800"),
            fix("d", 0.0008, 0, 0, ",\"radius\":90"),
        ]
        let bands = try Daemon.running()
        try bands.put(["s"])
        try bands.ingest(lines)
        #expect(try bands.events().map(\.within) == [100, 250, 800, 90])
        let exact = try Daemon.running(config: Daemon.plain + "  distance: exact\n")
        try exact.put(["s"])
        try exact.ingest(lines)
        // Geodesics from the equator along a meridian: 110.574 km for a degree, right to a centimetre at these lengths.
        let distances = try exact.eventLines().map { try JSONValue(parsing: $0)["distance"]?.double }
        for (distance, expected) in zip(distances, [11.06, 221.15, 663.45, 88.46]) {
            #expect(abs(try #require(distance) - expected) < 0.011)
        }
        #expect(try exact.events().allSatisfy { $0.within == nil })
        let none = try Daemon.running(config: Daemon.plain + "  distance: none\n")
        try none.put(["s"])
        try none.ingest(lines)
        #expect(try none.eventLines().allSatisfy { !$0.contains("within") && !$0.contains("distance") })
    }

    @Test("A resend of everything is stale and changes nothing")
    func resend() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        let lines = crossings(10) + ["{\"user\":\"u\",\"gone\":true,\"ts\":\(noon + 9500)}"]
        try daemon.ingest(lines)
        let before = try daemon.eventLines()
        #expect(try daemon.ingest(lines).last == .ack(11))
        #expect(try daemon.eventLines() == before)
        // A second sign-off at the same instant is not stale (less than), and has nothing to close.
        #expect(try daemon.fixes("stale") == 10)
    }

    @Test("Thirty subscribers get the same bytes, live or late")
    func thirty() throws {
        let daemon = try Daemon.running()
        try daemon.put((0..<50).map { "s-\($0)" })
        let early = try (0..<15).map { _ in try daemon.subscribe(#"{"after":0}"#).socket }
        let gateway = try daemon.connect("ingest")
        try gateway.send(crossings(100).map { $0 + "\n" }.joined())
        let late = try (0..<15).map { _ in try daemon.subscribe(#"{"after":0}"#).socket }
        try gateway.send(crossings(100, from: 100).map { $0 + "\n" }.joined())
        let streams = try (early + late).map { try $0.bytes(lines: 10_000) }
        for (number, stream) in streams.enumerated() { #expect(stream == streams[0], "subscriber \(number)") }
        let events = try String(decoding: streams[0], as: UTF8.self).split(separator: "\n").map { try Event(String($0)) }
        expectSound(events)
        #expect(events.last?.seq == 10_000)
    }

    @Test("One that does not read delays nobody while 200,000 events pass, and gets them all when it reads again")
    func slow() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "delivery:\n  heartbeat: 1h\n")
        try daemon.put((0..<1000).map { "s-\($0)" })
        let (slow, _) = try daemon.subscribe()
        let (filtered, _) = try daemon.subscribe(#"{"users":["nobody"]}"#)
        let (fast, _) = try daemon.subscribe()
        let gateway = try daemon.connect("ingest")
        // The fast one follows at once; were it delayed by the slow one, it would never get there.
        var expected: [UInt8] = []
        for round in 0..<10 {
            try gateway.send(crossings(20, from: round * 20).map { $0 + "\n" }.joined())
            expected += try fast.bytes(lines: 20_000)
        }
        gateway.endOutput()
        #expect(try gateway.linesToEnd().last == #"{"ack":200}"#)
        #expect(try daemon.result("status")["events"]?["head"]?.integer == 200_000)
        #expect(filtered.isSilent)
        #expect(try slow.bytes(lines: 200_000) == expected)
        expectAscending(expected, count: 200_000)
    }

    /// Looks at the number of each line only: to parse 200,000 of them takes long.
    private func expectAscending(_ bytes: [UInt8], count: Int) {
        var seq = 0
        for line in bytes.split(separator: 0x0A) {
            seq += 1
            guard line.starts(with: Array("{\"seq\":\(seq),".utf8)) else {
                Issue.record("event \(seq) is \(String(decoding: line, as: UTF8.self))")
                return
            }
        }
        #expect(seq == count)
    }
}
