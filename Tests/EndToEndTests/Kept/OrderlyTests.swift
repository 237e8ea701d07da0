// Connections over restarts that are asked for: nobody is to notice.

import Foundation
import Testing
import VicinityClient

@Suite("Kept: restarts in order")
struct OrderlyTests {
    /// Lines of which each lets its user enter all subjects, or leave them.
    private func lines(_ count: Int) -> [String] {
        (0..<count).map { fix("u-\($0 % 10)", $0 / 10 % 2 == 0 ? near : far, 0, Int64($0)) + "\n" }
    }

    /// Reads events up to a seq, each of them the next one.
    private func read(_ relay: LineSocket, upTo last: Int64, into lines: inout [String]) throws {
        while lines.count < last {
            let line = try relay.nextLine()
            if line.hasPrefix("{\"heartbeat\"") { continue }
            lines.append(line)
            try #require(try Event(line).seq == Int64(lines.count), "event \(lines.count)")
        }
    }

    @Test("A gateway and relays of every kind go on over restarts under load, with lines that are cut anywhere", arguments: UInt64(0)..<2)
    func underLoad(seed: UInt64) throws {
        var random = Seeded(seed)
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s-0", "s-1", "s-2"])
        let (named, _) = try daemon.subscribe(#"{"name":"r"}"#)
        let (unnamed, _) = try daemon.subscribe()
        let (filtered, _) = try daemon.subscribe(#"{"users":["u-3"],"types":["enter"]}"#)
        let gateway = try daemon.connect("ingest")
        let lines = lines(3000)
        let bytes = Array(lines.joined().utf8)
        var sent = 0
        var answers: [Answer] = []
        var namedLines: [String] = []
        for round in 0..<6 {
            let end = min(bytes.count, sent + Int.random(in: 1...60_000, using: &random))
            if round % 2 == 0 {
                try gateway.send(Array(bytes[sent..<end]))
            } else {
                // At last each byte in a write of its own.
                let single = max(sent, end - 300)
                try gateway.send(Array(bytes[sent..<single]))
                for place in single..<end { try gateway.send([bytes[place]]) }
            }
            sent = end
            // Now and then there is something to be read when it stops, and now and then nothing.
            if round % 3 == 0 { try gateway.waitUntilTaken() }
            while !gateway.isSilent { answers.append(try Answer(try gateway.nextLine())) }
            if round % 2 == 1 {
                try read(named, upTo: try daemon.range().head, into: &namedLines)
                try named.send("{\"ack\":\(namedLines.count)}\n")
            }
            try daemon.restart()
        }
        try gateway.send(Array(bytes[sent...]))
        gateway.endOutput()
        answers += try gateway.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: 3000)
        #expect(answers.errors.isEmpty)
        let log = try daemon.eventLines()
        #expect(log.count == 9000)
        try read(named, upTo: 9000, into: &namedLines)
        #expect(namedLines == log)
        var unnamedLines: [String] = []
        try read(unnamed, upTo: 9000, into: &unnamedLines)
        #expect(unnamedLines == log)
        let wanted = try log.filter { try Event($0).user == "u-3" && Event($0).type == "enter" }
        let filteredLines = try wanted.map { _ in try filtered.nextLine() }
        #expect(filteredLines == wanted)
        try named.send("{\"ack\":9000}\n")
        try daemon.waitUntilAcked("r", 9000)
    }

    @Test("Cut at any byte by a restart, a stream is the same; afterwards each byte comes by itself")
    func everySplit() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s"])
        func script(_ number: Int) -> [UInt8] {
            let user = "ü-\(1000 + number)"
            let lines = [
                fix(user, near, 0, 0, ",\"x\":\"é\\ud83d\\ude00\"") + "\n", " \n", "{\"user\":\"\(user)\",\"lat\":91.2,\"lon\":0}\n",
                "{\"user\":\"\(user)\",\"gone\":true,\"ts\":\(noon + 7)}\r\n", fix(user, far, 0, 1000),
            ]
            return Array(lines.joined().utf8)
        }
        let splits = Array(stride(from: 0, through: script(0).count, by: 3))
        let gateways = try splits.map { split in
            let gateway = try daemon.connect("ingest")
            try gateway.send(Array(script(split)[..<split]))
            return gateway
        }
        for gateway in gateways { try gateway.waitUntilTaken() }
        try daemon.restart()
        for (split, gateway) in zip(splits, gateways) {
            for byte in script(split)[split...] { try gateway.send([byte]) }
            gateway.endOutput()
        }
        for (split, gateway) in zip(splits, gateways) {
            let answers = try gateway.linesToEnd().map(Answer.init)
            #expect(answers.errors == [.error(line: 3, code: "bad_latitude")], "cut at byte \(split)")
            answers.expectOrder(lines: 5)
        }
        let events = try daemon.events()
        expectSound(events)
        #expect(events.count == 2 * splits.count)
        #expect(try eventually("nothing kept") { try daemon.manager?.storedCount() == 0 ? true : nil })
    }

    @Test("A line that is too long is skipped over a restart, and a very long one arrives whole")
    func longLines() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s"])
        let good = fix("u", near, 0, 0)
        let tooLong = try daemon.connect("ingest")
        try tooLong.send([UInt8](repeating: 0x20, count: 70_000))
        #expect(try Answer(try tooLong.nextLine()) == .error(line: 1, code: "line_too_long"))
        let long = try daemon.connect("ingest")
        try long.send(String(good.dropLast()) + ",\"x\":\"" + String(repeating: "x", count: 40_000))
        for gateway in [tooLong, long] { try gateway.waitUntilTaken() }
        try daemon.restart()
        try tooLong.send([UInt8](repeating: 0x20, count: 70_000) + Array("\n\(fix("v", near, 0, 0))\n".utf8))
        try long.send(String(repeating: "x", count: 20_000) + "\"}\n")
        for (gateway, lines) in [(tooLong, 2), (long, 1)] {
            gateway.endOutput()
            let answers = try gateway.linesToEnd().map(Answer.init)
            #expect(answers.errors.isEmpty && answers.last == .ack(Int64(lines)), "\(answers)")
        }
        #expect(Set(try daemon.events().map(\.user)) == ["u", "v"])
    }

    @Test(
        "A gateway that does not read: what its socket does not take is handed on; half-closed, it gets its last ack",
        arguments: [false, true])
    func unreadAcks(isHalfClosed: Bool) throws {
        let daemon = try Daemon.running(config: Daemon.plain + "delivery:\n  commit_interval: 0\n", isManaged: true)
        let gateway = try daemon.connect("ingest")
        // Each ack is a write of its own, of which a socket takes fewer than 300.
        for number in 0..<600 {
            try gateway.send(fix("u", far, 0, Int64(number)) + "\n")
            try gateway.waitUntilTaken()
        }
        if isHalfClosed { gateway.endOutput() }
        try daemon.restart()
        try daemon.restart()
        if !isHalfClosed {
            try gateway.send(fix("u", far, 0, 600) + "\n")
            gateway.endOutput()
        }
        let answers = try gateway.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: isHalfClosed ? 600 : 601)
        #expect(answers.errors.isEmpty)
    }

    @Test("A relay that reads nothing while more waits than its socket holds gets all of it, once")
    func unreadEvents() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put((0..<50).map { "s-\($0)" })
        let (relay, _) = try daemon.subscribe()
        let (named, _) = try daemon.subscribe(#"{"name":"r"}"#)
        func ingest(_ times: Range<Int64>) throws {
            try daemon.ingest(times.map { fix("u", $0 % 2 == 0 ? near : far, 0, $0) })
        }
        try ingest(0..<200)
        try daemon.restart()
        var lines: [String] = []
        try read(relay, upTo: 1234, into: &lines)
        try ingest(200..<300)
        try daemon.restart()
        try daemon.restart()
        try read(relay, upTo: 15_000, into: &lines)
        #expect(lines == (try daemon.eventLines()))
        lines = []
        try read(named, upTo: 15_000, into: &lines)
        try daemon.ingest([fix("u", near, 0, 300)])
        try read(relay, upTo: 15_050, into: &lines)
    }

    @Test("Who half-closes while the daemon is down, or connects then, is answered by the next one")
    func whileDown() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s"])
        let old = try daemon.connect("ingest")
        try old.send(fix("a", near, 0, 0) + "\n" + fix("a", far, 0, 1).prefix(20))
        #expect(try Answer(try old.nextLine()) == .ack(1))
        try daemon.stop()
        try old.send(fix("a", far, 0, 1).dropFirst(20) + "\n" + fix("a", near, 0, 2))
        old.endOutput()
        let new = try daemon.connect("ingest")
        try new.send(fix("b", near, 0, 0))
        new.endOutput()
        let relay = try daemon.connect("events")
        try relay.send("{\"subscribe\":{\"after\":0}}\n")
        try daemon.start()
        #expect(try old.linesToEnd().map(Answer.init).last == .ack(3))
        #expect(try new.linesToEnd().map(Answer.init) == [.ack(1)])
        #expect(try relay.json()["subscribed"] != nil)
        let events = try (0..<4).map { _ in try Event(try relay.nextLine()) }
        #expect(events.filter { $0.user == "a" }.map(\.type) == ["enter", "leave", "enter"])
    }

    @Test("A subscriber that has said nothing, or half of what it wants, is kept")
    func unsubscribed() throws {
        let daemon = try Daemon.running(isManaged: true)
        let silent = try daemon.connect("events")
        let half = try daemon.connect("events")
        try half.send("{\"subscribe\":{\"na")
        try half.waitUntilTaken()
        try daemon.restart()
        try silent.send("{\"subscribe\":{}}\n")
        try half.send("me\":\"r\"}}\r\n")
        #expect(try silent.json()["subscribed"]?["head"]?.integer == 0)
        #expect(try half.json()["subscribed"]?["head"]?.integer == 0)
        #expect(try daemon.subscriber("r")?["connected"]?.bool == true)
    }

    @Test("A name stays with its connection, and its cursor with the name")
    func names() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s"])
        do {
            let (holder, _) = try daemon.subscribe(#"{"name":"r"}"#)
            try daemon.ingest([fix("u", near, 0, 0), fix("u", far, 0, 1)])
            try holder.send("{\"ack\":1}\n")
            try daemon.waitUntilAcked("r", 1)
            for _ in 0..<2 {
                try daemon.restart()
                #expect(try daemon.subscriber("r")?["connected"]?.bool == true)
                #expect(try daemon.subscriber("r")?["acked"]?.integer == 1)
                #expect(try daemon.refusal(#"{"name":"r"}"#) == "name_in_use")
            }
            #expect(try (0..<2).map { _ in try Event(try holder.nextLine()).seq } == [1, 2])
            try holder.send("{\"ack\":2}\n")
            try daemon.waitUntilAcked("r", 2)
        }
        _ = try eventually("the name is free") { try daemon.subscriber("r")?["connected"]?.bool == false ? true : nil }
        #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 2)
    }

    @Test("What is kept is two descriptors for each connection of gateways and relays, and nothing once they are gone")
    func accounts() throws {
        let daemon = try Daemon.running(isManaged: true)
        let manager = try #require(daemon.manager)
        do {
            let gateway = try daemon.connect("ingest")
            let (relay, _) = try daemon.subscribe()
            let caller = try daemon.connect("control")
            _ = try eventually("the connections' descriptors") { try manager.storedCount() == 4 ? true : nil }
            let names = try manager.storedNames()
            #expect(names.count == 2)
            try daemon.restart()
            #expect(try caller.linesToEnd().isEmpty)
            #expect(try manager.storedNames() == names)
            try gateway.send("\n")
            #expect(try Answer(try gateway.nextLine()) == .ack(1))
            try relay.send("what?\n")
            #expect(try relay.json()["error"] != nil)
        }
        _ = try eventually("nothing kept") { try manager.storedCount() == 0 ? true : nil }
    }

    @Test("Stopped for good, the daemon leaves nobody waiting: when the manager lets go, every stream ends")
    func stopped() throws {
        let daemon = try Daemon.running(isManaged: true)
        let gateway = try daemon.connect("ingest")
        let (relay, _) = try daemon.subscribe(#"{"name":"r"}"#)
        try gateway.send("\n")
        #expect(try Answer(try gateway.nextLine()) == .ack(1))
        try daemon.stop()
        #expect(gateway.isSilent && relay.isSilent)
        try daemon.manager?.dropStored()
        #expect(try gateway.linesToEnd().isEmpty && relay.linesToEnd().isEmpty)
        try daemon.start()
        #expect(try daemon.subscribe(#"{"name":"r"}"#).answer["after"]?.integer == 0)
    }
}
