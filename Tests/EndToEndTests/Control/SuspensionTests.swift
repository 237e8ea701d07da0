import Foundation
import Testing
import VicinityClient

@Suite("Control: subjects.suspend, subjects.resume")
struct SuspensionTests {
    /// The subject, its type, and its cause, of each event.
    private func story(_ daemon: Daemon) throws -> [String] {
        try daemon.eventLines().map { line in
            let event = try JSONValue(parsing: line)
            return [event["type"], event["subject"], event["cause"]].compactMap { $0?.string }.joined(separator: " ")
        }
    }

    private func isSuspended(_ daemon: Daemon, _ id: String) throws -> Bool? {
        try daemon.result("subjects.get", "{\"id\":\"\(id)\"}")["suspended"]?.bool
    }

    @Test("Whoever is inside leaves, nobody enters, and it says so until it is resumed")
    func suspends() throws {
        let daemon = try Daemon.running()
        try daemon.put(["a", "b"])
        try daemon.ingest([fix("u", near, 0, 0)])
        #expect(try daemon.result("subjects.suspend", #"{"id":"a","reason":"the owner asked"}"#).text == "{}")
        #expect(try isSuspended(daemon, "a") == true)
        #expect(try isSuspended(daemon, "b") == false)
        try daemon.ingest([fix("v", near, 0, 0)])
        #expect(try daemon.result("nearby", #"{"user":"u"}"#).text == #"[{"subject":"b","kind":"toll","within":250}]"#)
        let explained = try daemon.result("explain", #"{"user":"u","subject":"a"}"#)
        #expect(explained["pair"]?["subject_state"]?.string == "suspended")
        #expect(try daemon.result("subjects.resume", #"{"id":"a","reason":"a mistake"}"#).text == "{}")
        #expect(try isSuspended(daemon, "a") == false)
        #expect(
            try story(daemon) == [
                "enter a user", "enter b user", "leave a suspended", "enter b user", "enter a subject", "enter a subject",
            ])
    }

    @Test("It outlives a crash, a put, a removal and a swap of the register")
    func outlives() throws {
        let daemon = try Daemon.running()
        try daemon.put(["a"])
        try daemon.ingest([fix("u", near, 0, 0)])
        try daemon.result("subjects.suspend", #"{"id":"a","reason":"why"}"#)
        try daemon.crash()
        try daemon.start()
        #expect(try isSuspended(daemon, "a") == true)
        try daemon.put(["a"], kind: "other", latitude: 0.0005)
        #expect(try isSuspended(daemon, "a") == true)
        try daemon.result("subjects.remove", #"{"ids":["a"]}"#)
        #expect(try daemon.call("subjects.suspend", #"{"id":"a","reason":"why"}"#)["error"]?["data"]?["code"]?.string == "unknown_subject")
        let generation = try #require(try daemon.result("subjects.replace_begin")["generation"]?.integer)
        try daemon.result("subjects.put", "{\"generation\":\(generation),\"subjects\":[{\"id\":\"a\",\"lat\":0,\"lon\":0}]}")
        try daemon.result("subjects.replace_commit", "{\"generation\":\(generation)}")
        #expect(try isSuspended(daemon, "a") == true)
        try daemon.crash()
        try daemon.start()
        #expect(try isSuspended(daemon, "a") == true)
        try daemon.result("subjects.remove", #"{"ids":["a"]}"#)
        // Not in the register, but suspended.
        try daemon.result("subjects.resume", #"{"id":"a","reason":"why"}"#)
        #expect(try daemon.call("subjects.resume", #"{"id":"a","reason":"why"}"#)["error"]?["data"]?["code"]?.string == "unknown_subject")
        try daemon.put(["a"])
        #expect(try story(daemon) == ["enter a user", "leave a suspended", "enter a subject"])
    }

    @Test("Who did it and why is in the audit log, also of what changed nothing")
    func audited() throws {
        let daemon = try Daemon.running()
        try daemon.put(["a"])
        try daemon.result("subjects.suspend", #"{"id":"a","reason":"\"quoted\" 理由"}"#)
        try daemon.result("subjects.resume", #"{"id":"a","reason":"r1"}"#)
        try daemon.result("subjects.resume", #"{"id":"a","reason":"r2"}"#)
        _ = try daemon.call("subjects.suspend", #"{"id":"../../etc/passwd","reason":"r3"}"#)
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array)
        #expect(entries.map { $0["outcome"]?.string } == ["suspended", "resumed", "not_suspended", "unknown_subject"])
        #expect(entries.map { $0["detail"]?.string } == ["\"quoted\" 理由", "r1", "r2", "r3"])
        #expect(entries.map { $0["subject"]?.string } == ["a", "a", "a", "../../etc/passwd"])
        #expect(entries[0]["method"]?.string == "subjects.suspend" && entries[1]["method"]?.string == "subjects.resume")
        #expect(entries.allSatisfy { $0["user"] == nil && $0["uid"]?.integer == Int64(getuid()) })
    }

    @Test("What is missing or out of range is refused and changes nothing", arguments: ["subjects.suspend", "subjects.resume"])
    func badInput(method: String) throws {
        let daemon = try Daemon.running()
        try daemon.put(["a"])
        let long = String(repeating: "r", count: 257)
        for (params, at) in [
            (#"{"id":"a"}"#, "reason"), (#"{"id":"a","reason":""}"#, "reason"), (#"{"id":"a","reason":7}"#, "reason"),
            (#"{"id":"a","reason":null}"#, "reason"), (#"{"id":"a","reason":"a\nb"}"#, "reason"),
            (#"{"id":"a","reason":"\u0085"}"#, "reason"),
            ("{\"id\":\"a\",\"reason\":\"\(long)\"}", "reason"), (#"{"reason":"r"}"#, "id"), (#"{"id":["a"],"reason":"r"}"#, "id"),
            (#"{"id":"","reason":"r"}"#, "id"),
        ] {
            let error = try daemon.call(method, params)["error"]
            #expect(error?["code"]?.integer == -32602 && error?["data"]?["at"]?.string == at, "\(params)")
        }
        #expect(try isSuspended(daemon, "a") == false)
        #expect(try daemon.result("audit.list")["entries"]?.array == [])
    }
}
