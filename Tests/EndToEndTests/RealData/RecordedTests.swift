// Buses of Austin as users, and the city's stops: what the daemon says of a recorded hour equals what an independent implementation, with
// Karney's geodesics and every pair tested, says of it.

import Foundation
import Testing
import VicinityClient

@Suite("Recorded trajectories")
struct RecordedTests {
    @Test("The log equals the expected one, pair by pair", arguments: [50, 0])
    func recorded(margin: Int) throws {
        let daemon = try Daemon.running(config: Daemon.plain.replacing("halo:\n", with: "halo:\n  leave_margin: \(margin)\n"))
        let register = try fixture("register")
        for start in stride(from: 0, to: register.count, by: 1000) {
            let part = register[start..<min(register.count, start + 1000)]
            #expect(
                try daemon.result("subjects.put", "{\"subjects\":[\(part.joined(separator: ","))]}")["put"]?.integer == Int64(part.count))
        }
        let pings = try fixture("pings")
        let answers = try daemon.ingest(pings)
        answers.expectOrder(lines: Int64(pings.count))
        #expect(answers.badLines == 0)
        let events = try daemon.events()
        expectSound(events)
        var histories: [String: [String]] = [:]
        for event in events { histories["\(event.user) \(event.subject)", default: []].append("\(event.type) \(event.time)") }
        var expected: [String: [String]] = [:]
        var count = 0
        for line in try fixture("expected_h\(margin)") {
            let event = try JSONDecoder().decode(Expected.self, from: Data(line.utf8))
            expected["\(event.user) \(event.subject)", default: []].append("\(event.type) \(event.ts)")
            count += 1
        }
        #expect(count > 10_000, "the fixture is there")
        #expect(events.count == count)
        #expect(histories.count == expected.count)
        for (pair, history) in expected where histories[pair] != history {
            Issue.record("\(pair): expected \(history), got \(histories[pair] ?? [])")
        }
    }

    private struct Expected: Decodable {
        var type: String
        var user: String
        var subject: String
        var ts: Int64
    }

    /// The lines of a bundled file.
    private func fixture(_ name: String) throws -> [String] {
        let path = Bundle.module.bundleURL.appendingPathComponent("Fixtures/real/\(name).ndjson.gz").path
        var source = LineSource(try ByteSource(path: path), limit: 1 << 20)
        var lines: [String] = []
        var line: [UInt8] = []
        while try source.next(&line) == .line { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }
}
