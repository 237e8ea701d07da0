import Foundation
import Testing
import VicinityClient

@Suite("Control: editions of the register")
struct EditionTests {
    private func begin(_ daemon: Daemon) throws -> Int {
        Int(try #require(try daemon.result("subjects.replace_begin", "{}")["generation"]?.integer))
    }

    private func subject(_ id: String, _ latitude: Double = 0) -> String { "{\"id\":\"\(id)\",\"lat\":\(latitude),\"lon\":0}" }

    private func code(_ answer: JSONValue) -> String? { answer["error"]?["data"]?["code"]?.string }

    @Test("Nothing is seen before the commit; then all at once, and what both have stays inside without an event")
    func swap() throws {
        let daemon = try Daemon.running()
        try daemon.put(["stays", "goes", "moves"])
        try daemon.ingest([fix("u", near, 0, 0)])
        let generation = try begin(daemon)
        let staged = [subject("stays"), subject("comes"), subject("moves", 1)].joined(separator: ",")
        #expect(try daemon.result("subjects.put", "{\"generation\":\(generation),\"subjects\":[\(staged)]}").text == #"{"put":3}"#)
        #expect(try daemon.events().count == 3)
        #expect(try code(daemon.call("subjects.get", #"{"id":"comes"}"#)) == "unknown_subject")
        #expect(try daemon.result("subjects.replace_commit", "{\"generation\":\(generation)}").text == #"{"subjects":3}"#)
        let events = try daemon.events()
        #expect(
            events.map { "\($0.type) \($0.subject) \($0.cause)" }.suffix(3) == [
                "leave goes removed", "leave moves subject", "enter comes subject",
            ])
        expectSound(events)
        #expect(
            try daemon.result("subjects.list", "{}")["subjects"]?.array?.compactMap { $0["id"]?.string } == ["comes", "moves", "stays"])
        #expect(try daemon.result("users.get", #"{"user":"u"}"#)["inside"]?.array?.compactMap(\.string) == ["comes", "stays"])
    }

    @Test("Other puts and removes apply to both editions")
    func both() throws {
        let daemon = try Daemon.running()
        try daemon.put(["a", "b"])
        let generation = try begin(daemon)
        try daemon.result("subjects.put", "{\"generation\":\(generation),\"subjects\":[\(subject("a")),\(subject("b"))]}")
        try daemon.put(["c"])
        try daemon.result("subjects.remove", #"{"ids":["b"]}"#)
        #expect(try daemon.result("subjects.list", "{}")["subjects"]?.array?.compactMap { $0["id"]?.string } == ["a", "c"])
        #expect(try daemon.result("subjects.replace_commit", "{\"generation\":\(generation)}").text == #"{"subjects":2}"#)
        #expect(try daemon.result("subjects.list", "{}")["subjects"]?.array?.compactMap { $0["id"]?.string } == ["a", "c"])
    }

    @Test("One at a time; what was aborted, committed or never begun is unknown")
    func oneAtATime() throws {
        let daemon = try Daemon.running()
        try daemon.put(["a"])
        let first = try begin(daemon)
        let refusal = try daemon.call("subjects.replace_begin", "{}")
        #expect(code(refusal) == "in_use")
        #expect(refusal["error"]?["message"]?.string?.contains("generation \(first)") == true, "so that somebody else can abort it")
        let put = "{\"generation\":\(first),\"subjects\":[\(subject("b"))]}"
        #expect(try code(daemon.call("subjects.put", "{\"generation\":\(first + 1),\"subjects\":[]}")) == "unknown_generation")
        try daemon.result("subjects.put", put)
        #expect(try daemon.result("subjects.replace_abort", "{\"generation\":\(first)}").text == "{}")
        for method in ["subjects.replace_abort", "subjects.replace_commit"] {
            #expect(try code(daemon.call(method, "{\"generation\":\(first)}")) == "unknown_generation")
        }
        #expect(try code(daemon.call("subjects.put", put)) == "unknown_generation")
        let second = try begin(daemon)
        #expect(second > first)
        #expect(try daemon.result("subjects.list", "{}")["subjects"]?.array?.count == 1)
        #expect(try daemon.result("subjects.replace_commit", "{\"generation\":\(second)}").text == #"{"subjects":0}"#)
        for params in ["{}", #"{"generation":"1"}"#, #"{"generation":1.5}"#] {
            let answer = try daemon.call("subjects.replace_commit", params)
            #expect(code(answer) == "bad_value" && answer["error"]?["data"]?["at"]?.string == "generation")
        }
    }

    @Test("A generation does not outlive the daemon, and no later one has its number; a swap does", arguments: [false, true])
    func crash(isSwapped: Bool) throws {
        let daemon = try Daemon.running()
        try daemon.put(["a"])
        try daemon.ingest([fix("u", near, 0, 0)])
        let generation = try begin(daemon)
        try daemon.result("subjects.put", "{\"generation\":\(generation),\"subjects\":[\(subject("b"))]}")
        if isSwapped { try daemon.result("subjects.replace_commit", "{\"generation\":\(generation)}") }
        try daemon.crash()
        try daemon.start()
        #expect(try code(daemon.call("subjects.replace_commit", "{\"generation\":\(generation)}")) == "unknown_generation")
        let inside = try daemon.result("users.get", #"{"user":"u"}"#)["inside"]?.array?.compactMap(\.string)
        #expect(inside == [isSwapped ? "b" : "a"])
        #expect(try begin(daemon) > generation)
        expectSound(try daemon.events())
    }
}
