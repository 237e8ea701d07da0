import Foundation
import Testing
import VicinityClient

@Suite("Life: coming up, or refusing to")
struct StartTests {
    @Test("A second daemon on the same state directory is refused and names the holder; the first lives on")
    func stateTaken() throws {
        let daemon = try Daemon.running()
        let pid = try #require(daemon.program?.pid)
        let arguments = ["--config", daemon.configPath, "--state-dir", daemon.statePath, "--runtime-dir", "\(daemon.directory)/other"]
        let (ending, text) = try Daemon.refused(arguments, in: daemon.directory)
        #expect(ending == .exited(75))
        #expect(text.contains("\(pid)"), "\(text)")
        #expect(try daemon.ingest([fix("u", near, 0, 0)]).last == .ack(1))
    }

    @Test("A second daemon with a live socket in the same runtime directory is refused and names the holder; the first lives on")
    func socketTaken() throws {
        let daemon = try Daemon.running()
        let pid = try #require(daemon.program?.pid)
        let arguments = ["--config", daemon.configPath, "--state-dir", "\(daemon.directory)/other", "--runtime-dir", daemon.runtimePath]
        let (ending, text) = try Daemon.refused(arguments, in: daemon.directory)
        #expect(ending == .exited(75))
        #expect(text.contains("\(pid)"), "\(text)")
        #expect(try daemon.ingest([fix("u", near, 0, 0)]).last == .ack(1))
        #expect(try daemon.events().isEmpty)
        #expect(try daemon.result("status")["pid"]?.integer == Int64(pid))
    }

    @Test("Socket files of one that was killed are replaced, with the contract's modes")
    func deadSockets() throws {
        let daemon = try Daemon.running()
        try daemon.crash()
        #expect(access("\(daemon.runtimePath)/ingest.sock", F_OK) == 0, "a killed daemon leaves its files")
        try daemon.start()
        #expect(try daemon.ingest([fix("u", near, 0, 0)]).last == .ack(1))
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
        }
        for socket in ["ingest", "events", "control"] { #expect(mode("\(daemon.runtimePath)/\(socket).sock") == 0o666) }
        #expect(mode(daemon.runtimePath) == 0o755)
    }

    @Test("Something else in a socket's place is left alone")
    func noSocket() throws {
        let daemon = try Daemon()
        try FileManager.default.createDirectory(atPath: daemon.runtimePath, withIntermediateDirectories: true)
        let path = "\(daemon.runtimePath)/events.sock"
        try "precious".write(toFile: path, atomically: true, encoding: .utf8)
        let (ending, text) = try Daemon.refused(daemon.arguments, in: daemon.directory)
        #expect(ending != .exited(0) && text.contains(path), "\(ending): \(text)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test("An unknown flag, or one without its value, is a usage error", arguments: [["--colour"], ["--state-dir"], ["extra"]])
    func usage(arguments: [String]) throws {
        let daemon = try Daemon()
        let (ending, text) = try Daemon.refused(arguments, in: daemon.directory)
        #expect(ending == .exited(64))
        #expect(!text.isEmpty)
    }

    @Test("A wrong configuration stops the start; each mistake has its line")
    func configuration() throws {
        let daemon = try Daemon(
            config: "halo:\n  radius: -5\n  colour: red\n  leave_margin: 10\n  leave_margin: 20\nfixes:\n  max_future: soon\n")
        let (ending, text) = try Daemon.refused(daemon.arguments, in: daemon.directory)
        #expect(ending == .exited(78))
        let lines = text.split(separator: "\n")
        for place in ["2: halo.radius: ", "3: halo.colour: ", "5: halo.leave_margin: ", "7: fixes.max_future: "] {
            #expect(lines.contains { $0.hasPrefix("\(daemon.configPath):\(place)") }, "\(place) is not in \(text)")
        }
        #expect(lines.count == 4)
        #expect(access(daemon.statePath, F_OK) != 0, "nothing was made")
    }

    @Test("YAML that does not parse, and a file that is missing", arguments: ["halo: [", nil])
    func noConfiguration(text: String?) throws {
        let daemon = try Daemon(config: text ?? "")
        if text == nil { unlink(daemon.configPath) }
        let (ending, message) = try Daemon.refused(daemon.arguments, in: daemon.directory)
        #expect(ending == .exited(78))
        #expect(message.contains(daemon.configPath), "\(message)")
    }

    @Test("A wrong variable stops the start too, and names itself")
    func variable() throws {
        let daemon = try Daemon()
        let program = try Program(arguments: daemon.arguments, log: "\(daemon.directory)/log", environment: ["VICINITY_HALO_RADIUS=wide"])
        #expect(try program.wait() == .exited(78))
        #expect(program.log.contains("VICINITY_HALO_RADIUS") && program.log.contains("halo.radius"), "\(program.log)")
    }

    @Test("A directory that cannot be made or written: one clear sentence", arguments: ["--state-dir", "--runtime-dir"])
    func directory(flag: String) throws {
        let daemon = try Daemon()
        // Not even root can make a directory below a file.
        var arguments = daemon.arguments
        let place = try #require(arguments.firstIndex(of: flag))
        arguments[place + 1] = "\(daemon.configPath)/below"
        let (ending, text) = try Daemon.refused(arguments, in: daemon.directory)
        #expect(ending == .exited(73))
        #expect(text.contains(daemon.configPath), "\(text)")
        #expect(text.split(separator: "\n").filter { !$0.contains(" warning ") }.count == 1, "\(text)")
    }
}
