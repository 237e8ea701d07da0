// What the tests of programs on the whole screen share: how such a program is run, in a terminal and without one, and what it must leave behind.

import Foundation
import Testing

@testable import VicinityClient

/// A command of `vicinityctl` that shows a screen, in a directory with a daemon's socket.
struct ScreenProgram {
    let directory: TemporaryDirectory
    /// Of `vicinityctl`, such as `top`.
    let command: String
    /// What is to be seen while it runs, and not afterwards.
    let shown: String

    /// A terminal in which the program runs, begun by a script that keeps what `stty` says before and after.
    func terminal(_ arguments: String, until text: String) throws -> TopTerminal {
        let script = """
            stty -a >before
            '\(try TopTerminal.program())' \(command) --socket-dir . \(arguments)
            status=$?
            stty -a >after
            echo "left with $status"

            """
        _ = try directory.write(script, to: "go")
        let terminal = try TopTerminal(in: directory.path)
        try terminal.enter("sh go")
        try terminal.wait(for: text)
        return terminal
    }

    /// The terminal is as it was before, and shows the prompt.
    func expectGivenBack(_ terminal: TopTerminal) throws {
        try terminal.wait(for: "left with 0\nready>")
        #expect(try !terminal.screen().contains(shown))
        #expect(try terminal.modes() == "0 1 1")
        let (before, after) = try (directory.read("before"), directory.read("after"))
        #expect(before == after)
        // The shell hears what is typed, and shows it.
        try terminal.enter("echo $((6 * 7)) is heard")
        try terminal.wait(for: "42 is heard")
    }

    /// The program without a terminal.
    func run(_ arguments: [String]) throws -> (output: String, errors: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try TopTerminal.program())
        process.arguments = [command, "--socket-dir", directory.path] + arguments
        process.environment = ["LANG": "C.UTF-8", "TZ": "UTC"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (said, complaint, process.terminationStatus)
    }
}

/// However a program on the whole screen ends, the terminal is as it was.
@Suite struct ScreenProgramTests {
    enum Command: CaseIterable {
        case top, map

        func answer(to line: String) -> String { self == .top ? TopDaemon().answer(to: line) : MapDaemon().answer(to: line) }
    }

    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The program on its screen; it ends with `end`.
    private func withScreen(of command: Command, _ end: (TopTerminal, _ shown: String) throws -> Void) throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            while let line = peer.readLine() { peer.write(command.answer(to: line)) }
        }
        let program =
            switch command {
            case .top: ScreenProgram(directory: directory, command: "top", shown: "LATENCY")
            case .map: ScreenProgram(directory: directory, command: "map", shown: "toll 3")
            }
        let terminal = try program.terminal(command == .top ? "" : "--at 39.9042,116.4074 --width 20km", until: program.shown)
        try end(terminal, program.shown)
        try program.expectGivenBack(terminal)
        daemon.join()
    }

    @Test(arguments: Command.allCases, [SIGTERM, SIGINT, SIGHUP])
    func endsBySignal(command: Command, signal: CInt) throws {
        try withScreen(of: command) { terminal, _ in kill(try terminal.process("vicinityctl"), signal) }
    }

    @Test(arguments: Command.allCases) func endsByControlC(command: Command) throws {
        try withScreen(of: command) { terminal, _ in try terminal.press("C-c") }
    }

    @Test(arguments: Command.allCases) func stopsAndGoesOn(command: Command) throws {
        try withScreen(of: command) { terminal, shown in
            try terminal.press("C-z")
            try terminal.wait("the shell") { try $0.contains("Stopped") && terminal.modes() == "0 1 1" }
            try terminal.enter("fg")
            try terminal.wait("the picture") { try $0.contains(shown) && terminal.modes() == "1 0 0" }
            try terminal.press("q")
        }
    }
}
