// Section 5 of the contract: what retention removes, and how a subscriber learns of it.

import Foundation
import Testing
import VicinityClient

@Suite("Events: retention")
struct RetentionTests {
    /// Each line brings one event for each subject.
    private func crossings(_ range: Range<Int>) -> [String] { range.map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0) * 1000) } }

    /// A daemon with as many events, in commits of ten lines.
    private func logged(_ events: Int, subjects: Int = 1, delivery: String = "") throws -> Daemon {
        let daemon = try Daemon.running(config: Daemon.plain + (delivery.isEmpty ? "" : "delivery:\n  \(delivery)\n"))
        try daemon.put((0..<subjects).map { "s-\($0)" })
        for start in stride(from: 0, to: events / subjects, by: 10) {
            try daemon.ingest(crossings(start..<min(start + 10, events / subjects)))
        }
        return daemon
    }

    private func waitUntilOldest(_ daemon: Daemon, _ seq: Int64) throws {
        _ = try eventually("the oldest event being \(seq)") { try daemon.range().oldest == seq ? true : nil }
    }

    // MARK: - What goes

    @Test("Only the newest `retention_events` are kept, exactly, also after a crash, and after a reload with another number")
    func byCount() throws {
        let daemon = try logged(100, delivery: "retention_events: 25")
        try waitUntilOldest(daemon, 76)
        for _ in 0..<2 {
            let (socket, answer) = try daemon.subscribe(#"{"after":0}"#)
            #expect(answer["after"]?.integer == 0 && answer["oldest"]?.integer == 76 && answer["head"]?.integer == 100)
            #expect(answer["gap"]?.text == #"{"from":1,"to":75}"#)
            #expect(try (76...100).map { _ in try Event(try socket.nextLine()).seq } == Array(76...100))
            try daemon.crash()
            try daemon.start()
        }
        let (socket, _) = try daemon.subscribe()
        try daemon.write(config: Daemon.plain + "delivery:\n  retention_events: 3\n")
        try daemon.result("config.reload")
        try waitUntilOldest(daemon, 98)
        try daemon.ingest(crossings(100..<101))
        try waitUntilOldest(daemon, 99)
        #expect(try Event(try socket.nextLine()).seq == 101, "a live stream goes on")
    }

    @Test("What is older than `retention` goes, all of it if nothing is younger; the numbers go on, and the pairs are what they were")
    func byAge() throws {
        let daemon = try logged(7, delivery: "retention: 1s")
        try waitUntilOldest(daemon, 8)
        #expect(try daemon.range() == (8, 7))
        let (socket, answer) = try daemon.subscribe(#"{"after":2}"#)
        #expect(answer["gap"]?.text == #"{"from":3,"to":7}"#)
        #expect(answer["oldest"]?.integer == 8 && answer["head"]?.integer == 7)
        #expect(try daemon.subscribe(#"{"after":7}"#).answer["gap"] == nil, "nothing is missing after the head")
        try daemon.stop()
        try daemon.start()
        #expect(try daemon.range() == (8, 7))
        let (resumed, _) = try daemon.subscribe(#"{"after":7}"#)
        try daemon.ingest(crossings(7..<8))
        let event = try Event(try resumed.nextLine())
        #expect(event.seq == 8 && event.type == "leave" && event.encounter == 7)
        #expect(try socket.linesToEnd().isEmpty)
    }

    @Test("An event is kept while it is young and among the newest")
    func kept() throws {
        let daemon = try logged(50, delivery: "retention: 1h\n  retention_events: 50")
        #expect(try daemon.result("log.prune").text == #"{"oldest":1,"removed":0}"#)
        #expect(try daemon.events().count == 50)
    }

    // MARK: - Pruning

    @Test("log.prune removes what is before a seq, for good when it is answered; without one it applies the retention now")
    func prune() throws {
        let daemon = try logged(40)
        #expect(try daemon.result("log.prune").text == #"{"oldest":1,"removed":0}"#)
        #expect(try daemon.result("log.prune", #"{"before_seq":1}"#).text == #"{"oldest":1,"removed":0}"#)
        // In the middle of what one commit brought.
        #expect(try daemon.result("log.prune", #"{"before_seq":6}"#).text == #"{"oldest":6,"removed":5}"#)
        #expect(try daemon.result("log.prune", #"{"before_seq":6}"#).text == #"{"oldest":6,"removed":0}"#)
        #expect(try daemon.result("log.prune", #"{"before_seq":3}"#).text == #"{"oldest":6,"removed":0}"#)
        try daemon.crash()
        try daemon.start()
        #expect(try daemon.range() == (6, 40))
        #expect(try daemon.eventLines(after: 5).map { try Event($0).seq } == Array(6...40))
        try daemon.write(config: Daemon.plain + "delivery:\n  retention_events: 10\n")
        try daemon.result("config.reload")
        #expect(try daemon.result("log.prune")["oldest"]?.integer == 31, "at once, not within a minute")
        #expect(try daemon.result("log.prune", #"{"before_seq":41}"#).text == #"{"oldest":41,"removed":10}"#)
        #expect(try daemon.range() == (41, 40))
        try daemon.ingest(crossings(40..<42))
        #expect(try daemon.events(after: 40).map(\.seq) == [41, 42])
        #expect(try daemon.range().oldest == 41)
    }

    @Test(
        "A bad before_seq is a bad value, and nothing goes",
        arguments: ["0", "-1", "1.5", "\"2\"", "true", "[]", "12", "9007199254740991", "1e400"])
    func badPrune(value: String) throws {
        let daemon = try logged(10)
        let error = try daemon.call("log.prune", "{\"before_seq\":\(value)}")["error"]
        #expect(error?["code"]?.integer == -32602 || value == "1e400" && error?["code"]?.integer == -32700)
        if value != "1e400" { #expect(error?["data"]?["code"]?.string == "bad_value" && error?["data"]?["at"]?.string == "before_seq") }
        #expect(try daemon.range() == (1, 10))
    }

    // MARK: - The gap

    @Test("A named subscriber whose events are gone is told so when it resumes, and its cursor waits for its ack")
    func gapInAnswer() throws {
        let daemon = try logged(20)
        do { _ = try daemon.subscribe(#"{"name":"r","after":2}"#) }
        try daemon.result("log.prune", #"{"before_seq":11}"#)
        for _ in 0..<2 {
            let (socket, answer) = try daemon.subscribe(#"{"name":"r"}"#)
            #expect(answer["after"]?.integer == 2 && answer["oldest"]?.integer == 11)
            #expect(answer["gap"]?.text == #"{"from":3,"to":10}"#)
            #expect(try Event(try socket.nextLine()).seq == 11)
        }
        do {
            let (socket, _) = try daemon.subscribe(#"{"name":"r"}"#)
            try socket.send("{\"ack\":10}\n")
            try daemon.waitUntilAcked("r", 10)
        }
        let (socket, answer) = try daemon.subscribe(#"{"name":"r"}"#)
        #expect(answer["after"]?.integer == 10 && answer["gap"] == nil)
        #expect(try Event(try socket.nextLine()).seq == 11)
    }

    @Test("One that reads slowly while its events are removed is told so in the stream, once, and goes on with the oldest")
    func gapInStream() throws {
        // Lines of 25 MiB: more than the sockets, the queues and the newest blocks in memory hold.
        let daemon = try logged(200_000, subjects: 1000)
        let (slow, _) = try daemon.subscribe(#"{"after":0}"#)
        let (filtered, _) = try daemon.subscribe(#"{"after":0,"users":["nobody"]}"#)
        #expect(try Event(try slow.nextLine()).seq == 1)
        try daemon.result("log.prune", #"{"before_seq":195001}"#)
        var seq: Int64 = 1
        var gaps: [String] = []
        while seq < 200_000 {
            let line = try slow.nextLine()
            if line.hasPrefix("{\"seq\":\(seq + 1),") {
                seq += 1
            } else {
                gaps.append(line)
                let gap = try #require(try JSONValue(parsing: line)["gap"], "\(line) after \(seq)")
                try #require(gap["from"]?.integer == seq + 1 && gap["to"]?.integer == 195_000, "\(line) after \(seq)")
                seq = 195_000
            }
        }
        #expect(gaps.count == 1)
        // What a filter leaves out is gone without a word or with one, but the stream lives.
        try daemon.result("log.prune", #"{"before_seq":200001}"#)
        try daemon.ingest([fix("nobody", near, 0, 0)])
        _ = try eventually("nobody's first event") {
            let line = try filtered.nextLine()
            return line.hasPrefix("{\"gap\"") ? nil : try Event(line).seq == 200_001 ? true : nil
        }
    }

    // MARK: - The disk

    @Test("The file does not grow for ever: what is removed is used again")
    func fileSize() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "delivery:\n  retention_events: 20000\n")
        try daemon.put((0..<1000).map { "s-\($0)" })
        func bytes() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: daemon.statePath).reduce(0) { sum, name in
                sum + (try FileManager.default.attributesOfItem(atPath: "\(daemon.statePath)/\(name)")[.size] as? Int ?? 0)
            }
        }
        // Written in all: ten times what is kept, and more than what may lie in the WAL.
        for round in 0..<10 {
            try daemon.ingest(crossings(round * 100..<(round + 1) * 100))
            try daemon.result("log.prune")
        }
        #expect(try daemon.range() == (980_001, 1_000_000))
        try daemon.stop()
        let kept = try bytes()
        #expect(kept < 12 << 20, "20,000 events are kept, a million were written: \(kept) bytes")
    }
}
