// Sections 3 to 5 of the contract: limits of a user, the follow guard, and what subscribers hear of it.

import Foundation
import Testing
import VicinityClient

@Suite("Events: limits and the follow guard")
struct FollowGuardTests {
    private static let config = """
        privacy:
          profile: places
          follow: { places: 3, apart: 500, within: 1h, mute: 1d }
          subjects_per_user: 2/1h
        """

    private func bus(_ metres: Double, _ second: Int64) -> String {
        #"{"subject":"bus","lat":\#(metres / 111_000),"lon":0,"ts":\#(noon + second * 1000)}"#
    }

    private func user(_ metres: Double, _ second: Int64, name: String = "u") -> String {
        fix(name, metres / 111_000, 0, second * 1000)
    }

    /// Type, user and cause of each line.
    private func story(_ lines: [String]) throws -> [String] {
        try lines.map { line in
            let event = try JSONValue(parsing: line)
            return [event["type"], event["user"], event["cause"]].compactMap { $0?.string }.joined(separator: " ")
        }
    }

    @Test("Who follows a bus is muted; only who asks for it by name hears why, and it outlives a crash")
    func mutes() throws {
        let daemon = try Daemon.running(config: Self.config)
        try daemon.put(["bus"])
        try daemon.ingest([bus(0, 0), user(0, 1), bus(400, 50), user(400, 51), bus(800, 100), user(800, 101)])
        try daemon.crash()
        try daemon.start()
        let named = try daemon.subscribe(#"{"after":0,"types":["following"]}"#).socket
        try daemon.ingest([bus(1_200, 150), user(1_200, 151), bus(1_600, 200), user(1_600, 201), user(1_601, 202)])
        #expect(
            try named.nextLine()
                == #"{"seq":3,"type":"following","user":"u","subject":"bus","kind":"toll","ts":\#(noon + 201_000)}"#)
        try daemon.crash()
        try daemon.start()
        try daemon.ingest([
            #"{"user":"u","gone":true,"ts":\#(noon + 210_000)}"#, user(1_600, 220), bus(1_601, 230), user(1_600, 240, name: "v"),
        ])
        let others = try daemon.subscribe(#"{"after":0}"#).socket
        let lines = try (0..<3).map { _ in try others.nextLine() }
        #expect(try story(lines) == ["enter u user", "leave u muted", "enter v user"])
        #expect(lines[2].hasPrefix(#"{"seq":4,"#), "a hole where the following is")
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array)
        #expect(entries.map { $0["method"]?.string } == ["follow_guard"])
        let entry = try #require(entries.first)
        #expect(entry["outcome"]?.string == "muted" && entry["subject"]?.string == "bus" && entry["uid"]?.integer == Int64(getuid()))
        #expect(entry["user"] != nil && !entry.text.contains(#""u""#))
        #expect(try daemon.result("audit.verify")["intact"]?.bool == true)
        let pair = try #require(try daemon.result("explain", #"{"user":"u","subject":"bus"}"#)["pair"])
        #expect(pair["state"]?.string == "outside" && pair["verdict"]?.string == "nothing")
        #expect(pair["waiting"]?["for"]?.string == "mute" && pair["waiting"]?["until"]?.integer == noon + 201_000 + 86_400_000)
    }

    @Test("Past the limit a pair stays outside, which status counts, over a sign-off and a crash")
    func withholds() throws {
        let daemon = try Daemon.running(config: Self.config)
        try daemon.put(["a", "b", "c"])
        try daemon.ingest([user(0, 0), user(0, 1)])
        #expect(try daemon.events().map(\.subject) == ["a", "b"])
        #expect(try daemon.result("status")["withheld"]?.integer == 1)
        #expect(try daemon.result("nearby", #"{"user":"u"}"#).array?.count == 2)
        #expect(try daemon.result("explain", #"{"user":"u","subject":"c"}"#)["pair"]?["verdict"]?.string == "withheld")
        try daemon.ingest([#"{"user":"u","gone":true,"ts":\#(noon + 2_000)}"#])
        try daemon.result("subjects.remove", #"{"ids":["a","b"]}"#)
        try daemon.crash()
        try daemon.start()
        try daemon.ingest([user(0, 3), user(0, 3_599)])
        #expect(try daemon.events().count == 4)
        // The first two count no more.
        try daemon.ingest([user(0, 3_600)])
        #expect(try daemon.events().last?.summary == "enter u c 3600000 user")
    }
}
