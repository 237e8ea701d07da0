import Foundation
import Testing
import VicinityClient

@Suite("Control: precision")
struct PrecisionTests {
    private static let config = Daemon.plain.replacing("profile: places\n", with: "profile: places\n  precision: 1000\n  distance: exact\n")

    /// How far from 0°, 0° the centre is that is shown of a subject, by an enter of a user who stands there.
    private func distance(_ daemon: Daemon, _ subject: String, as user: String) throws -> Double {
        try daemon.ingest([#"{"user":"\#(user)","lat":0,"lon":0,"ts":\#(Int64.random(in: 1...1_000_000)),"radius":5000}"#])
        let enters = try daemon.eventLines().map { try JSONValue(parsing: Array($0.utf8)) }.filter {
            $0["type"]?.string == "enter" && $0["user"]?.string == user
        }
        return try #require(enters.first { $0["subject"]?.string == subject }?["distance"]?.double)
    }

    private func put(_ daemon: Daemon, _ subjects: String) throws {
        try daemon.result("subjects.put", #"{"subjects":[\#(subjects)]}"#)
    }

    @Test("A subject is met at the centre of its cell, and read by an admin as it was put")
    func blurred() throws {
        let daemon = try Daemon.running(config: Self.config)
        try put(
            daemon,
            #"{"id":"a","lat":0,"lon":0},{"id":"exact","lat":0.001,"lon":0,"precision":0},{"id":"b","lat":0,"lon":0,"precision":200.5}"#)
        let (a, b) = (try distance(daemon, "a", as: "u"), try distance(daemon, "b", as: "u"))
        #expect(a > 0 && a < 1_000 * 1.12)
        #expect(b > 0 && b < 200.5 * 1.12)
        #expect(try distance(daemon, "exact", as: "u") == 110.57)
        for (id, precision) in [("a", nil), ("b", 200.5), ("exact", 0)] {
            let shown = try daemon.result("subjects.get", #"{"id":"\#(id)"}"#)
            #expect(shown["precision"]?.double == precision && shown["lon"]?.double == 0, "\(shown.text)")
        }
        let listed = try #require(try daemon.result("subjects.list")["subjects"]?.array)
        #expect(listed.map { $0["lat"]?.double } == [0, 0, 0.001])
        for bad in ["-1", "100000.5", #""1""#, "1e400"] {
            let answer = try daemon.call("subjects.put", #"{"subjects":[{"id":"x","lat":0,"lon":0,"precision":\#(bad)}]}"#)
            #expect(answer["error"]?["data"]?["at"]?.string == "subjects[0].precision" || bad == "1e400", "\(answer.text)")
            #expect(answer["error"] != nil)
        }
    }

    @Test("Nothing changes by a restart, by a crash, or by another default")
    func kept() throws {
        let daemon = try Daemon.running(config: Self.config)
        try put(daemon, #"{"id":"a","lat":0,"lon":0}"#)
        let before = try distance(daemon, "a", as: "u-1")
        try daemon.stop()
        try daemon.write(config: Self.config.replacing("precision: 1000", with: "precision: 0"))
        try daemon.start()
        #expect(try distance(daemon, "a", as: "u-2") == before)
        try put(daemon, #"{"id":"a","lat":0,"lon":0}"#)
        try daemon.crash()
        try daemon.start()
        #expect(try distance(daemon, "a", as: "u-3") == before)
        #expect(!(try #require(daemon.program).log.contains("cells")))
        // A put elsewhere is another one, and so is one that says how exact it is.
        try put(daemon, #"{"id":"a","lat":0,"lon":0,"precision":0}"#)
        #expect(try distance(daemon, "a", as: "u-4") == 0)
    }

    @Test("A rotation moves everybody to other centres, is audited, and outlives a crash")
    func rotation() throws {
        let daemon = try Daemon.running(config: Self.config)
        try put(
            daemon,
            (0..<20).map { #"{"id":"s-\#($0)","lat":0,"lon":0}"# }.joined(separator: ",") + #",{"id":"e","lat":0,"lon":0,"precision":0}"#)
        let before = try (0..<20).map { try distance(daemon, "s-\($0)", as: "u") }
        #expect(Set(before).count == 20)
        #expect(try daemon.result("privacy.rotate_key").text == #"{"moved":20}"#)
        let after = try (0..<20).map { try distance(daemon, "s-\($0)", as: "v") }
        #expect(zip(before, after).allSatisfy { $0 != $1 } && after.allSatisfy { $0 < 1_000 * 1.12 })
        let entry = try #require(try daemon.result("audit.list")["entries"]?.array?.last)
        #expect(entry["method"]?.string == "privacy.rotate_key" && entry["outcome"]?.string == "begun")
        try daemon.crash()
        try daemon.start()
        #expect(try (0..<20).map { try distance(daemon, "s-\($0)", as: "w") } == after)
        let generation = try #require(try daemon.result("subjects.replace_begin")["generation"]?.integer)
        #expect(try daemon.call("privacy.rotate_key")["error"]?["data"]?["code"]?.string == "in_use")
        try daemon.result("subjects.replace_abort", #"{"generation":\#(generation)}"#)
        let output = "\(daemon.directory)/out"
        let program = try Program(
            try Program.path(of: "vicinityctl"), arguments: ["privacy", "rotate-key", "--socket-dir", daemon.runtimePath],
            log: "\(daemon.directory)/err", output: output)
        #expect(try program.wait() == .exited(0))
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "20 subjects moved to new centres\n")
    }

    @Test("Another secret is noticed at the start, and everybody goes to other centres")
    func otherKey() throws {
        let daemon = try Daemon.running(config: Self.config)
        try put(daemon, #"{"id":"a","lat":0,"lon":0}"#)
        let before = try distance(daemon, "a", as: "u-1")
        try daemon.stop()
        let path = "\(daemon.statePath)/vicinity.precision-key"
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let key = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(key.count == 32)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(daemon.statePath)/vicinity.db")).range(of: key) == nil)
        try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: path))
        try daemon.start()
        _ = try eventually("a word of it") { daemon.program?.log.contains("the key of the cells") == true ? true : nil }
        let after = try distance(daemon, "a", as: "u-2")
        #expect(after != before)
        try daemon.stop()
        try daemon.start()
        #expect(try distance(daemon, "a", as: "u-3") == after)
        #expect(try #require(daemon.program).log.split(separator: "the key of the cells").count == 2, "it is told once")
        try daemon.stop()
        try Data(repeating: 7, count: 31).write(to: URL(fileURLWithPath: path))
        let refusal = try Daemon.refused(daemon.arguments, in: daemon.directory)
        #expect(refusal.ending != .exited(0) && refusal.text.contains("it is the key of the cells of subjects and must be 32 bytes long"))
    }
}
