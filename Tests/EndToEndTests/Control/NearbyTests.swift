import Foundation
import Testing
import VicinityClient

@Suite("Control: nearby")
struct NearbyTests {
    @Test("What is inside the halo now, by id, with what may be told of it and nothing else")
    func inside() throws {
        let daemon = try Daemon.running()
        try daemon.result(
            "subjects.put",
            """
            {"subjects":[{"id":"b","lat":0.001,"lon":0,"kind":"toll","name":"The gate","details":{"secret":1}},{"id":"a","lat":0.004,"lon":0},\
            {"id":"far","lat":1,"lon":0}]}
            """)
        #expect(try daemon.result("nearby", #"{"user":"u"}"#).text == "[]", "an unknown user is near nothing")
        try daemon.ingest([fix("u", 0, 0, 0)])
        #expect(
            try daemon.result("nearby", #"{"user":"u"}"#).text
                == #"[{"subject":"a","within":500},{"subject":"b","kind":"toll","name":"The gate","within":250}]"#)
        try daemon.ingest([fix("u", 0.02, 0, 60_000)])
        #expect(try daemon.result("nearby", #"{"user":"u"}"#).text == "[]")
        #expect(try daemon.call("nearby")["error"]?["data"]?["at"]?.string == "user")
        let entries = try #require(try daemon.result("audit.list")["entries"]?.array)
        #expect(entries.map { $0["outcome"]?.string } == ["unknown_user", "shown", "shown"])
        #expect(entries.map { $0["detail"]?.string } == [nil, "2 subjects", "0 subjects"])
        #expect(entries.allSatisfy { $0["method"]?.string == "nearby" && $0["user"]?.string?.count == 16 })
    }
}
