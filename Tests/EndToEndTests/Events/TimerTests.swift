// Section 4 of the contract: what comes by itself, without a line that shows it.

import Foundation
import Testing
import VicinityClient

@Suite("Events: what comes by itself")
struct TimerTests {
    @Test("A dwell and an expiry, dated by their instants however old the fixes are")
    func dwellAndExpiry() throws {
        let daemon = try Daemon.running()
        try daemon.write(config: "halo:\n  enter_dwell: 300ms\nfixes:\n  expire_after: 1s\nprivacy:\n  profile: places\n")
        _ = try daemon.result("config.reload")
        try daemon.put(["s"])
        let (socket, _) = try daemon.subscribe()
        try daemon.ingest([fix("u", near, 0, 5_000)])
        let enter = try Event(try socket.nextLine())
        #expect((enter.type, enter.time, enter.cause) == ("enter", noon + 5_300, "user"))
        let leave = try Event(try socket.nextLine())
        #expect((leave.type, leave.time, leave.cause) == ("leave", noon + 6_000, "expired"))
        #expect(try daemon.result("status")["users"]?.integer == 0)
        let explained = try daemon.result("explain", #"{"user":"u","subject":"s"}"#)
        #expect(explained["state"]?.string == "silent")
        #expect(explained["pair"]?["state"]?.string == "outside")
        #expect(explained["why"]?.array?.isEmpty == false)
    }

    @Test("Who asks why hears how old a fix is in words; programs get milliseconds")
    func age() throws {
        let daemon = try Daemon.running()
        try daemon.ingest([fix("u", near, 0, 5_000)])
        let explained = try daemon.result("explain", #"{"user":"u"}"#)
        let first = try #require(explained["why"]?.array?.first?.string)
        #expect(first.contains(#/, [0-9]+ d [0-9]+ h ago; /#), "\(first)")
        #expect(try #require(explained["age_ms"]?.integer) > 86_400_000)
    }

    @Test("A subject comes and goes with its validity")
    func validity() throws {
        let daemon = try Daemon.running()
        try daemon.ingest([fix("u", near, 0, 5_000)])
        let (socket, _) = try daemon.subscribe()
        let from = Int64(Date().timeIntervalSince1970 * 1000) + 600
        let until = from + 700
        _ = try daemon.result(
            "subjects.put", "{\"subjects\":[{\"id\":\"s\",\"lat\":0,\"lon\":0,\"valid_from\":\(from),\"valid_until\":\(until)}]}")
        let enter = try Event(try socket.nextLine())
        #expect((enter.type, enter.time, enter.cause) == ("enter", from, "subject"))
        let leave = try Event(try socket.nextLine())
        #expect((leave.type, leave.time, leave.cause) == ("leave", until, "removed"))
        let back = try daemon.result("subjects.get", #"{"id":"s"}"#)
        #expect(back["valid_from"]?.integer == from)
        #expect(back["valid_until"]?.integer == until)
        let twisted = "{\"subjects\":[{\"id\":\"t\",\"lat\":0,\"lon\":0,\"valid_from\":2,\"valid_until\":2}]}"
        #expect(try daemon.call("subjects.put", twisted)["error"]?["data"]?["code"]?.string == "bad_value")
    }

    @Test("What began before a crash is complete after it, with the same event")
    func crash() throws {
        let daemon = try Daemon.running(
            config: "halo:\n  enter_dwell: 2s\nfixes:\n  max_speed: 300\nprivacy:\n  profile: places\n")
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 5_000), fix("v", near, 0, 5_000), fix("v", near + 2, 0, 6_000)])
        try daemon.crash()
        try daemon.start()
        // The held fix of v is confirmed, and u's dwell is shown by a line.
        try daemon.ingest([fix("v", near + 2, 0, 6_500), fix("u", near, 0, 7_000)])
        let events = try daemon.events()
        #expect(events.map(\.user) == ["u"])
        #expect(events.map(\.time) == [noon + 7_000])
        #expect(try daemon.fixes("accepted") == 3)
    }
}
