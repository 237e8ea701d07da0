import Foundation
import Glibc
import Testing
import VicinityClient

@Suite("Control: the audit log")
struct AuditTests {
    private func entries(_ daemon: Daemon) throws -> [JSONValue] {
        try #require(try daemon.result("audit.list")["entries"]?.array)
    }

    @Test("Who looks into a decision or at a position is written down, with whom it was about as a hash only")
    func written() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u-17", near, 0, 0)])
        #expect(try daemon.result("users.get", #"{"user":"u-17"}"#)["lat"] == nil)
        #expect(try entries(daemon).isEmpty, "nothing was told that is to be audited")
        #expect(try daemon.result("users.get", #"{"user":"u-17","position":true}"#)["lat"]?.double == near)
        try daemon.result("explain", #"{"user":"u-17","subject":"s"}"#)
        _ = try daemon.call("explain", #"{"user":"nobody"}"#)
        let all = try entries(daemon)
        #expect(all.map { $0["method"]?.string } == ["users.get", "explain", "explain"])
        #expect(all.map { $0["outcome"]?.string } == ["shown", "shown", "unknown_user"])
        #expect(all.map { $0["subject"]?.string } == [nil, "s", nil])
        #expect(all[0]["fields"]?.array?.compactMap(\.string) == ["position"])
        #expect(all.allSatisfy { $0["uid"]?.integer == Int64(getuid()) && $0["gid"]?.integer == Int64(getgid()) })
        #expect(all.allSatisfy { $0["pid"]?.integer == Int64(getpid()) })
        #expect(all[0]["user"]?.string?.count == 16 && all[0]["user"] == all[1]["user"] && all[0]["user"] != all[2]["user"])
        #expect(!all.map(\.text).joined().contains("u-17"))
        #expect(try daemon.result("audit.verify").text == #"{"entries":3,"intact":true}"#)
        #expect(try daemon.call("users.get", #"{"user":"u-17","position":1}"#)["error"]?["data"]?["at"]?.string == "position")
    }

    @Test("Entries come in pages, and outlive a crash with the answer that they tell of")
    func pages() throws {
        let daemon = try Daemon.running()
        try daemon.ingest([fix("u", near, 0, 0)])
        for _ in 0..<5 { try daemon.result("explain", #"{"user":"u"}"#) }
        try daemon.crash()
        try daemon.start()
        let first = try daemon.result("audit.list", #"{"limit":2}"#)
        #expect(first["entries"]?.array?.compactMap { $0["entry"]?.integer } == [1, 2] && first["next"]?.integer == 2)
        let rest = try daemon.result("audit.list", #"{"after":2,"limit":10}"#)
        #expect(rest["entries"]?.array?.compactMap { $0["entry"]?.integer } == [3, 4, 5] && rest["next"] == nil)
        try daemon.result("explain", #"{"user":"u"}"#)
        #expect(try daemon.result("audit.verify").text == #"{"entries":6,"intact":true}"#)
        for params in [#"{"after":-1}"#, #"{"after":"1"}"#, #"{"limit":0}"#] {
            #expect(try daemon.call("audit.list", params)["error"]?["data"]?["code"]?.string == "bad_value")
        }
    }

    @Test("Another key is noticed at the start, told in status, and located")
    func otherKey() throws {
        let daemon = try Daemon.running()
        try daemon.ingest([fix("u", near, 0, 0)])
        for _ in 0..<3 { try daemon.result("explain", #"{"user":"u"}"#) }
        try daemon.stop()
        let path = "\(daemon.statePath)/vicinity.audit-key"
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: path))
        try daemon.start()
        #expect(try daemon.result("status")["health"]?["state"]?.string == "degraded")
        let found = try daemon.result("audit.verify")
        #expect(found["intact"]?.bool == false && found["broken_at"]?.integer == 1)
    }
}
