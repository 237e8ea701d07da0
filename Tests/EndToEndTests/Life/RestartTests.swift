import Foundation
import Testing
import VicinityClient

@Suite("Life: stopping, and going on")
struct RestartTests {
    @Test("After a clean restart everything goes on: the log's id, the register, the encounters; a resend changes nothing")
    func cleanRestart() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s", "bus", "old"])
        try daemon.result("subjects.remove", #"{"ids":["old"]}"#)
        let lines = [
            fix("a", near, 0, 0, ",\"radius\":400"), fix("b", near, 0, 10), "{\"subject\":\"bus\",\"lat\":1,\"lon\":0,\"ts\":\(noon + 20)}",
            fix("c", near, 0, 30), "{\"user\":\"c\",\"gone\":true,\"ts\":\(noon + 40)}",
        ]
        try daemon.ingest(lines)
        let before = try daemon.eventLines()
        let log = try daemon.subscribe().answer["log"]
        let status = try daemon.result("status")
        let user = try daemon.result("users.get", #"{"user":"a"}"#)
        let bus = try daemon.result("subjects.get", #"{"id":"bus"}"#)
        try daemon.stop()
        try daemon.start()
        #expect(try daemon.subscribe().answer["log"] == log)
        #expect(try daemon.eventLines() == before)
        #expect(try daemon.result("users.get", #"{"user":"a"}"#) == user)
        #expect(try daemon.result("subjects.get", #"{"id":"bus"}"#) == bus)
        let restarted = try daemon.result("status")
        for key in ["users", "subjects", "pairs_inside"] { #expect(restarted[key] == status[key], "\(key)") }
        #expect(try daemon.ingest(lines).last == .ack(5))
        #expect(try daemon.eventLines() == before, "a resend is stale, also that of the user who is gone and of the subject")
        try daemon.ingest([fix("a", far, 0, 60_000)])
        let events = try daemon.events()
        expectSound(events)
        // The bus stands where a has gone: its position was kept, too.
        #expect(events.dropFirst(before.count).map(\.summary) == ["leave a s 60000 user", "enter a bus 60000 user"])
        #expect(events[before.count].lasted == 60_000)
    }

    @Test("SIGTERM under load: exit 0, and what was acked is there after the restart", arguments: [SIGTERM, SIGINT])
    func stopUnderLoad(signal: Int32) throws {
        let daemon = try Daemon.running()
        try daemon.put((0..<5).map { "s-\($0)" })
        let lines = (0..<10_000).map { fix("u-\($0 % 10)", $0 / 10 % 2 == 0 ? near : far, 0, Int64($0)) + "\n" }
        let bytes = Array(lines.joined().utf8)
        let (live, _) = try daemon.subscribe()
        let gateway = try daemon.connect("ingest")
        let program = try #require(daemon.program)
        var sent = 0
        while sent < bytes.count / 4 { sent += try gateway.sendSome(bytes[sent..<min(bytes.count, sent + 65_536)]) }
        guard case .ack = try Answer(try gateway.nextLine()) else { throw Failure("an error where none is due") }
        program.signal(signal)
        // It reads no more at some time; what it read is acked before it closes.
        while sent < bytes.count, let count = try? gateway.sendSome(bytes[sent...]), count > 0 { sent += count }
        var acked: Int64 = 0
        while let line = try? gateway.line() {
            guard case .ack(let upTo) = try Answer(line) else { throw Failure("an error where none is due: \(line)") }
            acked = upTo
        }
        #expect(acked > 0)
        let delivered = try live.linesToEnd()
        try daemon.stop()
        try daemon.start()
        let kept = try daemon.eventLines()
        #expect(kept == delivered, "the last events are sent, too")
        let events = try kept.map(Event.init)
        expectSound(events)
        // Each line up to the last ack has entered or left all five, and nothing of a line comes without the rest of it.
        #expect(events.count >= acked * 5 && events.count % 5 == 0)
        #expect(Set(events.map(\.time)).isSuperset(of: (0..<acked).map { noon + $0 }))
        try daemon.ingest(lines.map { String($0.dropLast()) })
        let whole = try daemon.eventLines()
        #expect(Array(whole.prefix(kept.count)) == kept)
        #expect(whole.count == 50_000)
    }

    @Test("A stop with clients that say nothing and read nothing takes less than ten seconds")
    func stopWithIdlers() throws {
        let daemon = try Daemon.running()
        try daemon.put((0..<200).map { "s-\($0)" })
        let idlers = try ["ingest", "events", "control"].map { try daemon.connect($0) }
        let (unread, _) = try daemon.subscribe()
        try daemon.ingest((0..<200).map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0)) })
        let began = ContinuousClock.now
        try daemon.stop()
        #expect(ContinuousClock.now - began < .seconds(10), "the contract's bound")
        for idler in idlers { #expect(try idler.linesToEnd().count <= 1) }
        _ = unread
    }

    @Test("SIGHUP reloads; an invalid file keeps the old settings and says why; no pair changes by it")
    func hangup() throws {
        let daemon = try Daemon.running()
        let program = try #require(daemon.program)
        try daemon.put(["s"])
        try daemon.ingest([fix("a", 0.003, 0, 0)])
        try daemon.write(config: Daemon.plain.replacing("halo:\n", with: "halo:\n  radius: 100\n"))
        program.signal(SIGHUP)
        _ = try eventually("the new radius") { try daemon.result("config.get")["halo.radius"]?["value"]?.double == 100 ? true : nil }
        try daemon.write(config: "halo:\n  radius: 20\n  colour: red\n")
        program.signal(SIGHUP)
        _ = try eventually("the refusal") { program.log.contains("vicinityd.yaml:3: halo.colour:") ? true : nil }
        #expect(try daemon.result("config.get")["halo.radius"]?["value"]?.double == 100)
        #expect(try daemon.events().count == 1)
        // 332 m: outside of the new radius, inside of the old one.
        try daemon.ingest([fix("b", 0.003, 0, 0)])
        #expect(try daemon.events().map(\.user) == ["a"])
    }

    @Test("From the first answer on SIGHUP reloads and never kills: a manager may ask for it as soon as the daemon is ready")
    func hangupAtOnce() throws {
        let daemon = try Daemon()
        for round in 0..<10 {
            try daemon.start()
            let program = try #require(daemon.program)
            program.signal(SIGHUP)
            // Killed by it, it would end at once; stopped in order, it ends with 0.
            _ = try? daemon.result("status")
            if let ending = program.poll() {
                Issue.record("round \(round): \(ending)")
                return
            }
            try daemon.stop()
        }
    }
}
