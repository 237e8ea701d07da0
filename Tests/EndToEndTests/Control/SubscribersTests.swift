import Foundation
import Testing
import VicinityClient

@Suite("Control: subscribers")
struct SubscribersTests {
    private func list(_ daemon: Daemon) throws -> [JSONValue] { try #require(try daemon.result("subscribers.list")["subscribers"]?.array) }

    private func summary(_ entry: JSONValue) -> String {
        "\(entry["name"]?.string ?? "?") \(entry["acked"]?.integer ?? -1) \(entry["lag"]?.integer ?? -1) \(entry["connected"]?.bool ?? false)"
    }

    @Test("The list, and status: each durable cursor by name, how far it is behind, and whether it is connected")
    func listed() throws {
        let daemon = try Daemon.running()
        #expect(try list(daemon).isEmpty)
        try daemon.put(["s"])
        let (relay, _) = try daemon.subscribe(#"{"name":"relay-2"}"#)
        _ = try daemon.subscribe(#"{"name":"relay-1"}"#)
        let (unnamed, _) = try daemon.subscribe()
        try daemon.ingest((0..<10).map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0)) })
        try relay.send("{\"ack\":7}\n")
        try daemon.waitUntilAcked("relay-2", 7)
        _ = try eventually("the end of relay-1's connection") { try daemon.subscriber("relay-1")?["connected"]?.bool == false ? true : nil }
        let expected = ["relay-1 0 10 false", "relay-2 7 3 true"]
        #expect(try list(daemon).map(summary) == expected)
        #expect(try daemon.result("status")["subscribers"]?.array?.map(summary) == expected)
        #expect(try Event(try unnamed.nextLine()).seq == 1)
        try daemon.stop()
        try daemon.start()
        #expect(try list(daemon).map(summary) == ["relay-1 0 10 false", "relay-2 7 3 false"])
        #expect(try daemon.result("status")["subscribers"]?.array?.map(summary) == ["relay-1 0 10 false", "relay-2 7 3 false"])
    }

    @Test("Removing: unknown, in use, gone for good when it is answered; the name is a new one then")
    func removed() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest((0..<4).map { fix("u", $0 % 2 == 0 ? near : far, 0, Int64($0)) })
        let unknown = try daemon.call("subscribers.remove", #"{"name":"r"}"#)["error"]
        #expect(unknown?["code"]?.integer == -32000 && unknown?["data"]?["code"]?.string == "unknown_subscriber")
        do {
            let (relay, _) = try daemon.subscribe(#"{"name":"r","after":1}"#)
            let inUse = try daemon.call("subscribers.remove", #"{"name":"r"}"#)["error"]
            #expect(inUse?["code"]?.integer == -32000 && inUse?["data"]?["code"]?.string == "in_use")
            #expect(try Event(try relay.nextLine()).seq == 2, "it lives on")
        }
        try daemon.result("subscribers.remove", #"{"name":"r"}"#)
        #expect(try list(daemon).isEmpty)
        try daemon.crash()
        try daemon.start()
        #expect(try list(daemon).isEmpty)
        #expect(try daemon.result("status")["subscribers"]?.array == [])
        #expect(try daemon.subscribe(#"{"name":"r","after":3}"#).answer["after"]?.integer == 3, "`after` counts again")
    }

    @Test("A name can be removed as soon as its connection is closed")
    func removedAtOnce() throws {
        let daemon = try Daemon.running()
        for round in 0..<50 {
            do { _ = try daemon.subscribe(#"{"name":"r"}"#) }
            let answer = try daemon.call("subscribers.remove", #"{"name":"r"}"#)
            #expect(answer["result"]?.members?.isEmpty == true, "round \(round): \(answer.text)")
        }
    }

    @Test("A bad name is a bad value", arguments: ["{}", #"{"name":7}"#, #"{"name":""}"#, #"{"name":null}"#, #"{"name":"a\u0000"}"#])
    func badName(params: String) throws {
        let daemon = try Daemon.running()
        let error = try daemon.call("subscribers.remove", params)["error"]
        #expect(error?["code"]?.integer == -32602)
        #expect(error?["data"]?["code"]?.string == "bad_value" && error?["data"]?["at"]?.string == "name")
    }
}
