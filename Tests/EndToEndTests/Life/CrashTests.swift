import Foundation
import Testing
import VicinityClient

@Suite("Life: killed")
struct CrashTests {
    /// Users who wander among subjects, some of which move; from one seed.
    private func walk(_ count: Int, seed: UInt64) -> [String] {
        var random = Seeded(seed)
        return (0..<count).map { number in
            let time = noon + Int64(number) * 100
            func degrees() -> Double { Double(Int.random(in: -200...200, using: &random)) / 10_000 }
            let sender = Int.random(in: 0..<12, using: &random)
            let lat = degrees()
            let lon = degrees()
            if sender == 0 { return "{\"subject\":\"s-0\",\"lat\":\(lat),\"lon\":\(lon),\"ts\":\(time)}" }
            if Int.random(in: 0..<40, using: &random) == 0 { return "{\"user\":\"u-\(sender)\",\"gone\":true,\"ts\":\(time)}" }
            let radius = Int.random(in: 0..<10, using: &random) == 0 ? ",\"radius\":\(Int.random(in: 50...900, using: &random))" : ""
            return "{\"user\":\"u-\(sender)\",\"lat\":\(lat),\"lon\":\(lon),\"ts\":\(time)\(radius)}"
        }
    }

    private func prepare(_ daemon: Daemon) throws {
        var random = Seeded(99)
        let subjects = (0..<40).map { number in
            let place = [0, 1].map { _ in Double(Int.random(in: -200...200, using: &random)) / 10_000 }
            return "{\"id\":\"s-\(number)\",\"lat\":\(place[0]),\"lon\":\(place[1])}"
        }
        try daemon.result("subjects.put", "{\"subjects\":[\(subjects.joined(separator: ","))]}")
    }

    @Test(
        "Killed again and again, with everything resent that was not acked: the log is that of a run without a crash",
        arguments: UInt64(1)...2)
    func crashes(seed: UInt64) throws {
        let lines = walk(4000, seed: seed)
        let calm = try Daemon.running()
        try prepare(calm)
        #expect(try calm.ingest(lines).last == .ack(4000))
        let expected = try calm.eventLines()
        expectSound(try expected.map(Event.init))

        let daemon = try Daemon.running()
        try prepare(daemon)
        var random = Seeded(seed)
        var acked = 0
        var seen: [String] = []
        var crashes = 0
        while acked < lines.count {
            let (live, answer) = try daemon.subscribe("{\"after\":\(seen.count)}")
            #expect(answer["gap"] == nil)
            let gateway = try daemon.connect("ingest")
            let from = acked
            let upTo = min(lines.count, from + Int.random(in: 200...1500, using: &random))
            try gateway.send(lines[from..<upTo].map { $0 + "\n" }.joined())
            // Killed after so many acks, or while everything is on its way.
            for _ in 0..<Int.random(in: 0...3, using: &random) where acked < upTo {
                guard case .ack(let line) = try Answer(try gateway.nextLine()) else { throw Failure("an error where none is due") }
                acked = from + Int(line)
            }
            try daemon.crash()
            crashes += 1
            // Acks and events that were on their way are as good as those that were read.
            while let line = try? gateway.line() { if case .ack(let line) = try Answer(line) { acked = from + Int(line) } }
            while let line = try? live.line() { seen.append(line) }
            try daemon.start()
            let kept = try daemon.eventLines()
            #expect(kept.starts(with: seen), "seed \(seed), crash \(crashes): what was once seen keeps its meaning")
            #expect(expected.starts(with: kept), "seed \(seed), crash \(crashes)")
        }
        #expect(crashes > 2)
        #expect(try daemon.eventLines() == expected, "seed \(seed)")
        #expect(try daemon.ingest(lines).last == .ack(4000))
        #expect(try daemon.eventLines() == expected, "seed \(seed): a resend of everything changes nothing")
    }

    @Test("The register is durable when the answer is sent")
    func register() throws {
        let daemon = try Daemon.running()
        try daemon.put((0..<500).map { "s-\($0)" })
        try daemon.crash()
        try daemon.start()
        #expect(try daemon.result("status")["subjects"]?.integer == 500)
        try daemon.ingest([fix("u", near, 0, 0)])
        let removal = try daemon.connect("control")
        try removal.send(#"{"jsonrpc":"2.0","id":1,"method":"subjects.remove","params":{"ids":["s-7"]}}"# + "\n")
        #expect(try removal.json()["result"]?["removed"]?.integer == 1)
        try daemon.crash()
        try daemon.start()
        #expect(try daemon.call("subjects.get", #"{"id":"s-7"}"#)["error"]?["data"]?["code"]?.string == "unknown_subject")
        let events = try daemon.events()
        expectSound(events)
        #expect(events.count == 501 && events.last?.cause == "removed" && events.last?.subject == "s-7")
    }
}

/// SplitMix64: the same numbers on every machine.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
