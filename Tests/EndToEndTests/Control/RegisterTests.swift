import Foundation
import Testing
import VicinityClient

@Suite("Control: the register")
struct RegisterTests {
    @Test("A subject comes back as it was put; a put replaces the whole record")
    func wholeRecord() throws {
        let daemon = try Daemon.running()
        let full =
            #"{"id":"s-ü","kind":"toll","lat":39.9042111,"lon":-116.4073951,"name":"A \"gate\"","details":{"b":[1,2.50,null],"a":{"x":"ß"}}}"#
        #expect(try daemon.result("subjects.put", "{\"subjects\":[\(full)]}").text == #"{"put":1}"#)
        let put = try JSONValue(parsing: full)
        let got = try daemon.result("subjects.get", #"{"id":"s-ü"}"#)
        for member in try #require(put.members) where member.key != "details" { #expect(got[member.key] == member.value, "\(member.key)") }
        #expect(got["details"]?["a"] == put["details"]?["a"])
        #expect(got["details"]?["b"]?.array?.compactMap(\.double) == [1, 2.5])
        #expect(got["suspended"]?.bool == false && got["moving"]?.bool == false)
        try daemon.result("subjects.put", #"{"subjects":[{"id":"s-ü","lat":1,"lon":2}]}"#)
        let replaced = try daemon.result("subjects.get", #"{"id":"s-ü"}"#)
        #expect(replaced["kind"] == nil && replaced["name"] == nil && replaced["details"] == nil)
        #expect(replaced["lat"]?.double == 1)
    }

    @Test("A moving subject: its put record stays, the same put leaves it where its fix took it, another position fixes it again")
    func moving() throws {
        let daemon = try Daemon.running()
        try daemon.put(["bus"])
        try daemon.ingest([fix("u", near, 0, 0), "{\"subject\":\"bus\",\"lat\":1,\"lon\":0,\"ts\":\(noon + 1)}"])
        #expect(try daemon.result("subjects.get", #"{"id":"bus"}"#)["moving"]?.bool == true)
        #expect(try daemon.result("subjects.get", #"{"id":"bus"}"#)["lat"]?.double == 0)
        try daemon.put(["bus"])
        #expect(try daemon.events().map(\.type) == ["enter", "leave"], "what equals the last put emits nothing")
        #expect(try daemon.result("subjects.get", #"{"id":"bus"}"#)["moving"]?.bool == true)
        try daemon.put(["bus"], latitude: 0.0001)
        #expect(try daemon.result("subjects.get", #"{"id":"bus"}"#)["moving"]?.bool == false)
        #expect(try daemon.events().map(\.cause) == ["user", "subject", "subject"])
    }

    @Test("What equals the last put emits nothing; a removal and a new put emit a leave and an enter")
    func putAgain() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s"])
        try daemon.ingest([fix("u", near, 0, 0)])
        try daemon.put(["s"])
        #expect(try daemon.events().count == 1)
        #expect(try daemon.result("subjects.remove", #"{"ids":["s","s","none"]}"#).text == #"{"removed":1}"#)
        try daemon.put(["s"])
        let events = try daemon.events()
        #expect(events.map { "\($0.type) \($0.cause)" } == ["enter user", "leave removed", "enter subject"])
        expectSound(events)
        #expect(try daemon.call("subjects.get", #"{"id":"none"}"#)["error"]?["data"]?["code"]?.string == "unknown_subject")
    }

    @Test(
        "All or nothing: one bad subject, and none of the request is there",
        arguments: [
            (#"{"id":"x","lat":91,"lon":0}"#, "subjects[2].lat"), (#"{"id":"x","lat":0,"lon":-181}"#, "subjects[2].lon"),
            (#"{"id":"x","lat":0}"#, "subjects[2].lon"),
            (#"{"id":"","lat":0,"lon":0}"#, "subjects[2].id"), (#"{"lat":0,"lon":0}"#, "subjects[2].id"),
            (#"{"id":7,"lat":0,"lon":0}"#, "subjects[2].id"),
            (#"{"id":"good-0","lat":0,"lon":0}"#, "subjects[2].id"), (#"{"id":"x","lat":0,"lon":0,"kind":7}"#, "subjects[2].kind"),
            (#"{"id":"x","lat":0,"lon":0,"details":[]}"#, "subjects[2].details"),
            (#"{"id":"x","lat":0,"lon":0,"name":7}"#, "subjects[2].name"),
            (#"{"id":"x","lat":0,"lon":0,"precision":-1}"#, "subjects[2].precision"),
            (#"{"id":"a\u0000","lat":0,"lon":0}"#, "subjects[2].id"), ("7", "subjects[2]"),
        ])
    func allOrNothing(bad: String, at: String) throws {
        let daemon = try Daemon.running()
        try daemon.put(["before"])
        let good = [0, 1].map { "{\"id\":\"good-\($0)\",\"lat\":0,\"lon\":0}" }
        let response = try daemon.call(
            "subjects.put", "{\"subjects\":[\((good + [bad]).joined(separator: ",")),{\"id\":\"last\",\"lat\":0,\"lon\":0}]}")
        #expect(response["error"]?["code"]?.integer == -32602)
        #expect(response["error"]?["data"]?["code"]?.string == "bad_value")
        #expect(response["error"]?["data"]?["at"]?.string == at)
        #expect(try daemon.result("subjects.list")["subjects"]?.array?.compactMap { $0["id"]?.string } == ["before"])
        #expect(try daemon.result("status")["subjects"]?.integer == 1)
    }

    @Test("Listing: by id in bytes, in pages, of one kind")
    func list() throws {
        let daemon = try Daemon.running()
        let tolls = (0..<25).map { "t-\($0)" }
        let cameras = ["ü", "Z", "a", "camera"]
        try daemon.put(tolls.reversed(), kind: "toll")
        try daemon.put(cameras, kind: "camera")
        func pages(_ kind: String?, limit: Int) throws -> [[String]] {
            var pages: [[String]] = []
            var after: String?
            repeat {
                let options = ["\"limit\":\(limit)", kind.map { "\"kind\":\"\($0)\"" }, after.map { "\"after\":\"\($0)\"" }].compactMap {
                    $0
                }
                let page = try daemon.result("subjects.list", "{\(options.joined(separator: ","))}")
                pages.append(try #require(page["subjects"]?.array).compactMap { $0["id"]?.string })
                after = page["next"]?.string
            } while after != nil
            return pages
        }
        let sorted = { (ids: [String]) in ids.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) } }
        let everything = try pages(nil, limit: 10)
        #expect(everything.map(\.count) == [10, 10, 9])
        #expect(everything.flatMap { $0 } == sorted(tolls + cameras))
        #expect(try pages("toll", limit: 25) == [sorted(tolls)], "a full last page has no next")
        #expect(try pages("camera", limit: 3).flatMap { $0 } == sorted(cameras))
        #expect(try pages("nothing", limit: 3) == [[]])
        #expect(try daemon.result("subjects.list")["subjects"]?.array?.count == 29)
        #expect(try daemon.call("subjects.list", #"{"limit":0}"#)["error"]?["data"]?["at"]?.string == "limit")
    }
}
