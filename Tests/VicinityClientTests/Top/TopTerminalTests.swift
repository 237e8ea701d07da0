// `vicinityctl top` itself, in a real terminal, against a daemon with fixed answers.

import Foundation
import Synchronization
import Testing

@testable import VicinityClient

@Suite struct TopTerminalTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func daemon(_ says: TopDaemon = TopDaemon(), while isThere: @escaping @Sendable () -> Bool = { true }) throws -> FakeDaemon {
        try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            while let line = peer.readLine(), isThere() { peer.write(says.answer(to: line)) }
        }
    }

    /// A terminal in which the program runs, begun by a script that keeps what `stty` says before and after.
    private func terminal() throws -> TopTerminal {
        let script = """
            stty -a >before
            '\(try TopTerminal.program())' top --socket-dir . --interval 200ms
            status=$?
            stty -a >after
            echo "left with $status"

            """
        _ = try directory.write(script, to: "go")
        let terminal = try TopTerminal(in: directory.path)
        try terminal.enter("sh go")
        try terminal.wait(for: "0.0 fixes/s")
        return terminal
    }

    /// The terminal is as it was before, and shows the prompt.
    private func expectGivenBack(_ terminal: TopTerminal, status: Int = 0) throws {
        try terminal.wait(for: "left with \(status)\nready>")
        #expect(try !terminal.screen().contains("LATENCY"))
        #expect(try terminal.modes() == "0 1 1")
        let (before, after) = try (directory.read("before"), directory.read("after"))
        #expect(before == after)
        // The shell hears what is typed, and shows it.
        try terminal.enter("echo $((6 * 7)) is heard")
        try terminal.wait(for: "42 is heard")
    }

    /// The picture without the time, once it is complete: until then two looks differ.
    private func picture(_ terminal: TopTerminal) throws -> String {
        var last = ""
        try terminal.wait("a picture at rest") { screen in
            let picture = screen.replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, with: "0000-00-00 00:00:00")
            defer { last = picture }
            return picture == last
        }
        return last
    }

    @Test func fromTheFirstPictureToTheLastKey() throws {
        let daemon = try daemon()
        let terminal = try terminal()
        try terminal.wait(for: "1,234,567 users")
        #expect(try terminal.modes() == "1 0 0")
        #expect(try directory.read("before").contains(" icanon"))
        try Fixture.expect(picture(terminal), equals: "top/terminal-80x24.txt")

        try terminal.press("g")
        try terminal.wait(for: "lines v")
        try terminal.press("r")
        try terminal.wait(for: "lines ^")
        try terminal.press("Tab")
        try terminal.wait(for: "> SUBSCRIBERS")
        try terminal.press("?")
        try terminal.wait(for: "any key goes back")
        try terminal.press("Down")
        try terminal.wait(for: "> SUBSCRIBERS")
        try terminal.press("Space")
        try terminal.wait(for: "PAUSED")

        try terminal.resize(columns: 132, rows: 43)
        try terminal.wait("a wider picture") { screen in
            let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.first?.count == 132 && lines.count >= 43 && lines[42].hasPrefix(" q quit")
        }
        try Fixture.expect(picture(terminal), equals: "top/terminal-132x43.txt")
        try terminal.resize(columns: 80, rows: 24)
        // Until the program has heard of it, it is a part of the wide one.
        try terminal.wait("the former picture") { screen in
            let first = screen.split(separator: "\n").first ?? ""
            return first.count == 80 && first.hasSuffix("PAUSED")
        }

        try terminal.press("q")
        try expectGivenBack(terminal)
        daemon.join()
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func endsBySignal(signal: CInt) throws {
        let daemon = try daemon()
        let terminal = try terminal()
        kill(try terminal.process("vicinityctl"), signal)
        try expectGivenBack(terminal)
        daemon.join()
    }

    @Test func endsByControlC() throws {
        let daemon = try daemon()
        let terminal = try terminal()
        try terminal.press("C-c")
        try expectGivenBack(terminal)
        daemon.join()
    }

    @Test func stopsAndGoesOn() throws {
        let daemon = try daemon()
        let terminal = try terminal()
        try terminal.press("C-z")
        try terminal.wait("the shell") { try $0.contains("Stopped") && terminal.modes() == "0 1 1" }
        try terminal.enter("fg")
        try terminal.wait("the picture") { try $0.contains("LATENCY") && terminal.modes() == "1 0 0" }
        try terminal.press("q")
        try expectGivenBack(terminal)
        daemon.join()
    }

    /// The keys work while the daemon is away, and the picture is new when it is back.
    @Test func daemonGoesAwayAndComesBack() throws {
        let isThere = Mutex(true)
        let first = try daemon { isThere.withLock { $0 } }
        let terminal = try terminal()
        isThere.withLock { $0 = false }
        try terminal.wait(for: "AWAY for")
        first.join()
        try terminal.wait(for: "connection refused")
        try terminal.press("s")
        try terminal.wait(for: "> SUBSCRIBERS")
        #expect(try terminal.screen().contains("1,234,567 users"))

        unlink("\(directory.path)/control.sock")
        var anew = TopDaemon()
        anew.reasons = ["store_slow: a commit takes 2.3 s"]
        let second = try daemon(anew)
        try terminal.wait(for: "degraded: store_slow: a commit takes 2.3 s")
        #expect(try !terminal.screen().contains("AWAY"))
        try terminal.press("q")
        try expectGivenBack(terminal)
        second.join()
    }

    @Test func keysWorkWhileTheDaemonIsSilent() throws {
        let isThere = Mutex(true)
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            while let line = peer.readLine() {
                if isThere.withLock({ $0 }) { peer.write(TopDaemon().answer(to: line)) }
            }
        }
        let terminal = try terminal()
        isThere.withLock { $0 = false }
        try terminal.wait(for: "SILENT for")
        try terminal.press("q")
        try expectGivenBack(terminal)
        daemon.join()
    }

    // MARK: - Without a terminal

    private func run(_ arguments: [String]) throws -> (output: String, errors: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try TopTerminal.program())
        process.arguments = ["top", "--socket-dir", directory.path] + arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (said, complaint, process.terminationStatus)
    }

    @Test func textForATicket() throws {
        let daemon = try daemon()
        let (output, errors, status) = try run(["--interval", "100ms"])
        #expect(status == 0 && errors.isEmpty)
        #expect(!output.contains("\u{1B}") && output.contains("0.0 fixes/s") && output.contains("night-relay"))
        daemon.join()
    }

    @Test func forbidden() throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            let line = peer.readLine() ?? ""
            peer.write(TopDaemon().answer(to: line))
            guard peer.readLine() != nil else { return }
            peer.write(
                #"{"jsonrpc":"2.0","id":2,"error":{"code":-32001,"message":"a gateway may not","data":{"code":"forbidden"}}}"#)
        }
        let (output, errors, status) = try run([])
        #expect(status == CommandStatus.refused.rawValue && output.isEmpty)
        #expect(
            errors == "vicinityctl: metrics is forbidden to you: a gateway may not. Roles are given by `access.control` in vicinityd.yaml\n"
        )
        daemon.join()
    }

    @Test func nobodyIsThere() throws {
        let (_, errors, status) = try run(["--once"])
        #expect(status == CommandStatus.unreachable.rawValue)
        #expect(errors.hasPrefix("vicinityctl: cannot connect to "))
    }

    @Test func metricsThatAreNone() throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            while let line = peer.readLine() {
                peer.write(line.contains("status") ? TopDaemon().answer(to: line) : #"{"jsonrpc":"2.0","id":2,"result":"a b"}"#)
            }
        }
        let (_, errors, status) = try run(["--once"])
        #expect(status == CommandStatus.unreachable.rawValue)
        #expect(errors.contains("line 1 of its metrics: expected a value"))
        daemon.join()
    }
}
