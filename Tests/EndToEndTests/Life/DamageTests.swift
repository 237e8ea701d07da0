// A bit that flipped on the disk: found, told, and never repaired in silence.

import Foundation
import Testing
import VicinityClient

@Suite("Life: a damaged file")
struct DamageTests {
    /// Turns one bit of the file's first place that holds these bytes.
    private func flipBit(in path: String, at bytes: [UInt8]) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let found = data.range(of: Data(bytes))
        let place = try #require(found, "\(path) does not hold it")
        data[place.lowerBound + 2] ^= 1
        try data.write(to: URL(fileURLWithPath: path))
    }

    @Test("A damaged block: who needs it is closed, which is said once; everybody else goes on")
    func damagedBlock() throws {
        let daemon = try Daemon.running()
        try daemon.put(["here"])
        try daemon.ingest([fix("before", near, 0, 0)])
        try daemon.ingest([fix("the-victim", near, 0, 0)])
        try daemon.ingest([fix("after", near, 0, 0)])
        try daemon.stop()
        // In no other place the subject's id follows the user's.
        try flipBit(in: "\(daemon.statePath)/vicinity.db", at: Array("the-victim\u{4}here".utf8))
        try daemon.start()
        let (live, _) = try daemon.subscribe()
        for _ in 0..<3 {
            let (reader, _) = try daemon.subscribe(#"{"name":"r","after":0}"#)
            let users = try reader.linesToEnd().map { try Event($0).user }
            #expect(users.allSatisfy { $0 == "before" }, "nothing wrong is sent")
        }
        let reason = try daemon.waitUntilDegraded()
        #expect(reason.contains("read"), "\(reason)")
        #expect(try daemon.complaints().count == 1)
        let (beyond, _) = try daemon.subscribe(#"{"after":2}"#)
        #expect(try Event(try beyond.nextLine()).user == "after")
        #expect(try daemon.ingest([fix("late", near, 0, 0)]).last == .ack(1))
        #expect(try Event(try live.nextLine()).seq == 4)
        #expect(try Event(try beyond.nextLine()).seq == 4)
        // It is not removed in silence either.
        let refusal = try daemon.call("log.prune", #"{"before_seq":3}"#)
        #expect(refusal["error"]?["message"]?.string?.contains("vicinityctl doctor") == true, "\(refusal.text)")
        #expect(try daemon.ingest([fix("later", near, 0, 0)]).last == .ack(1))
        try daemon.stop()
    }

    @Test(
        "After a crash a state that is damaged is refused with 74, names the doctor, and is not repaired in silence",
        arguments: ["vicinity.db", "vicinity.db-wal"])
    func damagedState(file: String) throws {
        let daemon = try Daemon.running()
        // A name is in the register and nowhere else.
        try daemon.result("subjects.put", #"{"subjects":[{"id":"s","lat":0,"lon":0,"name":"an honest name"}]}"#)
        try daemon.ingest([fix("v", near, 0, 0)])
        if file == "vicinity.db" {
            try daemon.stop()
            try daemon.start()
        }
        for round in 0..<20 { try daemon.ingest([fix("u", round % 2 == 0 ? far : near, 0, Int64(round) * 1000)]) }
        try daemon.crash()
        let path = "\(daemon.statePath)/\(file)"
        try flipBit(in: path, at: Array("an honest name".utf8))
        let (ending, text) = try Daemon.refused(daemon.arguments, in: daemon.directory)
        #expect(ending == .exited(74))
        #expect(text.contains("vicinityctl doctor") && text.contains(daemon.statePath), "\(text)")
        // The bit is where it was: in the file, or still in the WAL.
        var damaged = Array("an honest name".utf8)
        damaged[2] ^= 1
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data(damaged)) != nil)
    }
}
