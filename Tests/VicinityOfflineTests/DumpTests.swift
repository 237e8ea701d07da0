// The log as lines, and copies of it.

import Foundation
import GRDB
import Glibc
import Testing
import VicinityCore
import VicinityOffline
import VicinityStore
import VicinityWire

@Suite("The dump and the backup")
struct DumpTests {
    private let place: Place
    private let directory: String

    init() throws {
        place = try Place()
        directory = "\(place.path)/state"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        var daemon = try MiniDaemon(directory)
        var crowd = Crowd(seed: 4)
        try crowd.begin(&daemon)
        for _ in 0..<6 { try crowd.step(&daemon) }
        try daemon.store.close()
    }

    private func dump(after: Int64 = 0, limit: Int64 = .max) throws -> (end: LogDump.End, text: String) {
        let file = "\(place.path)/dump"
        let descriptor = open(file, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let end = try LogDump(directory: directory, after: after, limit: limit).run(to: descriptor)
        return (end, try String(contentsOfFile: file, encoding: .utf8))
    }

    /// The lines that events.sock gives for these events.
    private func lines(_ events: some Collection<Event>) throws -> String {
        var lines: [UInt8] = []
        for event in events {
            var builder = EventBlockBuilder(firstSeq: event.seq)
            builder.append(event)
            lines += try EventLineEncoder.lines(of: #require(builder.finish()))
        }
        return String(decoding: lines, as: UTF8.self)
    }

    @Test("Every event is a line as on events.sock")
    func whole() throws {
        let events = try Reading(try place.copy(of: directory, as: "copy")).events
        let (end, text) = try dump()
        #expect(end == .complete)
        let expected = try lines(events)
        #expect(text == expected)
        #expect(text.hasPrefix(#"{"seq":1,"type":"enter","user":"#))
    }

    @Test(
        "It begins after a seq, and ends after so many events",
        arguments: [(0, 1), (0, 20), (0, 21), (5, 3), (19, 1), (20, 45), (37, 1000), (100_000, 5)] as [(Int64, Int64)])
    func part(after: Int64, limit: Int64) throws {
        let events = try Reading(try place.copy(of: directory, as: "copy")).events
        let (end, text) = try dump(after: after, limit: limit)
        let expected = try lines(events.filter { $0.seq > after }.prefix(Int(limit)))
        #expect(end == .complete && text == expected)
    }

    @Test("What counts as removed is not shown, though its block is still there")
    func pruned() throws {
        let store = try SQLiteStore.open(directory: directory, durability: .process)
        while try !store.retain(Retention(beforeSeq: 33)).isDone {}
        try store.close()
        let text = try dump(limit: 2).text
        #expect(text.hasPrefix(#"{"seq":33,"#) && text.split(separator: "\n").count == 2)
    }

    @Test("It stops at a block that is damaged, says which, and goes on behind it when asked to")
    func damaged() throws {
        try edit(directory) { database in try database.spoil("blocks", row: 2) }
        let (end, text) = try dump()
        let last = text.split(separator: "\n").count
        #expect(
            end
                == .damaged(
                    "the block of event \(last + 1) does not say what was written there; the events up to \(last) have been written"))
        let behind = try dump(after: Int64(last) + 20)
        #expect(behind.end == .complete && behind.text.hasPrefix("{\"seq\":\(last + 21),"))
        // What was asked for lies before the damage.
        #expect(try dump(limit: Int64(last)).end == .complete)
    }

    @Test("It ends quietly when nobody reads any more")
    func unread() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        #expect(try LogDump(directory: directory, after: 0, limit: .max).run(to: ends[1]) == .unread)
    }

    @Test("Who has had enough of it gets whole lines, and is told which was the last", arguments: [0, 1, 2])
    func interrupted(blocks: Int) throws {
        let file = "\(place.path)/part"
        let descriptor = open(file, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        var seen: [Int64] = []
        var totals: Set<Int64> = []
        let dump = LogDump(directory: directory, after: 0, limit: .max) { progress in
            guard case .dumpingEvents(let done, let total) = progress else { return }
            seen.append(done)
            totals.insert(total)
            if seen.count > blocks { throw Interruption() }
        }
        let end = try dump.run(to: descriptor)
        let last = try #require(seen.last)
        #expect(end == .interrupted(last: last) && seen.count == blocks + 1 && seen == seen.sorted())
        let whole = try self.dump().text
        let lines = whole.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(totals == [Int64(lines.count - 1)])
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text == lines.prefix(Int(last)).map { $0 + "\n" }.joined())
    }

    @Test("A backup that nobody wants any more leaves nothing behind, and an old one as it was", arguments: 1...2)
    func interruptedBackup(calls: Int) throws {
        let file = "\(place.path)/vicinity.db"
        try "old".write(toFile: file, atomically: true, encoding: .utf8)
        let names = { try FileManager.default.contentsOfDirectory(atPath: place.path).sorted() }
        let before = try names()
        let source = try Place.contents(of: directory)
        var seen = 0
        #expect(throws: LogBackup.Failure.self) {
            _ = try LogBackup(of: directory, to: file, replaces: true).run { _, _ in
                seen += 1
                if seen >= calls { throw Interruption() }
            }
        }
        #expect(try names() == before)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "old")
        #expect(try Place.contents(of: directory) == source)
    }

    @Test("A backup is a log of its own, sound, with everything in it; a file that is there stays")
    func backup() throws {
        let truth = try Reading(try place.copy(of: directory, as: "copy"))
        let restored = "\(place.path)/restored"
        try FileManager.default.createDirectory(atPath: restored, withIntermediateDirectories: false)
        let file = "\(restored)/vicinity.db"
        let text = try LogBackup(of: directory, to: file, replaces: false).run()
        #expect(text.contains("commit \(truth.head.commit), up to event \(truth.head.seq)"))
        #expect(text.contains("copy the file to \(directory)/vicinity.db"))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(throws: LogBackup.Failure.self) { try LogBackup(of: directory, to: file, replaces: false).run() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == bytes)
        _ = try LogBackup(of: directory, to: file, replaces: true).run()
        let report = try Examination(directory: restored).run()
        #expect(report.verdict == .sound && report.figures.isBackup && report.notes.count == 1, "\(report.text)")
        let reading = try Reading(restored)
        #expect(reading.events == truth.events && reading.openPairs == truth.openPairs && reading.logID != truth.logID)
    }
}
