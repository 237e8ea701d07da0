// Connections over the daemon's death: what was acked is there, and nobody hears anything wrong.

import Foundation
import Testing
import VicinityClient

@Suite("Kept: killed")
struct KilledTests {
    @Test("Connections on which nothing is under way always go on")
    func idle() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s"])
        let gateway = try daemon.connect("ingest")
        let untouched = try daemon.connect("ingest")
        let (relay, _) = try daemon.subscribe()
        let (named, _) = try daemon.subscribe(#"{"name":"r"}"#)
        _ = try eventually("the connections' descriptors") { try daemon.manager?.storedCount() == 8 ? true : nil }
        var seq: Int64 = 0
        for round in 0..<4 as Range<Int64> {
            try gateway.send(fix("u", round % 2 == 0 ? near : far, 0, round) + "\n")
            #expect(try Answer(try gateway.nextLine()) == .ack(round + 1))
            seq += 1
            #expect(try Event(try relay.nextLine()).seq == seq)
            #expect(try Event(try named.nextLine()).seq == seq)
            try named.send("{\"ack\":\(seq)}\n")
            try daemon.waitUntilAcked("r", seq)
            _ = try eventually("no connection in doubt") { try daemon.manager?.isQuiet() == true ? true : nil }
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.subscriber("r")?["connected"]?.bool == true)
        }
        try untouched.send("\n")
        #expect(try Answer(try untouched.nextLine()) == .ack(1))
        #expect(gateway.isSilent && relay.isSilent && named.isSilent)
    }

    /// A gateway that sends again what was not acked when it is cut off.
    private final class Gateway {
        private let lines: [String]
        private let daemon: Daemon
        private var socket: LineSocket
        /// Lines that were acked before this connection.
        private var base = 0
        private(set) var acked = 0
        /// Bytes of this connection's lines that were sent.
        private var sent = 0
        private var bytes: [UInt8]
        private(set) var reconnects = 0

        init(_ lines: [String], _ daemon: Daemon) throws {
            self.lines = lines
            self.daemon = daemon
            bytes = Array(lines.joined().utf8)
            socket = try daemon.connect("ingest")
        }

        var isDone: Bool { acked == lines.count }

        /// Sends so many bytes more, as far as the socket takes them.
        func send(_ count: Int) throws {
            let end = min(bytes.count, sent + count)
            guard sent < end, let taken = try? socket.sendSome(bytes[sent..<end]) else { return }
            sent += taken
        }

        /// Reads what is there, and connects again if that is the end.
        func read() throws {
            while !socket.isSilent {
                guard let line = try? socket.line() else { return try reconnect() }
                try take(line)
            }
        }

        /// Sends the rest and reads to the end.
        func finish() throws {
            while !isDone {
                try send(50_000)
                guard let line = try? socket.line() else {
                    try reconnect()
                    continue
                }
                try take(line)
            }
        }

        private func take(_ line: String) throws {
            guard case .ack(let upTo) = try Answer(line) else { throw Failure("an error where none is due: \(line)") }
            try #require(base + Int(upTo) > acked && base + Int(upTo) <= lines.count, "acks ascend: \(upTo) after \(acked) - \(base)")
            acked = base + Int(upTo)
        }

        private func reconnect() throws {
            reconnects += 1
            base = acked
            sent = 0
            bytes = Array(lines[base...].joined().utf8)
            socket = try daemon.connect("ingest")
        }
    }

    /// A relay that subscribes again when it is cut off.
    private final class Relay {
        private let daemon: Daemon
        private var socket: LineSocket
        private(set) var lines: [String] = []
        private(set) var reconnects = 0

        init(_ daemon: Daemon) throws {
            self.daemon = daemon
            socket = try daemon.subscribe(#"{"after":0}"#).socket
        }

        /// Reads what is there.
        func read() throws {
            while !socket.isSilent { try readOne() }
        }

        func read(upTo count: Int) throws { while lines.count < count { try readOne() } }

        private func readOne() throws {
            guard let line = try? socket.line() else {
                reconnects += 1
                socket = try daemon.subscribe("{\"after\":\(lines.count)}").socket
                return
            }
            if line.hasPrefix("{\"heartbeat\"") { return }
            lines.append(line)
            try #require(try Event(line).seq == Int64(lines.count), "neither a hole nor an event twice")
        }
    }

    @Test(
        "Killed at any time under load: nothing acked is lost, a connection goes on rightly or is closed, and who sends again is whole",
        arguments: UInt64(0)..<2)
    func underLoad(seed: UInt64) throws {
        let lines = (0..<4000).map { fix("u-\($0 % 7)", $0 / 7 % 2 == 0 ? near : far, 0, Int64($0)) + "\n" }
        var random = Seeded(seed)
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s-0", "s-1"])
        let gateway = try Gateway(lines, daemon)
        let relay = try Relay(daemon)
        for _ in 0..<12 {
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                try gateway.send(Int.random(in: 1...12_000, using: &random))
                if Bool.random(using: &random) { usleep(UInt32.random(in: 0...3000, using: &random)) }
                if Bool.random(using: &random) { try relay.read() }
                if Int.random(in: 0..<3, using: &random) == 0 { try gateway.read() }
            }
            let ackedBefore = gateway.acked
            try daemon.crash()
            // What is sent while it is down waits.
            if Bool.random(using: &random) { try gateway.send(2000) }
            try daemon.start()
            try gateway.read()
            let kept = try daemon.range().head
            #expect(kept >= Int64(ackedBefore) * 2, "seed \(seed): each acked line made two events")
        }
        try gateway.finish()
        let log = try daemon.eventLines()
        #expect(log.count == lines.count * 2, "seed \(seed)")
        expectSound(try log.map(Event.init))
        try relay.read(upTo: log.count)
        #expect(relay.lines == log, "seed \(seed), \(gateway.reconnects) and \(relay.reconnects) reconnects")
    }

    @Test("What was read and is not durable is done by the next daemon; what was read when two died in a row is not tried again")
    func poison() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "delivery:\n  commit_interval: 1h\n", isManaged: true)
        let gateway = try daemon.connect("ingest")
        let idle = try daemon.connect("ingest")
        try gateway.send(fix("u", near, 0, 0) + "\n")
        try gateway.waitUntilTaken()
        // Whoever is killed before has not been heard of.
        _ = try eventually("both connections' descriptors") { try daemon.manager?.storedCount() == 4 ? true : nil }
        try daemon.crash()
        try daemon.start()
        #expect(gateway.isSilent)
        try daemon.crash()
        try daemon.start()
        #expect(try gateway.linesToEnd().isEmpty, "who sends again has it")
        #expect(idle.isSilent)
        // In order all is done, however long commits wait.
        try idle.send(fix("v", near, 0, 0) + "\n")
        try idle.waitUntilTaken()
        try daemon.restart()
        #expect(try Answer(try idle.nextLine()) == .ack(1))
    }

    @Test("A line that was read and not committed is committed after one death, and acked on the same connection")
    func replay() throws {
        let daemon = try Daemon.running(isManaged: true)
        try daemon.put(["s"])
        try daemon.write(config: Daemon.plain + "delivery:\n  commit_interval: 1h\n")
        try daemon.restart()
        let gateway = try daemon.connect("ingest")
        try gateway.send(fix("u", near, 0, 0) + "\n" + fix("u", far, 0, 1).prefix(30))
        try gateway.waitUntilTaken()
        _ = try eventually("the connection's descriptors") { try daemon.manager?.storedCount() == 2 ? true : nil }
        try daemon.crash()
        try daemon.write(config: Daemon.plain)
        try daemon.start()
        #expect(try Answer(try gateway.nextLine()) == .ack(1))
        try gateway.send(fix("u", far, 0, 1).dropFirst(30) + "\n")
        #expect(try Answer(try gateway.nextLine()) == .ack(2))
        #expect(try daemon.events().map(\.type) == ["enter", "leave"])
    }
}
