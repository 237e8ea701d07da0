// When the machine fails: nothing is said that is not durable, the operator is told once and clearly, and work goes on by itself when the cause
// is gone, or the daemon ends with the status that its manual states.

import Foundation
import Testing
import VicinityClient

@Suite("Life: errors of the machine")
struct MachineErrorTests {
    private static let subjects = 200

    /// Each line brings an event for each subject.
    private func crossings(_ range: Range<Int>) -> [String] { range.map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0) * 1000) } }

    private func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    private func prepare(_ daemon: Daemon) throws { try daemon.put((0..<Self.subjects).map { "s-\($0)" }) }

    /// What has come up to now.
    private func arrived(_ socket: LineSocket) throws -> [String] {
        var lines: [String] = []
        while !socket.isSilent, let line = try socket.line() { lines.append(line) }
        return lines
    }

    /// What had come when the daemon was killed; the last line may be torn.
    private func whole(_ socket: LineSocket) -> [String] {
        var lines: [String] = []
        while let line = try? socket.line() { lines.append(line) }
        return lines
    }

    private func lastAck(_ lines: [String]) throws -> Int64 {
        try lines.reduce(0) { last, line in
            guard case .ack(let upTo) = try Answer(line) else { throw Failure("an error where none is due: \(line)") }
            return max(last, upTo)
        }
    }

    /// The log that the first lines bring where nothing fails.
    private func expected(_ lines: [String]) throws -> [String] {
        let daemon = try Daemon.running()
        try prepare(daemon)
        try daemon.ingest(lines)
        return try daemon.eventLines()
    }

    // MARK: - A full disk

    @Test(
        "A full disk: nothing is acked or sent that is not durable, one line says so, and all goes on by itself",
        .enabled(if: Machine.canMount, "needs root and mount"))
    func diskFull() throws {
        let daemon = try Daemon.running(megabytes: 16)
        try prepare(daemon)
        let (live, _) = try daemon.subscribe()
        let lines = crossings(0..<200)
        try daemon.ingest(Array(lines[..<10]))
        try #require(daemon.disk).fill()
        let gateway = try daemon.connect("ingest")
        try gateway.send(text(lines))
        #expect(try daemon.waitUntilDegraded().contains("no space"))
        let acked = try lastAck(try arrived(gateway))
        var events = try arrived(live)
        let head = try daemon.range().head
        #expect(acked * Int64(Self.subjects) <= head && events.count <= head)
        #expect(head < lines.count * Self.subjects, "or the disk was not full")
        // What is durable is still served.
        #expect(try daemon.eventLines() == events)
        daemon.disk?.free()
        gateway.endOutput()
        #expect(try lastAck(try gateway.linesToEnd()) == lines.count)
        while events.count < lines.count * Self.subjects { events.append(try live.nextLine()) }
        try daemon.waitUntilWell()
        #expect(try events == expected(lines))
        let complaints = try daemon.complaints()
        #expect(complaints.count == 1 && complaints[0].contains("no space"), "\(complaints)")
        try daemon.stop()
    }

    @Test("Killed with a full disk: what was acked or sent before is there", .enabled(if: Machine.canMount, "needs root and mount"))
    func killedWhileFull() throws {
        let daemon = try Daemon.running(megabytes: 16)
        try prepare(daemon)
        let (live, _) = try daemon.subscribe(#"{"name":"r"}"#)
        let lines = crossings(0..<100)
        let gateway = try daemon.connect("ingest")
        try gateway.send(text(Array(lines[..<40])))
        guard case .ack = try Answer(try gateway.nextLine()) else { throw Failure("an error where none is due") }
        try #require(daemon.disk).fill()
        try gateway.send(text(Array(lines[40...])))
        try daemon.waitUntilDegraded()
        // An ack cannot be made durable either, and a new name gets no answer.
        try live.send("{\"ack\":1}\n")
        let newcomer = try daemon.connect("events")
        try newcomer.send(#"{"subscribe":{"name":"new"}}"# + "\n")
        let asker = try daemon.connect("control")
        try asker.send(#"{"jsonrpc":"2.0","id":1,"method":"subjects.put","params":{"subjects":[{"id":"x","lat":80,"lon":0}]}}"# + "\n")
        // The daemon answers others meanwhile, so that it has had the time to answer these.
        for _ in 0..<20 { try daemon.result("status") }
        #expect(newcomer.isSilent && asker.isSilent)
        try daemon.crash()
        let acked = try lastAck(whole(gateway))
        let events = whole(live)
        daemon.disk?.free()
        try daemon.start()
        let kept = try daemon.eventLines()
        #expect(acked * Int64(Self.subjects) <= kept.count && kept.starts(with: events))
        #expect(try daemon.subscriber("r")?["acked"]?.integer == 0 && daemon.subscriber("new") == nil)
        try daemon.ingest(lines)
        #expect(try daemon.eventLines() == expected(lines))
    }

    @Test(
        "SIGTERM with a full disk: the daemon ends within ten seconds, with 74, and no gateway is told what is not so",
        .enabled(if: Machine.canMount, "needs root and mount"))
    func stoppedWhileFull() throws {
        let daemon = try Daemon.running(megabytes: 16)
        try prepare(daemon)
        let program = try #require(daemon.program)
        let lines = crossings(0..<100)
        try daemon.ingest(Array(lines[..<10]))
        try #require(daemon.disk).fill()
        let gateway = try daemon.connect("ingest")
        try gateway.send(text(lines))
        try daemon.waitUntilDegraded()
        let began = ContinuousClock.now
        program.signal(SIGTERM)
        #expect(try program.wait() == .exited(74))
        #expect(ContinuousClock.now - began < .seconds(10), "the contract's bound")
        let acked = try lastAck(try gateway.linesToEnd())
        let complaints = try daemon.complaints()
        #expect(complaints.count == 2 && complaints.allSatisfy { $0.contains("no space") }, "\(complaints)")
        daemon.disk?.free()
        try daemon.start()
        #expect(try daemon.range().head >= acked * Int64(Self.subjects))
        try daemon.ingest(lines)
        #expect(try daemon.eventLines() == expected(lines))
    }

    // MARK: - A disk that fails, or may not be written

    @Test(
        "A sync that fails: the daemon ends with 74 and one clear line, and what it acked is there afterwards",
        .enabled(if: Machine.canLoop, "needs root and a loop device"))
    func syncFails() throws {
        let daemon = try Daemon(config: Daemon.plain + "durability: power\n")
        let disk = try FailingDisk(at: daemon.statePath)
        try daemon.start()
        try prepare(daemon)
        let program = try #require(daemon.program)
        let lines = crossings(0..<400)
        let gateway = try daemon.connect("ingest")
        try gateway.send(text(Array(lines[..<20])))
        guard case .ack = try Answer(try gateway.nextLine()) else { throw Failure("an error where none is due") }
        try disk.fail()
        try gateway.send(text(Array(lines[20...])))
        #expect(try program.wait() == .exited(74))
        let acked = try lastAck(try gateway.linesToEnd())
        let complaints = try daemon.complaints()
        #expect(complaints.count == 1 && complaints[0].contains(daemon.statePath), "\(complaints)")
        try disk.restart()
        try daemon.start()
        #expect(try daemon.range().head >= acked * Int64(Self.subjects))
        try daemon.ingest(lines)
        #expect(try daemon.eventLines() == expected(lines))
        try daemon.stop()
    }

    @Test(
        "A state directory that is read-only: refused with one sentence; the log is as it was",
        .enabled(if: Machine.canMount, "needs root and mount"))
    func readOnly() throws {
        let daemon = try Daemon.running(megabytes: 16)
        try prepare(daemon)
        try daemon.ingest(crossings(0..<10))
        try daemon.stop()
        let disk = try #require(daemon.disk)
        try disk.makeReadOnly()
        let (ending, text) = try Daemon.refused(daemon.arguments, in: daemon.directory)
        #expect(ending == .exited(73) || ending == .exited(74))
        #expect(text.contains(daemon.statePath), "\(text)")
        #expect(text.split(separator: "\n").filter { !$0.contains(" warning ") }.count == 1, "\(text)")
        try disk.makeWritable()
        try daemon.start()
        #expect(try daemon.range().head == 10 * Int64(Self.subjects))
    }

    // MARK: - Another program

    @Test(
        "A database that another program has locked: the daemon waits and says so, serves what is durable, and goes on",
        .enabled(if: Machine.hasPython, "needs python3"))
    func locked() throws {
        let daemon = try Daemon.running()
        try prepare(daemon)
        let lines = crossings(0..<40)
        try daemon.ingest(Array(lines[..<10]))
        let holder = try DatabaseHolder(daemon)
        let gateway = try daemon.connect("ingest")
        try gateway.send(text(lines))
        #expect(try daemon.waitUntilDegraded().contains("locked"))
        #expect(try arrived(gateway).isEmpty || daemon.range().head == 10 * Int64(Self.subjects))
        #expect(try daemon.eventLines().count == 10 * Self.subjects)
        try holder.letGo()
        gateway.endOutput()
        #expect(try lastAck(try gateway.linesToEnd()) == lines.count)
        try daemon.waitUntilWell()
        #expect(try daemon.eventLines() == expected(lines))
        #expect(try daemon.complaints().count == 1)
        try daemon.stop()
    }

    // MARK: - File descriptors

    @Test("A daemon that may open nothing more says so a few times, serves who is there, and the others when it may again")
    func noDescriptorLeft() throws {
        let daemon = try Daemon.running()
        let process = try #require(daemon.program?.pid)
        func allow(_ descriptors: Int) throws {
            let program = try Program(
                "/usr/bin/prlimit", arguments: ["--pid", "\(process)", "--nofile=\(descriptors):"], log: "\(daemon.directory)/prlimit")
            #expect(try program.wait() == .exited(0), "\(program.log)")
        }
        func complaints() throws -> [String] { try daemon.complaints().filter { $0.contains("ingest.sock could not be accepted") } }
        let operators = try daemon.connect("control")
        // It is connected before it is accepted.
        try operators.send(#"{"jsonrpc":"2.0","id":0,"method":"status"}"# + "\n")
        _ = try operators.json()
        // Those that it has have higher numbers.
        try allow(3)
        let gateway = try daemon.connect("ingest")
        try gateway.send("\n")
        _ = try eventually("five complaints") { try complaints().count >= 5 ? true : nil }
        try operators.send(#"{"jsonrpc":"2.0","id":1,"method":"subjects.put","params":{"subjects":[]}}"# + "\n")
        #expect(try operators.json()["error"] == nil, "who is there is served")
        // As often again, and more.
        for _ in 0..<20 { usleep(50_000) }
        try allow(1024)
        #expect(try Answer(gateway.nextLine()) == .ack(1))
        let first = try complaints()
        #expect(first.count == 5 && first.allSatisfy { $0.hasSuffix(": Too many open files") }, "\(first)")
        try daemon.stop()
        let all = try complaints()
        #expect(all.count == 6)
        #expect(all.last?.contains(/Too many open files \([0-9]+ more like it in [0-9]+ s\)$/) == true, "\(all)")
    }

    @Test("Few file descriptors: said once; those who are connected are served, others wait until one goes")
    func descriptors() throws {
        let daemon = try Daemon.running(prelude: "ulimit -n 300")
        try prepare(daemon)
        let (first, _) = try daemon.subscribe()
        var served = 1
        var sockets: [LineSocket] = []
        // Who is served is answered at once; who is not waits. Operators have places of their own, and their answers say how long is long enough.
        while true {
            let socket = try daemon.connect("events")
            try socket.send("{\"subscribe\":{}}\n")
            sockets.append(socket)
            for _ in 0..<20 where socket.isSilent { try daemon.result("status") }
            if socket.isSilent { break }
            _ = try socket.nextLine()
            served += 1
            try #require(served < 300)
        }
        #expect(served > 4 && served < 150, "\(served) with two descriptors each")
        let waiting = sockets.removeLast()
        let operators = try (0..<12).map { _ in try daemon.connect("control") }
        for socket in operators {
            try socket.send(#"{"jsonrpc":"2.0","id":1,"method":"status"}"# + "\n")
            #expect(try socket.json()["result"]?["health"]?["state"]?.string == "ok")
        }
        sockets.removeLast()
        #expect(try waiting.json()["subscribed"] != nil, "a place is free")
        sockets.removeLast()
        try daemon.ingest(crossings(0..<1))
        #expect(try Event(try first.nextLine()).seq == 1)
        #expect(try Event(try waiting.nextLine()).seq == 1)
        let log = try #require(daemon.program).log
        #expect(log.split(separator: "\n").filter { $0.contains("file descriptors") }.count == 1, "\(log)")
    }
}
