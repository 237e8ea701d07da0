// What commands that take long show in a real terminal, and that nothing of it gets between what they say.

import Foundation
import Synchronization
import Testing

@testable import VicinityClient

@Suite(.timeLimit(.minutes(2))) struct ProgressTerminalTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Listings of one entry a page, ten pages a second, until it is enough.
    private func daemon(while goesOn: @escaping @Sendable () -> Bool) throws -> FakeDaemon {
        try FakeDaemon("\(directory.path)/control.sock") { peer, _, record in
            var number = 0
            while let line = peer.readLine() {
                guard let message = try? JSONValue(parsing: line), let method = message["method"]?.string else { return }
                number += 1
                let next = goesOn() ? #","next":\#(number)"# : ""
                let result =
                    switch method {
                    case "subjects.list": #"{"subjects":[{"id":"row-\#(number)","lat":0,"lon":0}]\#(next)}"#
                    case "audit.list": #"{"entries":[{"number":\#(number),"ts":1,"peer":"row"}]\#(next)}"#
                    case "reports.list": #"{"reports":[{"report":\#(number),"ts":1,"text":"row"}]\#(next)}"#
                    default: "{}"
                    }
                if method.hasSuffix(".list") {
                    record(method)
                    usleep(100_000)
                }
                peer.write(#"{"jsonrpc":"2.0","id":\#(message["id"]?.text ?? "null"),"result":\#(result)}"#)
            }
        }
    }

    /// Runs a command in a terminal until it has shown `label`, and then to its end.
    ///
    /// - Returns: the screen in the end.
    private func run(_ command: String, _ arguments: String, until label: String, then end: () -> Void) throws -> String {
        let program = ScreenProgram(directory: directory, command: command, shown: label)
        let terminal = try program.terminal(arguments, until: label)
        end()
        try terminal.wait(for: "left with ")
        return try terminal.screen()
    }

    @Test(
        "A listing that goes elsewhere shows on the terminal how far it is, and takes it away",
        arguments: [
            ("subjects list", "subjects", "listing"), ("audit list", "entries", "listing"), ("reports list", "reports", "listing"),
            ("privacy check", "subjects", "looking at"), ("subjects replace", "subjects", "comparing"),
        ])
    func listing(command: String, unit: String, label: String) throws {
        let goesOn = Mutex(true)
        let daemon = try daemon { goesOn.withLock { $0 } }
        let file = command == "subjects replace" ? try directory.write(#"{"id":"s","lat":0,"lon":0}"#, to: "r.ndjson") : ""
        let screen = try run(command, "\(file) >out", until: "\(label)  ") { goesOn.withLock { $0 = false } }
        daemon.join()
        #expect(!screen.contains(label) && !screen.contains("row"))
        let out = try directory.read("out")
        #expect(!out.contains("\u{1B}") && !out.contains("\r"))
        if command.hasSuffix(" list") { #expect(out.split(separator: "\n").count == daemon.lines.count) }
        #expect(daemon.lines.count >= 9, "not before a second")
    }

    @Test("Rows on the same terminal show by themselves how far it is")
    func rows() throws {
        let rows = Mutex(0)
        let daemon = try daemon {
            rows.withLock { count in
                count += 1
                return count < 20
            }
        }
        let program = ScreenProgram(directory: directory, command: "subjects list", shown: "row-1")
        let terminal = try program.terminal("", until: "row-1")
        try terminal.wait("the end of the listing") { screen in
            #expect(!screen.contains("listing"))
            return screen.contains("left with 0")
        }
        #expect(try terminal.screen().contains("row-20 "))
        daemon.join()
    }

    @Test("A rehearsal shows how far it is, and its events stand alone", arguments: [">out", ""])
    func rehearsal(output: String) throws {
        let register = try directory.write(#"{"id":"s","lat":0,"lon":0}"#, to: "r.ndjson")
        let pipe = "\(directory.path)/fixes"
        try #require(mkfifo(pipe, 0o600) == 0)
        let goesOn = Mutex(true)
        let ended = DispatchSemaphore(value: 0)
        let writer = Thread {
            let descriptor = open(pipe, O_WRONLY | O_CLOEXEC)
            var time = 1_732_290_000_000
            while goesOn.withLock({ $0 }) {
                let lines = (0..<64).map { number in
                    time += 1_000
                    return #"{"user":"u","lat":0,"lon":\#(number % 2),"ts":\#(time)}"# + "\n"
                }
                let bytes = Array(lines.joined().utf8)
                if write(descriptor, bytes, bytes.count) < 0 { break }
                usleep(50_000)
            }
            close(descriptor)
            ended.signal()
        }
        writer.start()
        // simulate has no sockets: the option of ScreenProgram is not for it.
        let program = try TopTerminal.program()
        let script =
            "'\(program)' simulate --register '\(register)' --fixes '\(pipe)' --set fixes.max_speed=0 \(output)\necho left with $?\n"
        _ = try directory.write(script, to: "go")
        let terminal = try TopTerminal(in: directory.path)
        try terminal.enter("sh go")
        try terminal.wait(for: "simulating  ")
        goesOn.withLock { $0 = false }
        try terminal.wait(for: "left with 0")
        ended.wait()
        let screen = try terminal.screen()
        #expect(!screen.contains("simulating") && screen.contains(" of recorded time in "))
        guard output == ">out" else { return }
        let out = try directory.read("out")
        #expect(out.hasPrefix(#"{"seq":1,"type":"enter""#) && !out.contains("\u{1B}"))
    }

    @Test("A real signal ends an import between two requests", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: CInt) throws {
        let lines = (0..<20_000).map { #"{"id":"s-\#($0)","lat":1,"lon":2}"# }
        let file = try directory.write(lines.joined(separator: "\n"), to: "r.ndjson")
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, record in
            while let line = peer.readLine() {
                record("put")
                usleep(100_000)
                peer.write(#"{"jsonrpc":"2.0","id":\#((try? JSONValue(parsing: line))?["id"]?.text ?? "null"),"result":{"put":1000}}"#)
            }
        }
        let program = ScreenProgram(directory: directory, command: "subjects import", shown: "importing")
        let terminal = try program.terminal(file, until: "importing r.ndjson")
        kill(try terminal.process("vicinityctl"), signal)
        try terminal.wait(for: "left with 130")
        daemon.join()
        let count = daemon.lines.count
        #expect((1..<20).contains(count))
        #expect(try terminal.screen().contains("vicinityctl: interrupted; \(grouped(Int64(count * 1_000))) subjects imported"))
        #expect(try !terminal.screen().contains("importing"))
    }
}
