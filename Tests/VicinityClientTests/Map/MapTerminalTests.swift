// `vicinityctl map` itself, in a real terminal, against a daemon with fixed answers.

import Foundation
import Synchronization
import Testing

@testable import VicinityClient

@Suite struct MapTerminalTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func daemon(while isThere: @escaping @Sendable () -> Bool = { true }) throws -> FakeDaemon {
        try FakeDaemon("\(directory.path)/control.sock") { peer, _, record in
            while let line = peer.readLine(), isThere() {
                record(line)
                peer.write(MapDaemon().answer(to: line))
            }
        }
    }

    private var program: ScreenProgram { ScreenProgram(directory: directory, command: "map", shown: "toll 3") }

    private func terminal(_ arguments: String = "--at 39.9042,116.4074 --width 20km", until text: String = "toll 3") throws -> TopTerminal {
        try program.terminal(arguments, until: text)
    }

    /// The picture, once it is complete: until then two looks differ.
    private func picture(_ terminal: TopTerminal) throws -> String {
        var last = ""
        try terminal.wait("a picture at rest") { screen in
            defer { last = screen }
            return screen == last
        }
        return last
    }

    @Test func fromTheFirstPictureToTheLastKey() throws {
        let daemon = try daemon()
        let terminal = try terminal("--at 39.9042,116.4074 --width 20km --user u-17", until: "@ u-17 1.5 km")
        #expect(try terminal.modes() == "1 0 0")
        try Fixture.expect(picture(terminal), equals: "map/terminal-80x24.txt")

        try terminal.press("+")
        try terminal.wait(for: "19 km wide")
        try terminal.press("-", "-")
        try terminal.wait(for: "75 km wide")
        try terminal.press("Right", "Right", "Right", "Right", "Right", "Right")
        try terminal.wait("a place without subjects") { !$0.contains("toll 3") && $0.contains("q quit") }
        try terminal.press("0")
        try terminal.wait(for: "toll 3")
        try terminal.press("?")
        try terminal.wait(for: "any key goes back")
        try terminal.press("Down")
        try terminal.wait(for: "toll 3")

        try terminal.resize(columns: 132, rows: 43)
        try terminal.wait("a wider picture") { screen in
            let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.first?.count == 132 && lines.count >= 43 && lines[42].hasPrefix(" q quit")
        }
        try Fixture.expect(picture(terminal), equals: "map/terminal-132x43.txt")
        try terminal.resize(columns: 80, rows: 24)
        // Until the program has heard of it, it is a part of the wide one.
        try terminal.wait("the former picture") { ($0.split(separator: "\n").first ?? "").count == 80 }
        try terminal.press("q")
        try program.expectGivenBack(terminal)
        daemon.join()
        // Once, however often it looked.
        #expect(daemon.lines.count { $0.contains("users.get") } == 1)
        #expect(daemon.lines.count { $0.contains("\"map\"") } > 5)
    }

    @Test func whereUsersAreIsAskedForByAKeyOnly() throws {
        let daemon = try daemon()
        let terminal = try terminal("--user u-17 --user away", until: "away has no position")
        #expect(daemon.lines.count { $0.contains("users.get") } == 2)
        try terminal.press("r")
        try terminal.wait("both asked again") { _ in daemon.lines.count { $0.contains("users.get") } == 4 }
        try terminal.press("q")
        try program.expectGivenBack(terminal)
        daemon.join()
    }

    @Test func daemonGoesAwayAndComesBack() throws {
        let isThere = Mutex(true)
        let first = try daemon { isThere.withLock { $0 } }
        let terminal = try terminal()
        isThere.withLock { $0 = false }
        try terminal.press("r")
        try terminal.wait(for: "AWAY for")
        first.join()
        try terminal.wait(for: "connection refused")
        try terminal.press("?")
        try terminal.wait(for: "any key goes back")
        try terminal.press("?")
        unlink("\(directory.path)/control.sock")
        let second = try daemon()
        try terminal.wait("the map of now") { !$0.contains("AWAY") && $0.contains("toll 3") }
        try terminal.press("q")
        try program.expectGivenBack(terminal)
        second.join()
    }

    @Test(arguments: ["TERM=dumb", "LC_ALL=C"]) func poorTerminals(setting: String) throws {
        let daemon = try daemon()
        let terminal = try TopTerminal(in: directory.path)
        try terminal.enter("\(setting) '\(try TopTerminal.program())' map --socket-dir . --at 39.9042,116.4074 --width 20km")
        try terminal.wait(for: "toll 3")
        let screen = try picture(terminal)
        if setting == "TERM=dumb" {
            #expect(screen.contains("ready>") && !screen.contains("q quit") && screen.contains("▓"))
        } else {
            #expect(screen.contains("q quit") && screen.allSatisfy { $0.isASCII })
            try terminal.press("q")
        }
        daemon.join()
    }

    // MARK: - Without a terminal

    @Test func onePicture() throws {
        let daemon = try daemon()
        let (output, errors, status) = try program.run(["--kind", "toll", "--at", "39.9042,116.4074"])
        #expect(status == 0 && errors.isEmpty)
        #expect(output.contains("T toll 3") && !output.contains("bus") && !output.contains("\u{1B}") && !output.contains("q quit"))
        #expect(output.contains("2024-11-22 15:40:00"))
        daemon.join()
        #expect(!daemon.lines.contains { $0.contains("users.get") })
    }

    @Test func files() throws {
        let daemon = try daemon()
        let (svg, json) = ("\(directory.path)/a.svg", "\(directory.path)/a.geojson")
        let (output, errors, status) = try program.run(
            ["--svg", svg, "--geojson", json, "--user", "u-17", "--user", "away", "--at", "39.9042,116.4074", "--width", "20km"])
        #expect(status == 0 && output.isEmpty)
        #expect(errors == "vicinityctl: away has no position, and no halo\n")
        #expect(try directory.read("a.svg").contains("u-17"))
        #expect(try JSONValue(parsing: Array(directory.read("a.geojson").utf8))["type"]?.string == "FeatureCollection")
        // With somebody's position in it, nobody else's.
        for path in [svg, json] {
            var found = stat()
            #expect(stat(path, &found) == 0 && found.st_mode & 0o777 == 0o600)
        }
        daemon.join()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count { $0.contains(".new") } == 0)
    }

    @Test func standardOutput() throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock", connections: 2) { peer, _, _ in
            while let line = peer.readLine() { peer.write(MapDaemon().answer(to: line)) }
        }
        let geoJSON = try program.run(["--geojson", "-"])
        #expect(geoJSON.status == 0 && geoJSON.output.hasPrefix("{\"type\":\"FeatureCollection\","))
        let json = try program.run(["--json"])
        #expect(json.status == 0 && json.output == MapDaemon().text(nil, level: nil) + "\n")
        daemon.join()
    }

    @Test(
        arguments: [
            (["--at", "95,0"], CommandStatus.usage, "--at"), (["--user", "nobody"], .refused, "there is no user nobody"),
            (["--svg", "/nowhere/a.svg"], .refused, "cannot write /nowhere/a.svg"),
        ] as [([String], CommandStatus, String)])
    func faults(arguments: [String], status: CommandStatus, words: String) throws {
        let daemon = status == .usage ? nil : try daemon()
        let (output, errors, found) = try program.run(arguments)
        #expect(found == status.rawValue && output.isEmpty && errors.contains(words), "\(errors)")
        daemon?.join()
    }

    @Test func forbidden() throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, _ in
            _ = peer.readLine()
            peer.write(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"a gateway may not","data":{"code":"forbidden"}}}"#)
        }
        let (output, errors, status) = try program.run([])
        #expect(status == CommandStatus.refused.rawValue && output.isEmpty)
        #expect(
            errors == "vicinityctl: map is forbidden to you: a gateway may not. Roles are given by `access.control` in vicinityd.yaml\n")
        daemon.join()
    }

    @Test func nobodyIsThere() throws {
        let (_, errors, status) = try program.run(["--json"])
        #expect(status == CommandStatus.unreachable.rawValue && errors.hasPrefix("vicinityctl: cannot connect to "))
    }
}
