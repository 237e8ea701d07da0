import Foundation
import Testing
import VicinityClient

@Suite("Events: subscribers that read nothing")
struct StuckSubscriberTests {
    /// Each line brings a thousand events.
    private func crossings(_ range: Range<Int>) -> String {
        range.map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0) * 1000) + "\n" }.joined()
    }

    /// Ten, so that what one of them costs stands out from what the allocator does. Each may hold what its queue and one read from the disk may
    /// hold, which is about 0.7 MiB; a daemon that kept what they have not read would hold 40 MB for each. What is measured first, with a
    /// subscriber that reads, is a daemon that has all that it keeps of the newest events; it is no more after 300,000 than after 600,000.
    @Test("Ten that read nothing cost about a MiB each, however many events pass, and then get them all")
    func stuck() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "delivery:\n  heartbeat: 1h\n")
        let program = try #require(daemon.program)
        try daemon.put((0..<1000).map { "s-\($0)" })
        let (reader, _) = try daemon.subscribe()
        let gateway = try daemon.connect("ingest")
        var line = 0
        func pass(_ lines: Int) throws -> [UInt8] {
            try gateway.send(crossings(line..<line + lines))
            line += lines
            return try reader.bytes(lines: lines * 1000)
        }
        for _ in 0..<6 { _ = try pass(100) }
        let before = try program.residentBytes()
        let stuck = try (0..<10).map { try daemon.subscribe("{\"name\":\"stuck-\($0)\"}").socket }
        var expected: [UInt8] = []
        for _ in 0..<3 { expected += try pass(100) }
        let grown = try program.residentBytes() - before
        #expect(grown < 16 << 20, "\(grown) bytes for ten")
        for number in [0, 9] { #expect(try stuck[number].bytes(lines: 300_000) == expected, "stuck-\(number)") }
        #expect(try daemon.subscriber("stuck-5")?["lag"]?.integer == 300_000)
    }
}
