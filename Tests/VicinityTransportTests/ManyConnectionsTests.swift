import Foundation
import NIOCore
import Testing

@testable import VicinityTransport

@Suite(.serialized, .timeLimit(.minutes(1))) struct ManyConnectionsTests {
    private static func echo() -> ScriptedSession.Behaviour { .init(received: { $0.echoLines(&$1) }) }

    @Test(arguments: [200, 1000])
    func allAtOnceEachGetTheirOwn(count: Int) async throws {
        try await ServerBench.run(threads: 2, Self.echo) { bench in
            let clients = try (0..<count).map { _ in try Client(bench.path) }
            for round in 0..<5 {
                for (number, client) in clients.enumerated() { try client.write("client \(number) round \(round)\n") }
                for (number, client) in clients.enumerated() {
                    let expected = "client \(number) round \(round)\n"
                    #expect(try client.readText(expected.utf8.count) == expected)
                }
            }
            #expect(bench.limit.served == count)
            #expect(bench.log.entries.keys.sorted() == (1...UInt64(count)).map { $0 })
            for client in clients { client.vanish() }
            await bench.log.until { $0.values.allSatisfy { $0.calls.last == "closed" } }
            await settled { bench.limit.served == 0 }
        }
    }

    /// One server after the other on the same socket, as over restarts: whoever connects is served by one or the next, and none is dropped between.
    @Test func whoComesWhileAServerClosesIsServed() async throws {
        let bench = try ServerBench(threads: 2)
        let (descriptor, _) = try ListeningSocket(path: bench.path).release()
        defer { close(descriptor) }
        for round in 0..<100 {
            let socket = try ListeningSocket(adopting: dup(descriptor))
            let server = try await SocketServer.start(socket, on: bench.group, limit: bench.limit) { [log = bench.log] connection in
                ScriptedSession(connection, log, Self.echo())
            }
            let clients = try (0..<8).map { _ in try Client(bench.path) }
            for client in clients { try client.write("\(round)\n") }
            await server.close()
            let next = try await SocketServer.start(
                try ListeningSocket(adopting: dup(descriptor)), on: bench.group, limit: bench.limit
            ) { [log = bench.log] connection in ScriptedSession(connection, log, Self.echo()) }
            for client in clients {
                let expected = "\(round)\n"
                #expect(try client.readText(expected.utf8.count) == expected)
                client.vanish()
            }
            await next.close()
        }
        try await bench.group.shutdownGracefully()
    }

    @Test func thePeerIsKnown() async throws {
        try await ServerBench.run(Self.echo) { bench in
            let client = try Client(bench.path)
            try client.write("x\n")
            _ = try client.readText(2)
            let peer = try #require(bench.log.entries[1]?.peer)
            #expect(peer.process == getpid())
            #expect(peer.user == getuid())
            #expect(peer.group == getgid())
            var groups = [gid_t](repeating: 0, count: 65_536)
            let count = getgroups(Int32(groups.count), &groups)
            #expect(peer.groups.sorted() == groups.prefix(Int(count)).sorted())
        }
    }

    /// Past the limit a client waits, whichever server it came to, and is served when another has gone.
    @Test func whoIsOverTheLimitWaitsForAPlace() async throws {
        let bench = try ServerBench(limit: 2)
        let paths = ["a", "b"].map { "\(bench.directory)/\($0).sock" }
        let servers = [try await bench.serve(at: paths[0], Self.echo), try await bench.serve(at: paths[1], Self.echo)]
        let served = [try Client(paths[0]), try Client(paths[1])]
        for client in served {
            try client.write("x\n")
            #expect(try client.readText(2) == "x\n")
        }
        let waiting = try [paths[0], paths[0], paths[1]].map { try Client($0) }
        for (number, client) in waiting.enumerated() { try client.write("\(number)\n") }
        await settled { bench.limit.waitingServers == 2 }
        #expect(bench.limit.served == 2)
        #expect(waiting.allSatisfy { $0.hasNothingToRead })
        // The served are not disturbed.
        try served[0].write("y\n")
        #expect(try served[0].readText(2) == "y\n")
        for client in served { client.vanish() }
        // Two of the three get the places, one of each server or two of the first; the third follows when one of them goes.
        await bench.log.until { $0.values.filter { $0.bytes.first.map { $0 < UInt8(ascii: "3") } ?? false }.count == 2 }
        for client in waiting where !client.hasNothingToRead { client.vanish() }
        await bench.log.until { $0.values.filter { $0.bytes.first.map { $0 < UInt8(ascii: "3") } ?? false }.count == 3 }
        for server in servers { await server.close() }
        try await bench.group.shutdownGracefully()
    }

    @Test func aLimitThatIsRaisedLetsTheWaitingIn() async throws {
        try await ServerBench.run(limit: 1, Self.echo) { bench in
            let first = try Client(bench.path)
            try first.write("x\n")
            _ = try first.readText(2)
            let second = try Client(bench.path)
            try second.write("y\n")
            await settled { bench.limit.waitingServers == 1 }
            bench.limit.change(maximum: 2)
            #expect(try second.readText(2) == "y\n")
        }
    }

    /// Another process may go on with them, and nobody else can.
    @Test func aServerThatClosesServesWhomItKeptWaiting() async throws {
        let bench = try ServerBench(limit: 1)
        let server = try await bench.serve(at: bench.path, Self.echo)
        let first = try Client(bench.path)
        try first.write("x\n")
        _ = try first.readText(2)
        let second = try Client(bench.path)
        try second.write("y\n")
        await settled { bench.limit.waitingServers == 1 }
        #expect(bench.limit.served == 1)
        await server.close()
        #expect(bench.limit.served == 2, "they have their sessions when it is closed")
        #expect(try second.readText(2) == "y\n")
        // Connections live on.
        try first.write("z\n")
        #expect(try first.readText(2) == "z\n")
        try await bench.group.shutdownGracefully()
    }

    /// However often servers close while all places are taken.
    @Test func whoIsServedAboveTheLimitAreFew() async throws {
        let bench = try ServerBench(limit: 1)
        var clients: [Client] = []
        for round in 0..<4 {
            let path = "\(bench.directory)/\(round).sock"
            let socket = try ListeningSocket(path: path)
            clients += try (0..<8).map { _ in try Client(path) }
            let server = try await SocketServer.start(socket, on: bench.group, limit: bench.limit) { [log = bench.log] connection in
                ScriptedSession(connection, log, Self.echo())
            }
            await settled { bench.limit.waitingServers == round + 1 }
            await server.close()
            #expect(bench.limit.served == min(8 * (round + 1), 1 + SocketServer.greatestExcess))
        }
        // The others are let go of.
        await settled { clients.count(where: { !$0.hasNothingToRead }) == clients.count - (1 + SocketServer.greatestExcess) }
        for client in clients where !client.hasNothingToRead { #expect(try client.readToEnd() == []) }
        try await bench.group.shutdownGracefully()
    }

    /// For what has no call to wait for: looks again and again, until it is so or the suite's time is over.
    private func settled(_ condition: () -> Bool) async {
        while !condition(), !Task.isCancelled { await Task.yield() }
    }
}
