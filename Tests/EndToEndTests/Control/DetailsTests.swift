import Foundation
import Testing
import VicinityClient

@Suite("Control: details")
struct DetailsTests {
    private static func config(_ more: String) -> String { Daemon.plain + more }

    /// A request with these values, as its bytes.
    private func ask(_ daemon: Daemon, _ user: String = "u", _ subject: String = "s", purpose: String? = "why") throws -> String {
        let purpose = purpose.map { ",\"purpose\":\($0.isEmpty ? "\"\"" : JSONValue.string($0).text)" } ?? ""
        let socket = try daemon.connect("control")
        try socket.send(
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"details\",\"params\":{\"user\":\(JSONValue.string(user).text),\"subject\":\(JSONValue.string(subject).text)\(purpose)}}\n"
        )
        return try socket.nextLine()
    }

    private func fields(_ answer: String) throws -> String? { try JSONValue(parsing: answer)["result"]?["fields"]?.text }

    private func code(_ answer: String) throws -> String? { try JSONValue(parsing: answer)["error"]?["data"]?["code"]?.string }

    private func putWithDetails(_ daemon: Daemon, _ details: String, id: String = "s") throws {
        try daemon.result("subjects.put", "{\"subjects\":[{\"id\":\"\(id)\",\"lat\":0,\"lon\":0,\"details\":\(details)}]}")
    }

    @Test("Who is inside gets the fields that are named, and nothing else")
    func allowList() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [phone, hours, 电话, none]\n"))
        let details =
            #"{"secret":"x","phone":"+86 10","hours":{"mo":[8.5,18],"secret":null},"电话":1e3,"Phone":"no","phone ":"no","nested":{"phone":1}}"#
        try putWithDetails(daemon, details)
        try daemon.ingest([fix("u", near, 0, 0)])
        #expect(try fields(ask(daemon)) == #"{"phone":"+86 10","hours":{"mo":[8.5,18],"secret":null},"电话":1000}"#)
        try putWithDetails(daemon, #"{"secret":1}"#)
        #expect(try fields(ask(daemon)) == "{}")
        try daemon.put(["s"])
        #expect(try fields(ask(daemon)) == "{}", "no details at all")
        try daemon.write(config: Daemon.plain)
        try daemon.result("config.reload")
        try putWithDetails(daemon, details)
        #expect(try fields(ask(daemon)) == "{}", "nothing is shown that is not named")
    }

    @Test("Every refusal is the same to the byte, whatever its reason")
    func refusals() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [phone]\n"))
        try putWithDetails(daemon, #"{"phone":1}"#)
        try putWithDetails(daemon, #"{"phone":1}"#, id: "suspended")
        try daemon.put(["far"], latitude: far)
        try daemon.ingest([fix("u", near, 0, 0), fix("v", 50, 0, 0)])
        try daemon.result("subjects.suspend", #"{"id":"suspended","reason":"why"}"#)
        let answers = [
            try ask(daemon, "u", "far"), try ask(daemon, "v", "s"), try ask(daemon, "u", "suspended"), try ask(daemon, "u", "unknown"),
            try ask(daemon, "nobody", "s"), try ask(daemon, "nobody", "unknown"),
            try ask(daemon, "' OR 1=1 --", "../../etc/passwd"),
        ]
        #expect(Set(answers).count == 1, "\(answers)")
        #expect(try code(answers[0]) == "not_near")
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array).filter { $0["method"]?.string == "details" }
        #expect(entries.allSatisfy { $0["outcome"]?.string == "not_near" && $0["purpose"]?.string == "why" && $0["fields"] == nil })
        #expect(
            entries.map { $0["detail"]?.string } == [
                "outside", "outside", "suspended", "unknown_subject", "unknown_user", "unknown_user", "unknown_user",
            ])
        #expect(try daemon.result("audit.verify")["intact"]?.bool == true)
        // Resumed, the pair has entered anew.
        try daemon.result("subjects.resume", #"{"id":"suspended","reason":"why"}"#)
        #expect(try fields(ask(daemon, "u", "suspended")) == #"{"phone":1}"#)
    }

    @Test("What was granted is written down with its purpose and the fields")
    func audited() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [b, a]\n"))
        try putWithDetails(daemon, #"{"a":1,"x":2,"b":3}"#)
        try daemon.ingest([fix("u-17", near, 0, 0)])
        #expect(try fields(ask(daemon, "u-17", purpose: #"he said "why" \ 为什么"#)) == #"{"a":1,"b":3}"#)
        try daemon.crash()
        try daemon.start()
        let entry = try #require(try daemon.result("audit.list")["entries"]?.array?.last)
        #expect(entry["outcome"]?.string == "granted" && entry["subject"]?.string == "s")
        #expect(entry["purpose"]?.string == #"he said "why" \ 为什么"#)
        #expect(entry["fields"]?.array?.compactMap(\.string) == ["a", "b"])
        #expect(entry["user"]?.string?.count == 16 && entry["uid"]?.integer == Int64(getuid()))
        #expect(!entry.text.contains("u-17"))
    }

    @Test("For a while after a leave details may still be asked for, and not longer, also across a crash")
    func grace() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [a]\n  details_grace: 3s\n"))
        try putWithDetails(daemon, #"{"a":1}"#)
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0), fix("u", far, 0, 1000)])
        #expect(try fields(ask(daemon)) == #"{"a":1}"#)
        try daemon.crash()
        try daemon.start()
        #expect(try fields(ask(daemon)) == #"{"a":1}"#, "the leave stands in the log")
        #expect(try fields(ask(daemon, "v")) == #"{"a":1}"#)
        _ = try eventually("the end of the grace") { try code(ask(daemon)) == "not_near" ? true : nil }
        try daemon.crash()
        try daemon.start()
        #expect(try code(ask(daemon)) == "not_near")
        #expect(try fields(ask(daemon, "v")) == #"{"a":1}"#)
    }

    @Test("A grace of 0 is none")
    func noGrace() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [a]\n  details_grace: 0\n"))
        try putWithDetails(daemon, #"{"a":1}"#)
        try daemon.ingest([fix("u", near, 0, 0)])
        #expect(try fields(ask(daemon)) == #"{"a":1}"#)
        try daemon.ingest([fix("u", far, 0, 1000)])
        #expect(try code(ask(daemon)) == "not_near")
    }

    @Test("What is missing or out of range is refused before anything is told, the purpose first")
    func badInput() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0)])
        let long = String(repeating: "p", count: 257)
        for (params, at) in [
            (#"{"user":"u","subject":"s"}"#, "purpose"), (#"{}"#, "purpose"), (#"{"user":"u","subject":"s","purpose":""}"#, "purpose"),
            (#"{"user":"u","subject":"s","purpose":null}"#, "purpose"), (#"{"user":"u","subject":"s","purpose":5}"#, "purpose"),
            (#"{"user":"u","subject":"s","purpose":"a\tb"}"#, "purpose"), (#"{"user":"u","subject":"s","purpose":"\u0000"}"#, "purpose"),
            (#"{"user":"u","subject":"s","purpose":"\u009f"}"#, "purpose"),
            ("{\"user\":\"u\",\"subject\":\"s\",\"purpose\":\"\(long)\"}", "purpose"), (#"{"subject":"s","purpose":"p"}"#, "user"),
            (#"{"user":"u","purpose":"p"}"#, "subject"), (#"{"user":"","subject":"s","purpose":"p"}"#, "user"),
            (#"{"user":"u","subject":{"id":"s"},"purpose":"p"}"#, "subject"),
        ] {
            let error = try daemon.call("details", params)["error"]
            #expect(error?["code"]?.integer == -32602 && error?["data"]?["code"]?.string == "bad_value", "\(params)")
            #expect(error?["data"]?["at"]?.string == at, "\(params)")
        }
        #expect(try daemon.result("audit.list")["entries"]?.array == [])
    }

    @Test("Details of almost a whole line, of 1,000 fields and with any keys come back as they were put")
    func largeDetails() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [big, f500, ключ, '🙂', \"a'b\"]\n"))
        try daemon.ingest([fix("u", near, 0, 0)])
        let big = String(repeating: "x", count: (4 << 20) - 300)
        try putWithDetails(daemon, "{\"big\":\"\(big)\"}")
        #expect(try fields(ask(daemon)) == "{\"big\":\"\(big)\"}")
        let many = (0..<1000).map { "\"f\($0)\":\($0)" }.joined(separator: ",")
        try putWithDetails(daemon, "{\(many),\"ключ\":\"з\",\"🙂\":[1],\"a'b\":true,\"\":0}")
        #expect(try fields(ask(daemon)) == #"{"f500":500,"ключ":"з","🙂":[1],"a'b":true}"#)
        for wrong in ["[1]", "\"text\"", "7", "true"] {
            let error = try daemon.call("subjects.put", "{\"subjects\":[{\"id\":\"s\",\"lat\":0,\"lon\":0,\"details\":\(wrong)}]}")["error"]
            #expect(error?["data"]?["code"]?.string == "bad_value" && error?["data"]?["at"]?.string == "subjects[0].details")
        }
        #expect(try fields(ask(daemon)) == #"{"f500":500,"ключ":"з","🙂":[1],"a'b":true}"#, "what is refused changes nothing")
    }

    @Test("The budget is exact at its count and across crashes; what is refused does not count")
    func budget() throws {
        let daemon = try Daemon.running(config: Self.config("  disclose: [a]\n  details_per_user: 3/1h\n"))
        try putWithDetails(daemon, #"{"a":1}"#)
        try daemon.put(["far"], latitude: far)
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0)])
        #expect(try code(ask(daemon, "u", "far")) == "not_near")
        for _ in 0..<2 { #expect(try fields(ask(daemon)) == #"{"a":1}"#) }
        try daemon.crash()
        try daemon.start()
        #expect(try fields(ask(daemon)) == #"{"a":1}"#)
        for _ in 0..<2 { #expect(try code(ask(daemon)) == "limit_reached") }
        try daemon.crash()
        try daemon.start()
        #expect(try code(ask(daemon)) == "limit_reached")
        #expect(try code(ask(daemon, "u", "far")) == "not_near", "nearness comes first")
        #expect(try fields(ask(daemon, "v")) == #"{"a":1}"#, "each user has their own")
        // Nor does it help to sign off and come back.
        try daemon.ingest([#"{"user":"u","gone":true}"#, #"{"user":"u","lat":0,"lon":0}"#])
        #expect(try code(ask(daemon)) == "limit_reached")
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array)
        #expect(
            entries.map { $0["outcome"]?.string } == [
                "not_near", "granted", "granted", "granted", "limit_reached", "limit_reached", "limit_reached", "not_near", "granted",
                "limit_reached",
            ])
        #expect(entries.allSatisfy { ($0["fields"] != nil) == ($0["outcome"]?.string == "granted") })
    }
}
