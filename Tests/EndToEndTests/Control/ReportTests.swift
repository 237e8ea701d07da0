import Foundation
import Testing
import VicinityClient

@Suite("Control: reports.*")
struct ReportTests {
    private func report(
        _ daemon: Daemon, _ user: String, _ subject: String = "s", kind: String = "dispute", text: String = "gone"
    ) throws -> JSONValue {
        let params = [("user", user), ("subject", subject), ("kind", kind), ("text", text)]
        return try daemon.call("reports.create", JSONValue.object(params.map { JSONValue.Member($0, .string($1)) }).text)
    }

    private func code(_ answer: JSONValue) -> String? { answer["error"]?["data"]?["code"]?.string }

    private func isSuspended(_ daemon: Daemon, _ id: String = "s") throws -> Bool? {
        try daemon.result("subjects.get", "{\"id\":\"\(id)\"}")["suspended"]?.bool
    }

    private func story(_ daemon: Daemon) throws -> [String] {
        try daemon.eventLines().map { line in
            let event = try JSONValue(parsing: line)
            let number = event["report"]?.integer.map { " \($0)" } ?? ""
            return [event["type"], event["user"], event["subject"], event["cause"], event["report_kind"]].compactMap { $0?.string }
                .joined(separator: " ") + number
        }
    }

    @Test("A dispute is logged, then suspends, and the last one that is resolved brings the subject back")
    func dispute() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0)])
        #expect(try report(daemon, "u", kind: "tip", text: "they moved")["result"]?.text == #"{"report":1}"#)
        #expect(try isSuspended(daemon) == false)
        #expect(try report(daemon, "v", text: "zu\n\tspät \"'; DROP TABLE reports; --")["result"]?.text == #"{"report":2}"#)
        #expect(try isSuspended(daemon) == true)
        #expect(code(try report(daemon, "u")) == "not_near", "who is suspended cannot be reported")
        try daemon.crash()
        try daemon.start()
        #expect(try isSuspended(daemon) == true)
        let all = try daemon.result("reports.list")["reports"]?.array ?? []
        #expect(all.map { $0["report"]?.integer } == [1, 2] && all.map { $0["state"]?.string } == ["open", "open"])
        #expect(all[1]["text"]?.string == "zu\n\tspät \"'; DROP TABLE reports; --" && all[1]["user"]?.string == "v")
        #expect(try daemon.result("reports.resolve", #"{"report":1,"outcome":"thanks"}"#).text == "{}")
        #expect(try isSuspended(daemon) == true)
        #expect(try daemon.result("reports.resolve", #"{"report":2,"outcome":"kept","note":"looked\nat it"}"#).text == "{}")
        #expect(try isSuspended(daemon) == false)
        #expect(
            try story(daemon) == [
                "enter u s user", "enter v s user", "report u s tip 1", "report v s dispute 2", "leave u s suspended",
                "leave v s suspended",
                "enter u s subject", "enter v s subject",
            ])
        let resolved = try daemon.result("reports.list", #"{"state":"resolved","after":1}"#)["reports"]?.array ?? []
        #expect(resolved.count == 1 && resolved[0]["outcome"]?.string == "kept" && resolved[0]["note"]?.string == "looked\nat it")
        #expect(try daemon.result("reports.list", #"{"state":"open"}"#).text == #"{"reports":[]}"#)
        let page = try daemon.result("reports.list", #"{"limit":1}"#)
        #expect(page["reports"]?.array?.count == 1 && page["next"]?.integer == 1)
        try daemon.crash()
        try daemon.start()
        #expect(try isSuspended(daemon) == false)
        #expect(try report(daemon, "u", kind: "tip")["result"]?["report"]?.integer == 3, "a number is never given twice")
    }

    @Test("From so many different users, until every such report is resolved; an operator's suspension is another matter")
    func differentUsers() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "reports:\n  suspend_after: 2\n")
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0)])
        for _ in 0..<3 { _ = try report(daemon, "u") }
        #expect(try isSuspended(daemon) == false, "three times the same user")
        try daemon.crash()
        try daemon.start()
        _ = try report(daemon, "v")
        #expect(try isSuspended(daemon) == true)
        try daemon.result("subjects.resume", #"{"id":"s","reason":"no"}"#)
        #expect(try isSuspended(daemon) == true, "an operator resumes what operators suspend")
        for number in [4, 1, 2] {
            try daemon.result("reports.resolve", "{\"report\":\(number),\"outcome\":\"kept\"}")
            #expect(try isSuspended(daemon) == true)
        }
        try daemon.result("subjects.suspend", #"{"id":"s","reason":"mine"}"#)
        try daemon.result("reports.resolve", #"{"report":3,"outcome":"kept"}"#)
        #expect(try isSuspended(daemon) == true, "the operator's is left")
        try daemon.result("subjects.resume", #"{"id":"s","reason":"mine"}"#)
        #expect(try isSuspended(daemon) == false)
    }

    @Test("The outcome removed takes the subject out of the register")
    func removes() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s", "t"])
        try daemon.ingest([fix("u", near, 0, 0)])
        _ = try report(daemon, "u")
        try daemon.result("reports.resolve", #"{"report":1,"outcome":"removed"}"#)
        #expect(code(try daemon.call("subjects.get", #"{"id":"s"}"#)) == "unknown_subject")
        #expect(try daemon.result("status")["subjects"]?.integer == 1)
        #expect(try story(daemon).suffix(2) == ["report u s dispute 1", "leave u s suspended"])
        try daemon.put(["s"])
        #expect(try isSuspended(daemon) == false)
    }

    @Test("Who is not near reports nothing, and all refusals are the same")
    func refusals() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s", "suspended"])
        try daemon.put(["far"], latitude: far)
        try daemon.ingest([fix("u", near, 0, 0)])
        try daemon.result("subjects.suspend", #"{"id":"suspended","reason":"why"}"#)
        let answers = [
            try report(daemon, "u", "far"), try report(daemon, "u", "suspended"), try report(daemon, "u", "unknown"),
            try report(daemon, "nobody", "s"), try report(daemon, "../u", "s' OR ''='"),
        ]
        #expect(Set(answers.map(\.text)).count == 1 && code(answers[0]) == "not_near", "\(answers.map(\.text))")
        #expect(try daemon.result("reports.list")["reports"]?.array == [])
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array).filter { $0["method"]?.string == "reports.create" }
        #expect(entries.allSatisfy { $0["outcome"]?.string == "not_near" && $0["user"]?.string?.count == 16 })
        #expect(entries.map { $0["detail"]?.string } == ["outside", "suspended", "unknown_subject", "unknown_user", "unknown_user"])
        try daemon.ingest([fix("u", far, 0, 1000)])
        #expect(try report(daemon, "u", "s", kind: "tip")["result"]?["report"]?.integer == 1, "the same grace as for details")
    }

    @Test("Who reported, who decided and what it did is in the audit log, and users only as hashes")
    func audited() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u-17", near, 0, 0)])
        _ = try report(daemon, "u-17", text: "what I saw")
        try daemon.result("reports.list")
        try daemon.result("reports.resolve", #"{"report":1,"outcome":"kept","note":"n"}"#)
        _ = try daemon.call("reports.resolve", #"{"report":1,"outcome":"other"}"#)
        _ = try daemon.call("reports.resolve", #"{"report":9,"outcome":"kept"}"#)
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array)
        #expect(entries.map { $0["outcome"]?.string } == ["reported", "shown", "resolved", "not_open", "unknown_report"])
        #expect(entries[0]["detail"]?.string == "report 1, dispute, which suspends the subject")
        #expect(entries[2]["detail"]?.string == "report 1, kept, which ends the dispute")
        #expect(entries[0]["user"]?.string?.count == 16 && entries[0]["subject"]?.string == "s" && entries[2]["subject"]?.string == "s")
        #expect(!entries.map(\.text).joined().contains("u-17") && !entries.map(\.text).joined().contains("what I saw"))
    }

    @Test("A report is resolved once; the same words again are no mistake, other words are")
    func resolvedOnce() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0)])
        _ = try report(daemon, "u", kind: "tip")
        for _ in 0..<2 { try daemon.result("reports.resolve", #"{"report":1,"outcome":"kept","note":"n"}"#) }
        for params in [#"{"report":1,"outcome":"removed","note":"n"}"#, #"{"report":1,"outcome":"kept"}"#] {
            let error = try daemon.call("reports.resolve", params)
            #expect(code(error) == "bad_value" && error["error"]?["data"]?["at"]?.string == "report", "\(params)")
        }
        #expect(try daemon.result("status")["subjects"]?.integer == 1)
        for number in ["2", "0", "-1", "9007199254740993"] {
            #expect(
                code(try daemon.call("reports.resolve", "{\"report\":\(number),\"outcome\":\"kept\"}")) == "unknown_report", "\(number)")
        }
    }

    @Test("What is missing or out of range is refused and changes nothing")
    func badInput() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0)])
        let long = String(repeating: "ä", count: 2049)
        let common = #""user":"u","subject":"s""#
        for (method, params, at) in [
            ("reports.create", "{\(common),\"text\":\"t\"}", "kind"),
            ("reports.create", "{\(common),\"kind\":\"other\",\"text\":\"t\"}", "kind"),
            ("reports.create", "{\(common),\"kind\":7,\"text\":\"t\"}", "kind"), ("reports.create", "{\(common),\"kind\":\"tip\"}", "text"),
            ("reports.create", "{\(common),\"kind\":\"tip\",\"text\":[\"t\"]}", "text"),
            ("reports.create", "{\(common),\"kind\":\"tip\",\"text\":\"a\\u0007\"}", "text"),
            ("reports.create", "{\(common),\"kind\":\"tip\",\"text\":\"a\\rb\"}", "text"),
            ("reports.create", "{\(common),\"kind\":\"tip\",\"text\":\"\\u0080\"}", "text"),
            ("reports.create", "{\(common),\"kind\":\"tip\",\"text\":\"\(long)\"}", "text"),
            ("reports.create", #"{"subject":"s","kind":"tip","text":"t"}"#, "user"),
            ("reports.create", #"{"user":"u","kind":"tip","text":"t"}"#, "subject"),
            ("reports.list", #"{"state":"closed"}"#, "state"), ("reports.list", #"{"state":1}"#, "state"),
            ("reports.list", #"{"after":-1}"#, "after"), ("reports.list", #"{"limit":0}"#, "limit"),
            ("reports.resolve", #"{"outcome":"kept"}"#, "report"), ("reports.resolve", #"{"report":"1","outcome":"kept"}"#, "report"),
            ("reports.resolve", #"{"report":1.5,"outcome":"kept"}"#, "report"), ("reports.resolve", #"{"report":1}"#, "outcome"),
            ("reports.resolve", #"{"report":1,"outcome":""}"#, "outcome"),
            ("reports.resolve", #"{"report":1,"outcome":"a\nb"}"#, "outcome"),
            ("reports.resolve", #"{"report":1,"outcome":"kept","note":7}"#, "note"),
            ("reports.resolve", #"{"report":1,"outcome":"kept","note":"\u0000"}"#, "note"),
        ] {
            let error = try daemon.call(method, params)["error"]
            #expect(
                error?["code"]?.integer == -32602 && error?["data"]?["at"]?.string == at,
                "\(method) \(params.prefix(100)): \(error?.text ?? "-")")
        }
        #expect(try daemon.result("audit.list")["entries"]?.array == [])
        let most = String(repeating: "ä", count: 2048)
        #expect(try report(daemon, "u", kind: "tip", text: most)["result"]?["report"]?.integer == 1)
        #expect(try report(daemon, "u", kind: "tip", text: "")["result"]?["report"]?.integer == 2)
    }

    @Test("A user may report so often and no more, also across a crash; details have a budget of their own")
    func budget() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "reports:\n  per_user: 2/1d\n")
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0)])
        #expect(try report(daemon, "u", kind: "tip")["result"]?["report"]?.integer == 1)
        try daemon.crash()
        try daemon.start()
        #expect(try report(daemon, "u", kind: "tip")["result"]?["report"]?.integer == 2)
        #expect(code(try report(daemon, "u", kind: "dispute")) == "limit_reached")
        #expect(try isSuspended(daemon) == false, "what is refused does nothing")
        try daemon.crash()
        try daemon.start()
        #expect(code(try report(daemon, "u", kind: "tip")) == "limit_reached")
        #expect(try daemon.result("details", #"{"user":"u","subject":"s","purpose":"p"}"#).text == #"{"fields":{}}"#)
        #expect(try report(daemon, "v", kind: "tip")["result"]?["report"]?.integer == 3)
        #expect(try daemon.result("reports.list")["reports"]?.array?.count == 3)
    }
}
