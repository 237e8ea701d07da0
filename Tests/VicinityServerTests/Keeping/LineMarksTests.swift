import Testing

@testable import VicinityServer

/// How far a gateway's bytes are settled.
struct LineMarksTests {
    private static func mark(_ line: UInt64, _ offset: UInt64, isSkipping: Bool = false) -> LineMarks.Mark {
        LineMarks.Mark(line: line, offset: offset, isSkipping: isSkipping)
    }

    @Test func bytesAreSettledWithTheirLines() {
        var marks = LineMarks(settled: Self.mark(0, 0))
        marks.read(to: Self.mark(3, 100), at: 0)
        marks.read(to: Self.mark(5, 160), at: 0)
        marks.settle(upTo: 0)
        #expect(marks.settled == Self.mark(0, 0))
        marks.settle(upTo: 4)
        #expect(marks.settled == Self.mark(3, 100), "nothing of a batch is settled before all of it")
        marks.settle(upTo: 5)
        #expect(marks.settled == Self.mark(5, 160))
    }

    @Test func theOldestLineThatIsOpenIsTheFirstOfItsBatch() {
        var marks = LineMarks(settled: Self.mark(0, 0))
        #expect(marks.oldestOpen == nil)
        marks.read(to: Self.mark(3, 100), at: 70)
        marks.read(to: Self.mark(5, 160), at: 80)
        // The rest of a line that is too long is no news.
        marks.read(to: Self.mark(5, 900, isSkipping: true), at: 90)
        #expect(marks.oldestOpen == 70)
        marks.settle(upTo: 4)
        #expect(marks.oldestOpen == 80)
        marks.settle(upTo: 5)
        #expect(marks.oldestOpen == nil)
    }

    /// What follows of a line that was too long is no line of its own.
    @Test func whatIsSkippedBelongsToTheLineBefore() {
        var marks = LineMarks(settled: Self.mark(7, 1000))
        marks.read(to: Self.mark(8, 70_000, isSkipping: true), at: 0)
        marks.read(to: Self.mark(8, 130_000, isSkipping: true), at: 0)
        #expect(marks.settled == Self.mark(7, 1000))
        marks.settle(upTo: 8)
        #expect(marks.settled == Self.mark(8, 130_000, isSkipping: true))
        // Nothing is open any more: what is skipped is settled as it comes, or it would fill the notebook for ever.
        marks.read(to: Self.mark(8, 900_000, isSkipping: true), at: 0)
        #expect(marks.settled == Self.mark(8, 900_000, isSkipping: true))
        marks.read(to: Self.mark(9, 900_050), at: 0)
        #expect(marks.settled == Self.mark(8, 900_000, isSkipping: true))
        marks.settle(upTo: 9)
        #expect(marks.settled == Self.mark(9, 900_050))
    }
}
