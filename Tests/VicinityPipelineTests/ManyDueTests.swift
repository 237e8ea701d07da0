import Testing
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

@Suite("Much that is due at once")
struct ManyDueTests {
    private func lines(of desk: borrowing Desk) throws -> [UInt8] {
        try desk.store.blocks(after: 0, maxBytes: .max).flatMap { try EventLineEncoder.lines(of: $0, after: $0.firstSeq - 1) { _ in true } }
    }

    private func crowd() throws -> Desk {
        var desk = try Desk.open()
        desk.put("a", "b", "c")
        for number in 0..<300 as Range<Int64> { desk.fix("u-\(number)", isNear: true, time: 1_732_290_000_000 + number * 7 % 40) }
        desk.commit()
        return desk
    }

    @Test("In pieces the log is the same, and no piece is larger than its limit and a moment", arguments: [1, 50, 1000])
    func pieces(limit: Int) throws {
        var whole = try crowd()
        let head = whole.feed.head
        whole.wait(milliseconds: 1_000_000)
        #expect(whole.feed.head == head + 900, "everybody has left everything")
        var inPieces = try crowd()
        let commits = inPieces.wait(milliseconds: 1_000_000, atMost: limit)
        // At each of 40 instants 7 or 8 users leave three subjects each.
        #expect(commits >= 1200 / (limit + 32))
        #expect(try lines(of: inPieces) == lines(of: whole))
    }

    @Test("Who comes back afterwards enters anew")
    func comesBack() throws {
        var desk = try crowd()
        let head = desk.feed.head
        _ = desk.wait(milliseconds: 1_000_000, atMost: 1)
        desk.fix("u-0", isNear: true, time: 1_732_291_000_000)
        desk.commit()
        #expect(desk.feed.head == head + 903)
    }
}
