import CLinux
import Foundation
import NIOCore
import Testing

@testable import VicinityTransport

/// Paths that are free, taken, dead or something else.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ListeningSocketTests {
    private static func quiet() -> ScriptedSession.Behaviour { .init() }

    private func permissions(_ path: String) -> mode_t? {
        var found = stat()
        return lstat(path, &found) == 0 ? found.st_mode & 0o7777 : nil
    }

    @Test func theFileIsOpenToAllAndGoesWithTheServer() async throws {
        let bench = try ServerBench()
        let before = umask(0o077)
        let server = try await bench.serve(at: bench.path, Self.quiet)
        umask(before)
        #expect(permissions(bench.path) == 0o666)
        await server.close()
        #expect(permissions(bench.path) == nil)
        try await bench.group.shutdownGracefully()
    }

    @Test func clientsMayConnectBeforeTheServerStarts() async throws {
        let bench = try ServerBench()
        let socket = try ListeningSocket(path: bench.path)
        let client = try Client(bench.path)
        try client.write("early")
        let server = try await SocketServer.start(socket, on: bench.group, limit: bench.limit) { [log = bench.log] connection in
            ScriptedSession(connection, log, Self.quiet())
        }
        await bench.log.until { $0[1]?.bytes == Array("early".utf8) }
        await server.close()
        try await bench.group.shutdownGracefully()
    }

    @Test func aLiveSocketIsLeftAloneAndItsHolderNamed() async throws {
        try await ServerBench.run(Self.quiet) { bench in
            #expect(throws: SocketError.live(path: bench.path, process: getpid())) { _ = try ListeningSocket(path: bench.path) }
            let client = try Client(bench.path)
            try client.write("still here")
            await bench.log.until { $0.values.contains { $0.bytes == Array("still here".utf8) } }
        }
    }

    @Test func aDeadSocketIsReplaced() async throws {
        let bench = try ServerBench()
        let dead = vicinity_unix_socket()
        #expect(vicinity_unix_bind(dead, bench.path) == 0)
        close(dead)
        #expect(throws: Client.Failure.connect(ECONNREFUSED)) { try Client(bench.path) }
        let server = try await bench.serve(at: bench.path, Self.quiet)
        _ = try Client(bench.path)
        await server.close()
        try await bench.group.shutdownGracefully()
    }

    @Test func whatIsNoSocketIsLeftAlone() async throws {
        let bench = try ServerBench()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: bench.path))
        #expect(throws: SocketError.occupied(path: bench.path)) { _ = try ListeningSocket(path: bench.path) }
        #expect(try String(contentsOfFile: bench.path, encoding: .utf8) == "precious")
        let link = "\(bench.directory)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "nowhere")
        #expect(throws: SocketError.occupied(path: link)) { _ = try ListeningSocket(path: link) }
        try await bench.group.shutdownGracefully()
    }

    @Test func anothersSocketAtThePathIsNotRemoved() async throws {
        let bench = try ServerBench()
        let first = try await bench.serve(at: bench.path, Self.quiet)
        unlink(bench.path)
        let second = try await bench.serve(at: bench.path, Self.quiet)
        await first.close()
        #expect(permissions(bench.path) == 0o666)
        await second.close()
        #expect(permissions(bench.path) == nil)
        try await bench.group.shutdownGracefully()
    }

    @Test func pathsThatCannotBeAreNamed() async throws {
        let bench = try ServerBench()
        let long = bench.directory + "/" + String(repeating: "x", count: 120)
        #expect(throws: SocketError.pathTooLong(path: long, limit: 107)) { _ = try ListeningSocket(path: long) }
        let homeless = "\(bench.directory)/none/s.sock"
        #expect(throws: SocketError.system(operation: "open the directory", path: "\(bench.directory)/none", code: ENOENT)) {
            _ = try ListeningSocket(path: homeless)
        }
        try await bench.group.shutdownGracefully()
    }

    /// As systemd passes it: bound and listening elsewhere, its file not ours.
    @Test func aPassedSocketIsServedAndItsFileStays() async throws {
        let bench = try ServerBench()
        let descriptor = vicinity_unix_socket()
        #expect(vicinity_unix_bind(descriptor, bench.path) == 0)
        #expect(throws: SocketError.notListening(descriptor: descriptor)) { _ = try ListeningSocket(adopting: descriptor) }
        #expect(listen(descriptor, 4096) == 0)
        let server = try await SocketServer.start(
            try ListeningSocket(adopting: descriptor), on: bench.group, limit: bench.limit
        ) { [log = bench.log] connection in ScriptedSession(connection, log, Self.quiet()) }
        // More than the queue of 128 that NIO asks for, before the loop can have accepted many.
        let clients = try (0..<300).map { _ in try Client(bench.path) }
        for client in clients { try client.write("x") }
        await bench.log.until { $0.values.filter { $0.bytes == [UInt8(ascii: "x")] }.count == 300 }
        await server.close()
        #expect(permissions(bench.path) != nil)
        try await bench.group.shutdownGracefully()
    }

    @Test func descriptorsThatAreNoListeningUnixSocketAreRefused() throws {
        let file = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(file) }
        #expect(throws: SocketError.notListening(descriptor: file)) { _ = try ListeningSocket(adopting: file) }
        let internet = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(internet) }
        #expect(throws: SocketError.notListening(descriptor: internet)) { _ = try ListeningSocket(adopting: internet) }
    }
}
