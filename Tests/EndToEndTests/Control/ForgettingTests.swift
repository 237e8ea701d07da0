// Section 6 of the contract, `users.forget`: what is left of a user, in events, answers and bytes.

import Foundation
import Testing
import VicinityClient

@Suite("Control: users are forgotten")
struct ForgettingTests {
    /// A user with a track, whom nothing but chance could make appear anywhere.
    private struct Canary {
        let id: String
        /// Degrees; on each second one the subjects are near.
        let track: [(latitude: Double, longitude: Double)]

        init(idLength: Int, fixes: Int) {
            let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
            id = String((0..<idLength).map { _ in letters[Int.random(in: 0..<letters.count)] })
            track = (0..<fixes).map { number in
                // Nearer by, the bytes would be mostly zeros, as are many others.
                let units = number.isMultiple(of: 2) ? 17_000...29_999 : 100_000_001...109_999_999
                return (Double(Int.random(in: units)) / 1e7, Double(Int.random(in: units)) / 1e7)
            }
        }

        func fixes(from first: Int64 = 0) -> [String] {
            track.enumerated().map { place, point in fix(id, point.latitude, point.longitude, (first + Int64(place)) * 1000) }
        }

        /// The id, and each position as the daemon stores places.
        var patterns: [Data] {
            [Data(id.utf8)]
                + track.map { point in
                    var place = Data()
                    for degrees in [point.latitude, point.longitude] {
                        withUnsafeBytes(of: Int32((degrees * 1e7).rounded()).littleEndian) { place.append(contentsOf: $0) }
                    }
                    return place
                }
        }

        /// In which files of the state directory it is found, and where: the id, or a position of the track.
        func traces(_ daemon: Daemon) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: daemon.statePath).sorted().flatMap { name in
                let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(daemon.statePath)/\(name)"))
                return patterns.enumerated().compactMap { index, pattern in
                    bytes.range(of: pattern).map { "\(name): \(index == 0 ? "id" : "fix \(index)") at \($0.lowerBound)" }
                }
            }
        }
    }

    private func forget(_ daemon: Daemon, _ user: String) throws -> Int64? {
        try daemon.result("users.forget", "{\"user\":\"\(user)\"}")["events"]?.integer
    }

    private func values(_ daemon: Daemon, after seq: Int64 = 0) throws -> [JSONValue] {
        try daemon.eventLines(after: seq).map { try JSONValue(parsing: $0) }
    }

    private let isNull = { (event: JSONValue) in event.text.contains(#""user":null"#) }

    // MARK: - Events

    @Test("Every encounter is closed, every event loses the user and nothing else, and what names others stays, also after a crash")
    func events() throws {
        let daemon = try Daemon.running()
        try daemon.put(["a", "b"])
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0), fix("u", far, 0, 1000), fix("u", near, 0, 2000)])
        let before = try daemon.eventLines()
        #expect(before.count == 8)
        let (live, _) = try daemon.subscribe()
        let start = Int64(Date().timeIntervalSince1970 * 1000)
        #expect(try forget(daemon, "u") == 8, "six that were there, and two leaves")
        for _ in 0..<2 {
            let after = try values(daemon)
            #expect(after.map { $0["seq"]?.integer } == (1...10).map { $0 })
            for (line, event) in zip(before, after) {
                #expect(event.text == line.replacingOccurrences(of: #""user":"u""#, with: #""user":null"#))
            }
            #expect(after.suffix(2).map { $0["subject"]?.string } == ["a", "b"])
            for leave in after.suffix(2) {
                #expect(isNull(leave) && leave["type"]?.string == "leave" && leave["cause"]?.string == "gone")
                let encounter = try #require(leave["encounter"]?.integer)
                #expect(after[Int(encounter) - 1]["subject"] == leave["subject"] && isNull(after[Int(encounter) - 1]))
                #expect(try #require(leave["ts"]?.integer) >= start, "the clock dates it")
            }
            try daemon.crash()
            try daemon.start()
        }
        #expect(try live.nextLine().contains(#""user":null"#))
        #expect(try daemon.result("nearby", #"{"user":"u"}"#).text == "[]")
        #expect(try daemon.call("users.get", #"{"user":"u"}"#)["error"]?["data"]?["code"]?.string == "unknown_user")
        #expect(try daemon.result("users.get", #"{"user":"v"}"#)["inside"]?.array?.count == 2)
        // What was sent before is harmless, and who comes back is somebody new.
        try daemon.ingest([fix("u", near, 0, 0), fix("u", far, 0, 1000), fix("u", near, 0, 2000), fix("u", near, 0, 9000)])
        #expect(try daemon.range().head == 10)
        #expect(try daemon.fixes("stale") == 4)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try daemon.ingest([#"{"user":"u","lat":\#(near),"lon":0,"ts":\#(now)}"#])
        #expect(try values(daemon, after: 10).map { $0["user"]?.string } == ["u", "u"])
        #expect(try forget(daemon, "u") == 4, "those of before are nobody's any more")
    }

    @Test("An unknown user is no error: those who have expired or signed off are in events still; it is written down by a hash")
    func unknown() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        #expect(try forget(daemon, "nobody") == 0)
        try daemon.ingest([fix("u", near, 0, 0), #"{"user":"u","gone":true,"ts":\#(noon + 5000)}"#])
        #expect(try forget(daemon, "u") == 2)
        #expect(try forget(daemon, "u") == 0)
        #expect(try values(daemon).allSatisfy(isNull))
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array)
        #expect(entries.map { $0["method"]?.string } == ["users.forget", "users.forget", "users.forget"])
        #expect(entries.map { $0["detail"]?.string } == ["events: 0", "events: 2", "events: 0"])
        #expect(entries.allSatisfy { $0["outcome"]?.string == "forgotten" && $0["user"]?.string?.count == 16 })
        #expect(entries[1]["user"] == entries[2]["user"] && entries[0]["user"] != entries[1]["user"])
        #expect(try daemon.result("audit.verify")["intact"]?.bool == true)
        for params in ["{}", #"{"user":""}"#, #"{"user":7}"#, #"{"user":"a\u0007"}"#] {
            #expect(try daemon.call("users.forget", params)["error"]?["data"]?["at"]?.string == "user")
        }
    }

    // MARK: - Subscribers

    @Test("The leaves go to whoever got the enter, whatever the filter, and at once or late; on the line nobody is named")
    func filters() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        let (mine, _) = try daemon.subscribe(#"{"users":["u"]}"#)
        let (others, _) = try daemon.subscribe(#"{"users":["v"]}"#)
        let (enters, _) = try daemon.subscribe(#"{"users":["u"],"types":["enter"]}"#)
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0)])
        let enter = try JSONValue(parsing: try mine.nextLine())
        #expect(enter["user"]?.string == "u" && enter["type"]?.string == "enter")
        #expect(try forget(daemon, "u") == 2)
        let leave = try JSONValue(parsing: try mine.nextLine())
        #expect(isNull(leave) && leave["encounter"] == enter["seq"] && leave["seq"]?.integer == 3)
        try daemon.ingest([fix("v", far, 0, 1000)])
        #expect(try JSONValue(parsing: try others.nextLine())["type"]?.string == "enter")
        #expect(try JSONValue(parsing: try others.nextLine())["seq"]?.integer == 4, "not what concerns somebody else")
        #expect(try enters.nextLine().contains(#""seq":1,"#))
        // Who comes later finds nothing of the user.
        let (late, _) = try daemon.subscribe(#"{"users":["u"],"after":0}"#)
        let (lateOthers, _) = try daemon.subscribe(#"{"users":["v"],"after":0}"#)
        #expect(try JSONValue(parsing: try lateOthers.nextLine())["seq"]?.integer == 2)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try daemon.ingest([#"{"user":"u","lat":\#(near),"lon":0,"ts":\#(now)}"#])
        for socket in [mine, enters, late] { #expect(try socket.nextLine().contains(#""seq":5,"type":"enter","user":"u""#)) }
    }

    @Test("A named subscriber that comes back reads the same seqs, without the user")
    func named() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        do { _ = try daemon.subscribe(#"{"name":"r"}"#) }
        try daemon.ingest([fix("u", near, 0, 0), fix("v", near, 0, 0)])
        let log = try daemon.subscribe().answer["log"]
        #expect(try forget(daemon, "u") == 2)
        let (socket, answer) = try daemon.subscribe(#"{"name":"r"}"#)
        #expect(answer["log"] == log && answer["after"]?.integer == 0)
        let events = try (0..<3).map { _ in try JSONValue(parsing: try socket.nextLine()) }
        #expect(events.map { $0["seq"]?.integer } == [1, 2, 3])
        #expect(events.map(isNull) == [true, false, true])
        let (snapshot, _) = try daemon.subscribe(#"{"snapshot":true}"#)
        #expect(try snapshot.nextLine().contains(#""user":"v""#))
        #expect(try snapshot.nextLine() == #"{"snapshot":{"pairs":1,"at":3}}"#)
    }

    // MARK: - Bytes

    private func crowd(_ daemon: Daemon, _ rounds: Range<Int>) throws {
        for round in rounds {
            try daemon.ingest((0..<40).map { fix("v\($0)", ($0 + round).isMultiple(of: 2) ? near : far, 0, Int64(round) * 1000) })
        }
    }

    @Test(
        "Id and track are nowhere in the state directory afterwards, nor ever in a log line, an answer or an audit entry",
        arguments: [(8, ""), (15, ""), (16, ""), (100, ""), (12, "delivery:\n  retention_events: 300\n")])
    func bytes(idLength: Int, more: String) throws {
        let config = Daemon.plain.replacingOccurrences(of: "max_speed: 0", with: "max_speed: 200000") + more
        let daemon = try Daemon.running(config: config)
        try daemon.put((0..<5).map { "s\($0)" })
        let canary = Canary(idLength: idLength, fixes: 10)
        let (slow, _) = try daemon.subscribe()
        try crowd(daemon, 0..<3)
        // Every second fix is held, the last one too.
        try daemon.ingest(canary.fixes())
        try crowd(daemon, 3..<5)
        #expect(try daemon.result("users.get", #"{"user":"\#(canary.id)"}"#)["inside"]?.array?.isEmpty == false)
        #expect(try !canary.traces(daemon).isEmpty, "there is nothing to be forgotten")
        let count = try daemon.eventLines(after: try daemon.range().oldest - 1).count { $0.contains(canary.id) }
        let events = try forget(daemon, canary.id)
        if more.isEmpty { #expect(events == Int64(count) + 5) }
        #expect(try canary.traces(daemon) == [])
        try crowd(daemon, 5..<7)
        #expect(try canary.traces(daemon) == [])
        var said = [try daemon.result("status"), try daemon.result("subscribers.list"), try daemon.result("audit.list")].map(\.text)
        said += try daemon.ingest(canary.fixes()).map { "\($0)" }
        said.append(try String(contentsOfFile: "\(daemon.directory)/log", encoding: .utf8))
        for text in said {
            #expect(!text.contains(canary.id), "\(text)")
            for point in canary.track { #expect(!text.contains("\(point.latitude)") && !text.contains("\(point.longitude)")) }
        }
        #expect(try canary.traces(daemon) == [], "resends leave nothing")
        #expect(try slow.nextLine().contains("v"), "who has not read a line yet can still do so")
        try daemon.stop()
        #expect(try canary.traces(daemon) == [])
        let doctor = try Program(
            try Program.path(of: "vicinityctl"), arguments: ["doctor", daemon.statePath], log: "\(daemon.directory)/doctor")
        #expect(try doctor.wait() == .exited(0))
        try daemon.start()
        #expect(try canary.traces(daemon) == [])
    }

    @Test("Whoever is killed in the middle of it goes on with it, and writes it down once", arguments: 0..<6)
    func killed(milliseconds: Int) throws {
        let daemon = try Daemon.running()
        try daemon.put((0..<5).map { "s\($0)" })
        let canary = Canary(idLength: 11, fixes: 8)
        try daemon.ingest(canary.fixes())
        try crowd(daemon, 0..<10)
        let control = try daemon.connect("control")
        try control.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"users.forget\",\"params\":{\"user\":\"\(canary.id)\"}}\n")
        usleep(UInt32(milliseconds * 3000))
        try daemon.crash()
        try daemon.start()
        guard try isBegun(daemon, canary.id) else { return }
        _ = try eventually("the end of it") { try daemon.result("audit.list")["entries"]?.array?.count == 1 ? true : nil }
        #expect(try canary.traces(daemon) == [])
        #expect(try values(daemon).allSatisfy { $0["user"]?.string != canary.id })
        #expect(try daemon.result("audit.verify")["intact"]?.bool == true)
    }

    /// Whether the wish was durable when the daemon was killed.
    private func isBegun(_ daemon: Daemon, _ id: String) throws -> Bool {
        try daemon.call("users.get", #"{"user":"\#(id)"}"#)["error"] != nil
    }

    @Test("Many at once, and others who go on meanwhile")
    func many() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        let canaries = (0..<20).map { Canary(idLength: 9 + $0, fixes: 3) }
        for canary in canaries { try daemon.ingest(canary.fixes()) }
        let sockets = try canaries.map { canary in
            let control = try daemon.connect("control")
            try control.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"users.forget\",\"params\":{\"user\":\"\(canary.id)\"}}\n")
            return control
        }
        try crowd(daemon, 0..<5)
        for control in sockets { #expect(try control.json()["result"]?["events"]?.integer == 4) }
        for canary in canaries { #expect(try canary.traces(daemon) == []) }
        #expect(try values(daemon).count(where: isNull) == 80)
    }
}
