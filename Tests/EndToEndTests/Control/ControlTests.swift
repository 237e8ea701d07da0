import Foundation
import Testing
import VicinityClient

@Suite("Control: JSON-RPC")
struct ControlTests {
    private func request(_ id: String, _ method: String, _ params: String? = nil) -> String {
        "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"\(method)\"\(params.map { ",\"params\":\($0)" } ?? "")}\n"
    }

    @Test(
        "What is wrong with a request has the standard's number, and the connection lives on",
        arguments: [
            ("nonsense", -32700, "null"), ("{", -32700, "null"), (#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, -32600, "null"),
            ("[]", -32600, "null"),
            ("7", -32600, "null"), (#"{"jsonrpc":"2.0","id":5}"#, -32600, "5"), (#"{"jsonrpc":"2.0","id":5,"method":7}"#, -32600, "5"),
            (#"{"jsonrpc":"2.0","id":"x","method":"reboot"}"#, -32601, "\"x\""),
            (#"{"jsonrpc":"2.0","id":5,"method":"status","params":[]}"#, -32602, "5"),
            (#"{"jsonrpc":"2.0","id":5,"method":"subjects.get","params":{}}"#, -32602, "5"),
        ])
    func standardErrors(line: String, code: Int64, id: String) throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("control")
        try socket.send(line + "\n" + request("6", "status"))
        let response = try socket.nextLine()
        let json = try JSONValue(parsing: response)
        #expect(json["jsonrpc"]?.string == "2.0")
        #expect(json["error"]?["code"]?.integer == code)
        #expect(json["error"]?["message"]?.string?.isEmpty == false)
        #expect(json["result"] == nil)
        #expect(response.contains("\"id\":\(id)"), "\(response)")
        #expect(try socket.json()["id"]?.integer == 6)
    }

    @Test("A line of 4 MiB is a line, one more is too long, and the connection lives on")
    func longLine() throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("control")
        let frame = request("1", "status", #"{"x":""}"#).utf8.count - 1
        for extra in [0, 1] {
            try socket.send(request("1", "status", "{\"x\":\"\(String(repeating: "x", count: (4 << 20) - frame + extra))\"}"))
            let response = try socket.nextLine()
            if extra == 0 {
                #expect(response.contains("\"ready\":true"))
            } else {
                #expect(response.contains("\"code\":-32600") && response.contains("\"id\":null"), "\(response)")
            }
        }
        try socket.send(request("2", "status"))
        #expect(try socket.json()["id"]?.integer == 2)
    }

    @Test("Notifications get no answer, and happen; answers come in the order of the requests, with the ids as they were")
    func pipelined() throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("control")
        var lines = "{\"jsonrpc\":\"2.0\",\"method\":\"subjects.put\",\"params\":{\"subjects\":[{\"id\":\"s\",\"lat\":1,\"lon\":2}]}}\n"
        lines += "{\"jsonrpc\":\"2.0\",\"method\":\"reboot\"}\n"
        for number in 0..<100 {
            let method = ["status", "subjects.get", "reboot", "subjects.put", "users.get"][number % 5]
            let params = [
                "{}", #"{"id":"s"}"#, "{}", "{\"subjects\":[{\"id\":\"t-\(number)\",\"lat\":0,\"lon\":0}]}", #"{"user":"nobody"}"#,
            ][number % 5]
            lines += request(number % 2 == 0 ? "\(number)" : "\"n-\(number)\"", method, params)
        }
        try socket.send(lines)
        // Half-closing does not cut off what was asked.
        socket.endOutput()
        let responses = try socket.linesToEnd().map { try JSONValue(parsing: $0) }
        #expect(responses.count == 100)
        for (number, response) in responses.enumerated() {
            #expect(number % 2 == 0 ? response["id"]?.integer == Int64(number) : response["id"]?.string == "n-\(number)")
            switch number % 5 {
            case 0: #expect(response["result"]?["subjects"]?.integer == Int64(1 + number / 5))
            case 1: #expect(response["result"]?["lat"]?.double == 1)
            case 2: #expect(response["error"]?["code"]?.integer == -32601)
            case 3: #expect(response["result"]?["put"]?.integer == 1)
            default: #expect(response["error"]?["data"]?["code"]?.string == "unknown_user")
            }
        }
    }

    @Test("status says what the contract lists, and counts right")
    func status() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s", "t"])
        let (subscriber, _) = try daemon.subscribe()
        try daemon.ingest([fix("a", near, 0, 0), fix("b", far, 0, 0), fix("b", far, 0, 0), "bad"])
        let inaccurate = try daemon.ingest([fix("a", far, 0, 1, ",\"acc\":2000000")])
        #expect(inaccurate.last == .ack(1))
        let status = try daemon.result("status")
        #expect(
            status.members?.map(\.key).sorted() == [
                "connections", "events", "fixes", "health", "log", "pairs_inside", "pid", "rates", "ready", "subjects", "subscribers",
                "uptime_ms", "users", "version", "withheld",
            ])
        #expect(status["pid"]?.integer == daemon.program.map { Int64($0.pid) })
        #expect(try #require(status["uptime_ms"]?.integer) >= 0)
        #expect(status["ready"]?.bool == true)
        #expect(status["health"]?["state"]?.string != nil && status["health"]?["reasons"]?.array != nil)
        #expect(status["users"]?.integer == 2)
        #expect(status["subjects"]?.integer == 2)
        #expect(status["pairs_inside"]?.integer == 2)
        #expect(status["connections"]?["events"]?.integer == 1)
        #expect(status["connections"]?["control"]?.integer ?? 0 >= 1)
        #expect(status["fixes"]?.text == #"{"accepted":2,"stale":1,"inaccurate":1,"implausible":0,"invalid":1}"#)
        #expect(status["events"]?.text == #"{"head":2,"oldest":1}"#)
        #expect(try #require(status["log"]?["bytes"]?.integer) > 0)
        #expect(status["subscribers"]?.array == [])
        #expect(status["rates"]?["fixes_per_s"]?.double != nil && status["rates"]?["events_per_s"]?.double != nil)
        #expect(try Event(try subscriber.nextLine()).seq == 1)
    }

    @Test("users.get: where a user's halo stands, and what is inside, by id")
    func user() throws {
        let daemon = try Daemon.running()
        try daemon.put(["t", "s"])
        try daemon.put(["elsewhere"], latitude: far)
        try daemon.ingest([
            fix("a", near, 0, 7, ",\"radius\":300"), fix("b", near, 0, 7), "{\"user\":\"b\",\"gone\":true,\"ts\":\(noon + 8)}",
        ])
        #expect(
            try daemon.result("users.get", #"{"user":"a"}"#).text
                == "{\"user\":\"a\",\"ts\":\(noon + 7),\"radius\":300,\"inside\":[\"s\",\"t\"]}")
        for user in ["b", "nobody"] {
            let error = try daemon.call("users.get", "{\"user\":\"\(user)\"}")["error"]
            #expect(error?["code"]?.integer == -32000)
            #expect(error?["data"]?["code"]?.string == "unknown_user")
        }
    }

    @Test("config.get shows each value with its origin; config.reload takes a good file and refuses a bad one")
    func configuration() throws {
        let daemon = try Daemon.running(config: "halo:\n  radius: 300\n")
        func radius() throws -> JSONValue? { try daemon.result("config.get")["halo.radius"] }
        #expect(try radius()?["value"]?.double == 300)
        #expect(try radius()?["origin"]?.string?.hasSuffix("vicinityd.yaml:2") == true)
        #expect(try daemon.result("config.get")["halo.leave_margin"]?["origin"]?.string == "default")
        try daemon.write(config: "halo:\n  radius: 200\nlimits:\n  connections: 100\n")
        #expect(try daemon.result("config.reload")["changed"]?.array?.contains(.string("halo.radius")) == true)
        #expect(try radius()?["value"]?.double == 200)
        try daemon.write(config: "halo:\n  radius: 100\n  radios: 1\nfixes:\n  max_speed: -1\n")
        let refused = try daemon.call("config.reload")
        #expect(refused["error"]?["data"]?["code"]?.string == "bad_value")
        let message = try #require(refused["error"]?["message"]?.string)
        #expect(message.contains("vicinityd.yaml:3: halo.radios:") && message.contains("vicinityd.yaml:5: fixes.max_speed:"), "\(message)")
        #expect(try radius()?["value"]?.double == 200, "the old settings stay")
    }
}
