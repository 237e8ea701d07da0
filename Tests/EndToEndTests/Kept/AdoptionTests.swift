// What the next daemon makes of what it finds in the manager's hands.

import CPeers
import Foundation
import Testing
import VicinityClient

@Suite("Kept: what is taken over, and what is not")
struct AdoptionTests {
    /// Both ends of a connection that nobody has accepted.
    private func pair() throws -> (kept: CInt, client: LineSocket) {
        var ends: [CInt] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0
        else { throw Failure("no pair of sockets") }
        return (ends[0], LineSocket(connected: ends[1]))
    }

    @Test("A name that the daemon never gave is a mistake in the units: exit 78, and it is said which")
    func unknownName() throws {
        let daemon = try Daemon(isManaged: true)
        let manager = try #require(daemon.manager)
        let (kept, _) = try pair()
        defer { close(kept) }
        let program = try manager.start(
            ["--config", daemon.configPath, "--state-dir", daemon.statePath], log: "\(daemon.directory)/refused",
            extra: [("surprise", kept)])
        #expect(try program.wait() == .exited(78))
        #expect(program.log.contains("surprise"), "\(program.log)")
    }

    @Test("A connection without its notebook, or with one that is none, is closed, and the daemon starts")
    func damaged() throws {
        let daemon = try Daemon(isManaged: true)
        let manager = try #require(daemon.manager)
        let (first, alone) = try pair()
        let (second, garbled) = try pair()
        manager.store("ingest-0123456789abcdef-1", first)
        manager.store("events-0123456789abcdef-2", second)
        var template = Array("/tmp/vicinity-notebook-XXXXXX".utf8CString)
        let notebook = mkstemp(&template)
        unlink(&template)
        let text = [UInt8](repeating: 0xA5, count: 8192)
        #expect(write(notebook, text, text.count) == text.count)
        manager.store("events-0123456789abcdef-2", notebook)
        try daemon.start()
        #expect(try alone.linesToEnd().isEmpty)
        #expect(try garbled.linesToEnd().isEmpty)
        #expect(try daemon.ingest([fix("u", near, 0, 0)]).last == .ack(1))
        _ = try eventually("nothing kept") { try manager.storedCount() == 0 ? true : nil }
    }

    @Test("Whose role the new configuration takes away is told so, and closed; others go on")
    func roles() throws {
        func config(_ users: String) -> String { Daemon.plain + "access:\n  ingest: { users: [\(users)] }\n  events: { users: [4711] }\n" }
        let daemon = try Daemon.running(config: config("4711, 4712"), isManaged: true)
        func connect(_ socket: String, as user: UInt32) throws -> LineSocket {
            let descriptor = peers_connect("\(daemon.runtimePath)/\(socket).sock", user, user, nil, 0)
            guard descriptor >= 0 else { throw Failure("cannot connect as \(user): \(String(cString: strerror(-descriptor)))") }
            return LineSocket(connected: descriptor)
        }
        chmod(daemon.directory, 0o755)
        let stays = try connect("ingest", as: 4712)
        let goes = try connect("ingest", as: 4711)
        for gateway in [stays, goes] {
            try gateway.send("\n")
            #expect(try Answer(try gateway.nextLine()) == .ack(1))
        }
        try daemon.write(config: config("4712"))
        try daemon.restart()
        let lines = try goes.linesToEnd()
        #expect(lines.count == 1)
        #expect(try JSONValue(parsing: lines.first ?? "null")["error"]?["code"]?.string == "forbidden")
        try stays.send("\n")
        #expect(try Answer(try stays.nextLine()) == .ack(2))
    }

    @Test("A connection has its place in the log of its state; another state is another log, and everybody comes anew")
    func otherLog() throws {
        let daemon = try Daemon.running(isManaged: true)
        let (relay, _) = try daemon.subscribe()
        let (named, _) = try daemon.subscribe(#"{"name":"r"}"#)
        let gateway = try daemon.connect("ingest")
        try daemon.stop()
        try FileManager.default.removeItem(atPath: daemon.statePath)
        try daemon.start()
        for socket in [relay, named, gateway] { #expect(try socket.linesToEnd().isEmpty) }
    }
}
