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

    private var program: ScreenProgram { ScreenProgram(directory: directory, command: "top", shown: "LATENCY") }

    private func terminal() throws -> TopTerminal { try program.terminal("--interval 200ms", until: "0.0 fixes/s") }

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
        try program.expectGivenBack(terminal)
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
        try program.expectGivenBack(terminal)
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
        try program.expectGivenBack(terminal)
        daemon.join()
    }

    // MARK: - Without a terminal

    @Test func textForATicket() throws {
        let daemon = try daemon()
        let (output, errors, status) = try program.run(["--interval", "100ms"])
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
        let (output, errors, status) = try program.run([])
        #expect(status == CommandStatus.refused.rawValue && output.isEmpty)
        #expect(
            errors == "vicinityctl: metrics is forbidden to you: a gateway may not. Roles are given by `access.control` in vicinityd.yaml\n"
        )
        daemon.join()
    }

    @Test func nobodyIsThere() throws {
        let (_, errors, status) = try program.run(["--once"])
        #expect(status == CommandStatus.unreachable.rawValue)
        #expect(errors.hasPrefix("vicinityctl: cannot connect to "))
    }

    @Test func metricsThatAreNone() throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            while let line = peer.readLine() {
                peer.write(line.contains("status") ? TopDaemon().answer(to: line) : #"{"jsonrpc":"2.0","id":2,"result":"a b"}"#)
            }
        }
        let (_, errors, status) = try program.run(["--once"])
        #expect(status == CommandStatus.unreachable.rawValue)
        #expect(errors.contains("line 1 of its metrics: expected a value"))
        daemon.join()
    }
}
