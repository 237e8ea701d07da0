// What is wrong with a register is said, by its place, and nothing of it is done: in a request, in a file that is imported, and in one
// that replaces the whole.

import Foundation
import Testing
import VicinityClient

@Suite("Control: bad input to the register")
struct BadRegisterTests {
    /// A record that is no subject, and what the sentence about it must name.
    static let bad: [(record: String, key: String)] = [
        (#"{"id":"x","lat":90.0000001,"lon":0}"#, "lat"), (#"{"id":"x","lat":-91,"lon":0}"#, "lat"),
        (#"{"id":"x","lat":0,"lon":180.5}"#, "lon"), (#"{"id":"x","lat":0,"lon":-1e400}"#, "lon"),
        (#"{"id":"x","lat":"0","lon":0}"#, "lat"), (#"{"id":"x","lon":0}"#, "lat"),
        (#"{"id":"x","lat":0,"lon":0,"precision":-0.5}"#, "precision"), (#"{"id":"x","lat":0,"lon":0,"precision":100001}"#, "precision"),
        (#"{"id":"x","lat":0,"lon":0,"precision":"200"}"#, "precision"),
        (#"{"id":"x","lat":0,"lon":0,"details":[{"a":1}]}"#, "details"), (#"{"id":"x","lat":0,"lon":0,"details":"open"}"#, "details"),
        (#"{"id":"x","lat":0,"lon":0,"details":7}"#, "details"), (#"{"id":"x","lat":0,"lon":0,"details":true}"#, "details"),
        (#"{"id":"a\u001fb","lat":0,"lon":0}"#, "id"), (#"{"id":"a\u0085b","lat":0,"lon":0}"#, "id"),
        ("{\"id\":\"\(String(repeating: "ü", count: 65))\",\"lat\":0,\"lon\":0}", "id"), (#"{"id":"","lat":0,"lon":0}"#, "id"),
        (#"{"id":["x"],"lat":0,"lon":0}"#, "id"), (#"{"id":"x","lat":0,"lon":0,"kind":"a\nb"}"#, "kind"),
        (#"{"id":"x","lat":0,"lon":0,"name":{"de":"x"}}"#, "name"), (#"{"id":"x","lat":0,"lon":0,"valid_from":-1}"#, "valid_from"),
        (#"{"id":"x","lat":0,"lon":0,"valid_until":1.5}"#, "valid_until"),
        (#"{"id":"good-1","lat":0,"lon":0}"#, "id"),  // it is there twice
    ]

    /// How many good subjects come before the bad one.
    private static let good = 600

    private let daemon: Daemon

    init() throws {
        daemon = try Daemon.running()
        try daemon.put(["before"])
        try daemon.ingest([fix("u", near, 0, 0)])
    }

    private static func subject(_ number: Int) -> String { "{\"id\":\"good-\(number)\",\"lat\":0,\"lon\":0}" }

    /// The register is what it was, and nobody heard of anything.
    private func expectNothingDone(_ what: String) throws {
        #expect(try daemon.result("subjects.list")["subjects"]?.array?.compactMap { $0["id"]?.string } == ["before"], "\(what)")
        #expect(try daemon.result("status")["subjects"]?.integer == 1, "\(what)")
        #expect(try daemon.range().head == 1, "\(what)")
    }

    private func control(_ words: String...) throws -> (ending: Ending, errors: String) {
        let program = try Program(
            try Program.path(of: "vicinityctl"), arguments: ["subjects", words[0], "--socket-dir", daemon.runtimePath] + words.dropFirst(),
            log: "\(daemon.directory)/\(UInt32.random(in: 0 ... .max))")
        return (try program.wait(), program.log)
    }

    @Test("A put of many whose last is bad: its place and its key are named, and none of the many is there", arguments: bad.indices)
    func put(index: Int) throws {
        let (record, key) = Self.bad[index]
        let subjects = (0..<Self.good).map(Self.subject) + [record]
        let response = try daemon.call("subjects.put", "{\"subjects\":[\(subjects.joined(separator: ","))]}")
        let error = response["error"]
        #expect(error?["code"]?.integer == -32602, "\(response.text)")
        #expect(error?["data"]?["code"]?.string == "bad_value", "\(response.text)")
        #expect(error?["data"]?["at"]?.string == "subjects[\(Self.good)].\(key)", "\(response.text)")
        #expect(error?["message"]?.string?.isEmpty == false)
        try expectNothingDone(record)
    }

    @Test("The same brought to an edition: that stays what it was, and so does what it becomes")
    func edition() throws {
        let generation = try #require(try daemon.result("subjects.replace_begin")["generation"]?.integer)
        for (record, key) in Self.bad {
            let subjects = [Self.subject(1), record].joined(separator: ",")
            let error = try daemon.call("subjects.put", "{\"generation\":\(generation),\"subjects\":[\(subjects)]}")["error"]
            #expect(error?["data"]?["at"]?.string == "subjects[1].\(key)", "\(record)")
        }
        try expectNothingDone("an edition")
        try daemon.result("subjects.put", "{\"generation\":\(generation),\"subjects\":[{\"id\":\"after\",\"lat\":0,\"lon\":0}]}")
        #expect(try daemon.result("subjects.replace_commit", "{\"generation\":\(generation)}")["subjects"]?.integer == 1)
        #expect(try daemon.result("subjects.list")["subjects"]?.array?.compactMap { $0["id"]?.string } == ["after"])
    }

    @Test("A file with bad records: each is named with its line, and nothing is imported or replaced", arguments: ["import", "replace"])
    func file(command: String) throws {
        let file = "\(daemon.directory)/register.ndjson"
        let lines = (0..<Self.good).map(Self.subject) + Self.bad.map(\.record) + ["[]", "{", ""]
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let run = command == "import" ? try control("import", file) : try control("replace", "--yes", file)
        #expect(run.ending == .exited(65), "\(run.errors)")
        let complaints = run.errors.split(separator: "\n").map(String.init)
        for (offset, (record, key)) in Self.bad.enumerated() {
            let place = "\(file):\(Self.good + offset + 1): "
            #expect(complaints.contains { $0.hasPrefix(place) && $0.contains(key) }, "\(record): \(place) is not in \(run.errors)")
        }
        #expect(complaints.count { $0.hasPrefix("\(file):") } == Self.bad.count + 2, "\(run.errors)")
        #expect(run.errors.contains("so nothing was \(command == "import" ? "imported" : "replaced")"), "\(run.errors)")
        // What a file says is shown to a terminal, which must not obey it.
        #expect(!run.errors.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
        try expectNothingDone(command)
    }

    @Test("A bad file of the other formats is refused the same way", arguments: ["import", "replace"], ["csv", "geojson"])
    func otherFormats(command: String, format: String) throws {
        let file = "\(daemon.directory)/register.\(format)"
        let text =
            format == "csv"
            ? "id,lat,lon,precision\na,0,0,\nb,0,181,\na,1,1,\nc,0,0,-1\n"
            : """
            {"type":"FeatureCollection","features":[
            {"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[0,0]}},
            {"type":"Feature","id":"b","geometry":{"type":"Point","coordinates":[181,0]}},
            {"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[1,1]}},
            {"type":"Feature","id":"c","geometry":{"type":"Point","coordinates":[0,0]},"properties":{"precision":-1}}
            ]}
            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let run = command == "import" ? try control("import", file) : try control("replace", "--yes", file)
        #expect(run.ending == .exited(65), "\(run.errors)")
        for (line, word) in [(3, "lon is 181"), (4, "the id \"a\" is there already"), (5, "precision is -1")] {
            #expect(run.errors.contains("\(file):\(line): \(word)"), "\(run.errors)")
        }
        try expectNothingDone(command)
    }

    @Test("Details as large as a request takes come back whole; one byte more is no request, and the connection lives on")
    func largeDetails() throws {
        let socket = try daemon.connect("control")
        func request(filler: Int) -> String {
            let subject = "{\"id\":\"large\",\"lat\":0,\"lon\":0,\"details\":{\"note\":\"\(String(repeating: "n", count: filler))\"}}"
            return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subjects.put\",\"params\":{\"subjects\":[\(subject)]}}"
        }
        let room = (4 << 20) - request(filler: 0).utf8.count
        try socket.send(request(filler: room + 1) + "\n")
        let refused = try socket.json()
        #expect(refused["error"]?["code"]?.integer == -32600 && refused.text.contains("\"id\":null"), "\(refused.text)")
        try expectNothingDone("a line that is too long")
        try socket.send(request(filler: room) + "\n")
        #expect(try socket.json()["result"]?["put"]?.integer == 1)
        let got = try daemon.result("subjects.get", #"{"id":"large"}"#)
        #expect(got["details"]?["note"]?.string?.utf8.count == room)
    }

    @Test("A thousand fields, keys in any script, ids that look like paths or SQL: taken as they are, and given back so")
    func oddButGood() throws {
        let ids = [
            "../../etc/passwd", "'; DROP TABLE subjects; --", "%00%2e", "a\"b\\c", "NULL", "-1", " ", "🦓", "x' OR '1'='1", "${HOME}",
        ]
        let keys = ["名前", "имя", "اسم", "🦓", "__proto__", "a b", "'", "$ref"]
        let fields = (0..<1000).map { "\"field-\($0)\":\($0)" } + keys.map { "\"\($0)\":\"\($0)\"" }
        let details = "{\(fields.joined(separator: ","))}"
        let subjects = ids.map { "{\"id\":\(JSONValue.string($0).text),\"lat\":1,\"lon\":1,\"details\":\(details)}" }
        #expect(
            try daemon.result("subjects.put", "{\"subjects\":[\(subjects.joined(separator: ","))]}")["put"]?.integer == Int64(ids.count))
        for id in ids {
            let got = try daemon.result("subjects.get", "{\"id\":\(JSONValue.string(id).text)}")
            #expect(got["id"]?.string == id)
            #expect(got["details"]?.members?.count == fields.count, "\(id)")
            for key in keys { #expect(got["details"]?[key]?.string == key, "\(id): \(key)") }
        }
        let list = ids.map { JSONValue.string($0).text }.joined(separator: ",")
        #expect(try daemon.result("subjects.remove", "{\"ids\":[\(list)]}")["removed"]?.integer == Int64(ids.count))
        try expectNothingDone("put and removed again")
    }
}
