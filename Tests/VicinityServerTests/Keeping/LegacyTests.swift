import Testing
import VicinitySystem
import VicinityWire

@testable import VicinityServer

/// What the next process makes of what the last one has left: it goes on only where it knows exactly where.
struct LegacyTests {
    /// A notebook of a connection of which `read` was read, and `settled` bytes of it settled.
    private static func notebook(read: String = "", settled: UInt64 = 0) throws -> Notebook {
        let notebook = try Notebook()
        #expect(notebook.note([], start: 0))
        #expect(Array(read.utf8).withUnsafeBytes { notebook.append($0) })
        #expect(notebook.note([1, 2], start: settled))
        return notebook
    }

    private static func legacy(_ notebook: Notebook, counted: Int64?) throws -> Legacy {
        try Legacy(notebook: try notebook.duplicate().release(), counted: counted)
    }

    @Test func whoWasKilledWhileAllWasQuietIsGoneOnWith() throws {
        let legacy = try Self.legacy(try Self.notebook(read: "one\ntwo\nhal", settled: 4), counted: 11)
        #expect(legacy.state == [1, 2] && legacy.start == 4 && String(decoding: legacy.unsettled, as: UTF8.self) == "two\nhal")
        #expect(!legacy.wasStoppedInOrder && !legacy.isEnding && legacy.unsent.isEmpty)
        #expect(legacy.endOfLines == 8)
    }

    @Test func outputInDoubtEndsIt() throws {
        let notebook = try Self.notebook()
        notebook.isInDoubt = true
        #expect(throws: LegacyProblem.inDoubt) { try Self.legacy(notebook, counted: 0) }
        // But not after an orderly stop, which has left what was not sent.
        try notebook.handOver([0] + Array("rest".utf8))
        let legacy = try Self.legacy(notebook, counted: 0)
        #expect(legacy.wasStoppedInOrder && legacy.unsent == Array("rest".utf8))
    }

    /// Killed after the kernel has given bytes and before they were noted: with them lost every later ack would be wrong.
    @Test(arguments: [nil, 0, 10, 12])
    func bytesThatWereReadAndNotNotedEndIt(counted: Int64?) throws {
        #expect(throws: LegacyProblem.inputLost) { try Self.legacy(try Self.notebook(read: "one\ntwo\nhal"), counted: counted) }
    }

    @Test func aCountThatBeganAnewIsUnderstood() throws {
        let notebook = try Self.notebook(read: "one\ntwo\nhal")
        notebook.countedFrom = 8
        #expect(try Self.legacy(notebook, counted: 3).start == 0)
        notebook.countedFrom = nil
        #expect(throws: LegacyProblem.inputLost) { try Self.legacy(notebook, counted: 3) }
    }

    @Test func lastWordsNeedNoInput() throws {
        let notebook = try Self.notebook(read: "x")
        try notebook.handOver([1] + Array("bye".utf8))
        let legacy = try Self.legacy(notebook, counted: nil)
        #expect(legacy.isEnding && legacy.unsent == Array("bye".utf8))
    }

    @Test func linesThatWereThereInTwoCrashesEndIt() throws {
        let notebook = try Self.notebook(read: "one\nhal")
        try Self.legacy(notebook, counted: 7).countAttempt()
        #expect(throws: LegacyProblem.repeated) { try Self.legacy(notebook, counted: 7).countAttempt() }
        // Something was settled in between.
        notebook.attempts = 0
        try Self.legacy(notebook, counted: 7).countAttempt()
        // Half a line does no harm, however often.
        #expect(notebook.note([], start: 4))
        for _ in 0..<3 { try Self.legacy(notebook, counted: 7).countAttempt() }
        #expect(notebook.attempts == 0)
    }

    @Test func anOrderlyStopIsNoCrash() throws {
        let notebook = try Self.notebook(read: "one\nhal")
        try Self.legacy(notebook, counted: 7).countAttempt()
        try notebook.handOver([0])
        try Self.legacy(notebook, counted: 7).countAttempt()
        #expect(notebook.attempts == 0)
    }

    @Test func notesAreReadAsTheyWereWritten() throws {
        let note = IngestNote(
            logID: "7f0c", line: 41, decoder: .init(isSkipping: true), conversation: .init(durableLine: 41, hasNewAck: true))
        var bytes: [UInt8] = [9, 9]
        note.encode(into: &bytes)
        #expect(try IngestNote(decoding: bytes) == note)
        #expect(bytes == note.encode())
        for count in bytes.indices { #expect(throws: ResumptionError.self) { try IngestNote(decoding: bytes.prefix(count)) } }
        // The form of a part is another one.
        var other = bytes
        other[7] = 99
        #expect(throws: ResumptionError.damaged) { try IngestNote(decoding: other) }
    }

    @Test func theTallySaysHowManyAndWhy() {
        var tally = LegacyTally()
        for _ in 0..<5 { tally.goesOn() }
        tally.isDropped(.inDoubt)
        tally.isDropped(.inDoubt)
        tally.isDropped(.withoutTimes, wentOn: true)
        #expect(tally.adopted == 4 && tally.dropped == 3 && tally.reasons == "1 lines without ts, 2 output in doubt")
    }
}
