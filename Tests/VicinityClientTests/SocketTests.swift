// The three conversations over real sockets, with a daemon that says what the test wants.

import Foundation
import Testing

@testable import VicinityClient

@Suite struct ControlTests {
    let directory: TemporaryDirectory
    let captured: CapturedConsole

    init() throws {
        directory = try TemporaryDirectory()
        captured = try CapturedConsole()
    }

    /// Answers each request with the next text, in which `ID` is the request's id; an empty text closes.
    private func daemon(_ answers: [String]) throws -> FakeDaemon {
        try FakeDaemon("\(directory.path)/control.sock") { peer, _, record in
            for answer in answers {
                guard let line = peer.readLine() else { return }
                record(line)
                if answer.isEmpty { return }
                let id = (try? JSONValue(parsing: line))?["id"]?.text ?? "null"
                peer.write(answer.replacing("ID", with: id))
            }
        }
    }

    @Test func callsAreAnsweredInOrder() throws {
        let daemon = try daemon([#"{"jsonrpc":"2.0","id":ID,"result":{"put":1}}"#, #"{"jsonrpc":"2.0","result":null,"id":ID}"#])
        var control = try ControlClient(socketDirectory: directory.path)
        #expect(try control.call("a", [JSONValue.Member("x", .number(1))]) == .object([JSONValue.Member("put", .number("1"))]))
        #expect(try control.call("b") == .null)
        daemon.join()
        #expect(daemon.lines == [#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1}}"#, #"{"jsonrpc":"2.0","id":2,"method":"b"}"#])
    }

    /// The sentences that an operator gets for each way in which it can go wrong.
    @Test(arguments: [
        (
            #"{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"no subject s-1","data":{"code":"unknown_subject"}}}"#,
            "the daemon refused m: no subject s-1 (unknown_subject)", CommandStatus.refused
        ),
        (
            #"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"lat is 91","data":{"code":"bad_value","at":"lat"}}}"#,
            "the daemon refused m: lat is 91 (bad_value at lat)", .refused
        ),
        (
            #"{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"invalid","data":{"reasons":["a:1: x","a:2: y"]}}}"#,
            "the daemon refused m: invalid\n  a:1: x\n  a:2: y", .refused
        ),
        (
            #"{"error":{"code":"forbidden","message":"uid 7 has no role"}}"#,
            "m is forbidden to you: uid 7 has no role. Roles are given by `access.control` in vicinityd.yaml", .refused
        ),
        (
            "", "lost SOCKET: the daemon closed the connection without an answer. See `journalctl -u vicinityd`", .unreachable
        ),
        (
            "nonsense", "lost SOCKET: the answer is not JSON: expected a value. See `journalctl -u vicinityd`", .unreachable
        ),
        (
            #"{"jsonrpc":"2.0","id":99,"result":{}}"#,
            #"lost SOCKET: the answer is none to the question: {"jsonrpc":"2.0","id":99,"result":{}}. See `journalctl -u vicinityd`"#,
            .unreachable
        ),
    ])
    func faults(answer: String, sentence: String, status: CommandStatus) throws {
        let daemon = try daemon([answer])
        do {
            var control = try ControlClient(socketDirectory: directory.path)
            _ = try control.call("m")
            Issue.record("no fault")
        } catch {
            #expect(error.description == sentence.replacing("SOCKET", with: "\(directory.path)/control.sock"))
            #expect(error.exitStatus == status)
        }
        daemon.join()
    }

    @Test func nobodyListens() throws {
        do {
            _ = try ControlClient(socketDirectory: directory.path)
            Issue.record("connected to nothing")
        } catch {
            #expect(error.exitStatus == .unreachable)
            #expect(
                error.description == "cannot connect to \(directory.path)/control.sock: no such file. "
                    + "Is the daemon running? Try `systemctl status vicinityd`, or --socket-dir")
        }
    }

    @Test func tooLongAPath() throws {
        let directory = String(repeating: "x", count: 200)
        #expect(throws: ClientFault.unreachable(socket: "\(directory)/control.sock", why: "the path is longer than 107 bytes")) {
            _ = try ControlClient(socketDirectory: directory)
        }
    }

    private func importRun(_ paths: [String], skipsBad: Bool = false, interrupts: Signals? = nil) throws {
        let source = RegisterSource(socketDirectory: directory.path, paths: paths, skipsBad: skipsBad)
        var run = RegisterImport(source, console: captured.console, interrupts: interrupts)
        try run.run()
    }

    @Test func importsInBatches() throws {
        let lines = (0..<2_500).map { #"{"id":"s-\#($0)","lat":1,"lon":2}"# }
        let register = try directory.write(lines.joined(separator: "\n"), to: "r.ndjson")
        let daemon = try daemon(Array(repeating: #"{"jsonrpc":"2.0","id":ID,"result":{"put":1}}"#, count: 3))
        try importRun([register])
        daemon.join()
        let requests = try daemon.lines.map { try JSONValue(parsing: $0) }
        #expect(requests.map { $0["params"]?["subjects"]?.array?.count } == [1_000, 1_000, 500])
        let put = requests.flatMap { $0["params"]?["subjects"]?.array ?? [] }
        #expect(put.map(\.text) == lines)
        #expect(try captured.out == "2,500 subjects imported\n")
        #expect(try captured.err.isEmpty)
    }

    /// One bad record in one of two files: nothing is sent, and there is no daemon that could take it.
    @Test func badRecordsImportNothing() throws {
        let paths = [Fixture.path("good.csv"), Fixture.path("bad.geojson")]
        #expect(throws: ClientFault.badData("7 bad records, so nothing was imported. Mend them, or leave them out with --skip-bad")) {
            try importRun(paths)
        }
        let complaints = try captured.err.split(separator: "\n")
        #expect(complaints.count == 7)
        #expect(complaints.first == "\(Fixture.path("bad.geojson")):3: geometry is LineString, must be a Point")
    }

    @Test func complaintsAreCapped() throws {
        let register = try directory.write(String(repeating: "x\n", count: 1_060), to: "r.ndjson")
        #expect(throws: ClientFault.self) { try importRun([register]) }
        let complaints = try captured.err.split(separator: "\n")
        #expect(complaints.count == 51)
        #expect(complaints.last == "… and 1,010 more")
    }

    @Test func skipBad() throws {
        let daemon = try daemon([#"{"jsonrpc":"2.0","id":ID,"result":{"put":2}}"#])
        try importRun([Fixture.path("bad.geojson")], skipsBad: true)
        daemon.join()
        #expect(
            try daemon.lines.map { try JSONValue(parsing: $0)["params"]?.text } == [
                #"{"subjects":[{"id":"s-1","lat":2,"lon":1},{"id":"s-6","lat":2,"lon":1}]}"#
            ])
        #expect(try captured.out == "2 subjects imported; 7 bad records left out\n")
    }

    /// What the daemon refuses is named by its line in the file too.
    @Test func refusedByTheDaemon() throws {
        let refusal =
            #"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"no","data":{"code":"bad_value","at":"subjects[1].lat"}}}"#
        let daemon = try daemon([refusal])
        let path = Fixture.path("good.ndjson")
        #expect(throws: ClientFault.refused("\(path):3: the daemon refused the subject: no; nothing was imported")) {
            try importRun([path])
        }
        daemon.join()
    }
}

@Suite struct SendTests {
    let directory: TemporaryDirectory
    let captured: CapturedConsole

    init() throws {
        directory = try TemporaryDirectory()
        captured = try CapturedConsole()
    }

    private func send(_ paths: [String], speed: Double? = nil, now: Bool = false, retry: Int64 = 60_000, window: Int = 8 << 20) throws {
        let options = SendRun.Options(
            socketDirectory: directory.path, paths: paths, speed: speed, shiftsToNow: now, retry: retry, window: window)
        let run = try SendRun(options, console: captured.console, interrupts: nil)
        try run.run()
    }

    private var socket: String { "\(directory.path)/ingest.sock" }

    @Test func plainAndGzipAreOneStream() throws {
        let first = try directory.write("a\n\nb", to: "first")
        let second = try directory.write(gzip("c\r\nd\n"), to: "second.gz")
        let daemon = try FakeDaemon(socket) { peer, _, record in
            while let line = peer.readLine() { record(line) }
            peer.write(#"{"ack":5}"#)
        }
        try send([first, second])
        daemon.join()
        #expect(daemon.lines == ["a", "", "b", "c\r", "d"])
        #expect(try captured.out.hasPrefix("5 lines dealt with in "))
        #expect(try captured.out.hasSuffix("none refused\n"))
    }

    /// The daemon dies twice: once with acks given, once with none. Each connection begins at the first line without an ack.
    @Test func resendsAfterCuts() throws {
        let count = 1_000
        let file = try directory.write((1...count).map { "line \($0)" }.joined(separator: "\n"), to: "fixes")
        let daemon = try FakeDaemon(socket, connections: 3) { peer, number, record in
            var received = 0
            while let line = peer.readLine() {
                received += 1
                if number < 2 || received == 1 { record("\(number) \(line)") }
                if number == 0, received == 300 {
                    peer.write(#"{"error":{"line":290,"code":"bad_json","message":"x"}}"#)
                    peer.write(#"{"ack":250}"#)
                    return
                }
                if number == 1, received == 10 { return }
            }
            peer.write(#"{"error":{"line":40,"code":"bad_json","message":"x"}}"#)
            peer.write("{\"ack\":\(received)}")
        }
        #expect(throws: ClientFault.refused("1 line refused")) { try send([file]) }
        daemon.join()
        let firstLines = (1...300).map { "0 line \($0)" }
        let secondLines = (251...260).map { "1 line \($0)" }
        #expect(daemon.lines == firstLines + secondLines + ["2 line 251"])
        let out = try captured.out
        #expect(out.hasPrefix("1,000 lines dealt with in "))
        #expect(out.contains("bad_json: 1\n    \(file):290: x\n2 reconnects, "))
    }

    /// A window of a few lines, and a daemon that acknowledges each: everything arrives, in order.
    @Test func smallWindow() throws {
        let lines = (1...500).map { "line \($0)" }
        let file = try directory.write(lines.joined(separator: "\n") + "\n", to: "fixes")
        let daemon = try FakeDaemon(socket) { peer, _, record in
            var received = 0
            while let line = peer.readLine() {
                record(line)
                received += 1
                peer.write("{\"ack\":\(received)}")
            }
        }
        try send([file], window: 40)
        daemon.join()
        #expect(daemon.lines == lines)
    }

    @Test func pacedAndShiftedToThePresent() throws {
        let file = try directory.write(#"{"ts":1000,"user":"u"}"# + "\n" + #"{"user":"u", "ts":61000 }"#, to: "fixes")
        let daemon = try FakeDaemon(socket) { peer, _, record in
            while let line = peer.readLine() { record(line) }
            peer.write(#"{"ack":2}"#)
        }
        let before = Clock.wall()
        try send([file], speed: 1_200, now: true)
        daemon.join()
        let times = try daemon.lines.map { try #require(JSONValue(parsing: $0)["ts"]?.integer) }
        #expect(times.count == 2 && times[0] >= before && times[1] - times[0] == 50)
        #expect(daemon.lines.last?.hasPrefix(#"{"user":"u", "ts":"#) == true)
    }

    /// Nobody comes back: the fault says so, and the summary from where to go on.
    @Test func givesUp() throws {
        let file = try directory.write("a\nb\nc\n", to: "fixes")
        let daemon = try FakeDaemon(socket) { peer, _, _ in
            _ = peer.readLine()
            peer.write(#"{"ack":1}"#)
        }
        #expect(throws: ClientFault.lost(socket: socket, why: "it was cut, and was not back within 0 ms")) { try send([file], retry: 0) }
        daemon.join()
        #expect(try captured.out.contains("2 lines without an ack; to go on, send again from \(file):2 on"))
    }

    @Test func refusedConnection() throws {
        let file = try directory.write("a\n", to: "fixes")
        let daemon = try FakeDaemon(socket) { peer, _, _ in peer.write(#"{"error":{"code":"forbidden","message":"uid 7 has no role"}}"#) }
        #expect(throws: ClientFault.refused("\(socket) refused us: uid 7 has no role (forbidden)")) { try send([file]) }
        daemon.join()
    }

    @Test func missingFile() throws {
        let file = "\(directory.path)/missing"
        #expect(throws: ClientFault.input(InputFault(name: file, why: "no such file"))) { try send([file]) }
    }
}

@Suite struct WatchTests {
    let directory: TemporaryDirectory
    let captured: CapturedConsole

    init() throws {
        directory = try TemporaryDirectory()
        captured = try CapturedConsole()
    }

    private func watch(_ subscription: Subscription, json: Bool = false, count: Int? = nil, retry: Int64 = 60_000) throws {
        let run = WatchRun(
            .init(socketDirectory: directory.path, showsJSON: json, count: count, retry: retry), subscription, console: captured.console,
            interrupts: nil, printer: EventPrinter { _ in 0 })
        try run.run()
    }

    @Test func goesOnAfterACut() throws {
        let daemon = try FakeDaemon("\(directory.path)/events.sock", connections: 2) { peer, number, record in
            record(peer.readLine() ?? "")
            peer.write(#"{"subscribed":{"log":"a","after":\#(number == 0 ? 4 : 5),"oldest":1,"head":9}}"#)
            peer.write(#"{"seq":5,"type":"enter","user":"u","subject":"s","ts":1000,"within":100}"#)
            guard number == 1 else { return }
            peer.write(#"{"heartbeat":{"head":9,"ts":1}}"#)
            peer.write(#"{"seq":6,"type":"leave","user":"u","subject":"s","ts":2000,"cause":"gone","lasted":1000}"#)
            peer.write(#"{"seq":7,"type":"enter","user":"u","subject":"s","ts":3000,"within":100}"#)
            while peer.readLine() != nil {}
        }
        try watch(Subscription(), count: 2)
        daemon.join()
        #expect(daemon.lines == [#"{"subscribe":{}}"#, #"{"subscribe":{"after":5}}"#])
        #expect(
            try captured.out == """
                1970-01-01 00:00:01.000  #5  enter      u  s  within 100 m
                1970-01-01 00:00:02.000  #6  leave      u  s  gone, after 1.0 s

                """)
        #expect(try captured.err == "the daemon closed the connection; trying again for 1 min 0 s\n")
    }

    @Test func jsonIsAsItCame() throws {
        let event = #"{ "seq":1, "type":"enter","novelty":1.50 }"#
        let daemon = try FakeDaemon("\(directory.path)/events.sock") { peer, _, record in
            record(peer.readLine() ?? "")
            peer.write(#"{"subscribed":{"log":"a","after":0,"oldest":1,"head":1}}"#)
            peer.write(event + "\r")
            while let line = peer.readLine() { record(line) }
        }
        try watch(Subscription(after: 0, name: "r"), json: true, count: 1)
        daemon.join()
        #expect(try captured.out == event + "\n")
        #expect(daemon.lines == [#"{"subscribe":{"name":"r","after":0}}"#, #"{"ack":1}"#])
    }

    @Test func refusedSubscription() throws {
        let socket = "\(directory.path)/events.sock"
        let daemon = try FakeDaemon(socket) { peer, _, _ in
            _ = peer.readLine()
            peer.write(#"{"error":{"code":"bad_request","message":"unknown type \"entry\""}}"#)
        }
        #expect(throws: ClientFault.refused("\(socket) refused the subscription: unknown type \"entry\" (bad_request)")) {
            try watch(Subscription(filters: .init(types: ["entry"])))
        }
        daemon.join()
    }
}

/// A daemon that listens and accepts nobody, whose queue is full.
@Suite(.timeLimit(.minutes(1))) struct FullQueueTests {
    private let directory: TemporaryDirectory
    private let path: String
    private let listener: CInt

    init() throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/control.sock"
        listener = try listening(path, places: 0)
    }

    @Test(arguments: [
        (Int32(0), "its queue of clients is full"),
        (120, "its queue of clients is full, and it has accepted nobody for 120 ms"),
    ])
    func patienceEnds(patience: Int32, why: String) throws {
        defer { close(listener) }
        let first = try UnixConnection(path: path, patience: 0)
        let start = ContinuousClock.now
        let fault = ClientFault.unreachable(socket: path, why: why)
        #expect(throws: fault) { _ = try UnixConnection(path: path, patience: patience) }
        // It counts whole milliseconds, and began in the middle of one.
        #expect(ContinuousClock.now - start >= .milliseconds(Int(patience) - 1))
        #expect("\(fault)".hasSuffix("It may be starting, or hang. See `systemctl status vicinityd`"))
        _ = first.rawDescriptor
    }

    @Test func whoWaitsIsAcceptedWhenThereIsRoom() throws {
        defer { close(listener) }
        let first = try UnixConnection(path: path, patience: 0)
        #expect(throws: ClientFault.self) { _ = try UnixConnection(path: path, patience: 0) }
        let daemon = Thread { [listener] in
            usleep(100_000)
            close(accept(listener, nil, nil))
        }
        daemon.start()
        // It must not give up: no clock of this test is as slow.
        let second = try UnixConnection(path: path, patience: 60_000)
        #expect(second.send(ArraySlice("x".utf8)) == 1)
        _ = first.rawDescriptor
    }
}
