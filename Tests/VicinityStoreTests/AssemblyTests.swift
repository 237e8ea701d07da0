// A log that is put together from the pieces of another one.

import Foundation
import Testing
import VicinityCore
import VicinityStore

struct AssemblyTests {
    private let place: Workplace
    private let target: Workplace

    init() throws {
        place = try Workplace()
        target = try Workplace()
    }

    @Test(arguments: UInt64(0)..<3)
    func everyPieceMakesTheSameLogUnderAnotherName(seed: UInt64) throws {
        let store = try place.open()
        var maker = CommitMaker(seed: seed)
        for _ in 0..<60 { try store.append(maker.next()) }
        _ = try store.retain(Retention(beforeSeq: 100))
        let expected = try Recovery(of: store)
        let expectedEvents = try events(of: store)
        let wallTime = try store.size().oldestCommit

        let inspection = try Inspection(directory: place.path)
        let assembly = try Assembly(directory: target.path)
        var neededFrom: Int64?
        func take(_ piece: Result<Recovered, StoreFault>) throws {
            let piece = try piece.get()
            if case .journal(let number, _) = piece, neededFrom == nil { neededFrom = number }
            try assembly.add(piece)
        }
        try inspection.forEach(take)
        try inspection.forEachBlock { block in try assembly.add(block.get()) }
        try assembly.addAudit(of: inspection) { Issue.record("\($0)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).allSatisfy { $0 != "vicinity.db" })
        let identity = try assembly.finish(
            head: inspection.head.get(), neededFrom: try #require(neededFrom), oldest: inspection.oldest.get(),
            signOffKey: store.identity.signOffKey, wallTime: maker.wallTime)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == ["vicinity.db"])

        let opened = try target.open()
        #expect(opened.wasClean)
        #expect(opened.renewal == nil)
        #expect(opened.identity == identity)
        #expect(identity.logID != store.identity.logID)
        #expect(identity.signOffKey == store.identity.signOffKey)
        #expect(try Recovery(of: opened) == expected)
        #expect(try events(of: opened) == expectedEvents)
        #expect(try opened.reports(after: 0, limit: .max, state: nil) == store.reports(after: 0, limit: .max, state: nil))
        #expect(try opened.auditEntries(after: 0, limit: .max) == store.auditEntries(after: 0, limit: .max))
        #expect(try opened.verifyAudit().firstBreak?.number == maker.audited + 1)
        #expect(try opened.oldest() == 100)
        #expect(try opened.size().oldestCommit == wallTime)
        let next = Commit(number: expected.head.commit + 1, blocks: [block(expected.head.seq + 1, count: 2)], wallTime: 0)
        try opened.append(next)
        try opened.close()
        #expect(try target.open().head == LogHead(commit: next.number, seq: expected.head.seq + 2))
    }

    @Test
    func aLogThatIsThereIsNotReplaced() throws {
        try target.open().close()
        let before = try target.bytes()
        #expect(throws: StoreFault.cannotOpen(path: target.database, reason: "there is such a file already")) {
            try Assembly(directory: target.path)
        }
        #expect(try target.bytes() == before)
    }

    @Test
    func whatIsNotFinishedLeavesNothing() throws {
        do {
            let assembly = try Assembly(directory: target.path)
            try assembly.add(.subject(subject(1, "a")))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == [])
    }

    /// The events alone, from the middle of a log on.
    @Test
    func aLogMayBeginAnywhere() throws {
        let assembly = try Assembly(directory: target.path)
        try assembly.add(Inspection.Block(events: block(501, count: 10), wallTime: 3))
        try assembly.add(Inspection.Block(events: block(511, count: 5), wallTime: 4))
        _ = try assembly.finish(head: LogHead(commit: 90, seq: 515), neededFrom: 90, wallTime: 5)
        let opened = try target.open()
        #expect(opened.head == LogHead(commit: 90, seq: 515))
        #expect(try opened.oldest() == 501)
        #expect(try Recovery(of: opened).items == [.journal(commit: 90, bytes: [])])
        #expect(try events(of: opened).map(\.seq) == Array(501...515))
    }
}
