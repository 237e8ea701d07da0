// When the WAL is copied, and by whom, step by step.

import Testing

@testable import VicinityStore

@Suite("When the WAL is copied")
struct WALPolicyTests {
    private var policy = WALPolicy()

    /// Looks after commits of so many pages each, as long as there is nothing to do.
    private mutating func grow(from start: Int, by pages: Int, until end: Int) -> (WALPolicy.Step, at: Int) {
        var length = start
        while length < end {
            length += pages
            let step = policy.next(pages: length, .beside)
            if step != .nothing { return (step, length) }
        }
        return (.nothing, length)
    }

    @Test("By the writer: after so many pages since the last copy, and from the beginning in a new WAL")
    mutating func byWriter() {
        #expect(policy.next(pages: 1023, .byWriter) == .nothing)
        #expect(policy.next(pages: 1024, .byWriter) == .finish)
        policy.ended(isDone: true, wasBeside: false)
        #expect(policy.next(pages: 1025, .byWriter) == .nothing)
        #expect(policy.next(pages: 2048, .byWriter) == .finish)
        policy.ended(isDone: true, wasBeside: false)
        #expect(policy.next(pages: 900, .byWriter) == .nothing)
        #expect(policy.next(pages: 1100, .byWriter) == .finish)
    }

    @Test("Beside the commits: one copy at a time, and the next not before a commit has come since")
    mutating func beside() {
        #expect(grow(from: 0, by: 100, until: 5000) == (.copy, at: 4100))
        #expect(grow(from: 4100, by: 100, until: 9000) == (.nothing, at: 9000))
        policy.ended(isDone: true, wasBeside: true)
        // SQLite's reset bug: the copy may have taken what this look sees.
        #expect(policy.next(pages: 9100, .beside) == .nothing)
        #expect(policy.next(pages: 9100, .beside) == .nothing)
        #expect(policy.next(pages: 9101, .beside) == .copy)
    }

    @Test("In a long WAL the writer finishes just after a copy beside it, if little is left")
    mutating func finish() {
        var length = 0
        while true {
            let (step, at) = grow(from: length, by: 100, until: 20_000)
            length = at
            guard step == .copy else { break }
            policy.ended(isDone: true, wasBeside: true)
            // Little came meanwhile.
            length += 50
            let next = policy.next(pages: length, .beside)
            if next == .finish { break }
            #expect(next == .nothing)
        }
        #expect((WALPolicy.long..<WALPolicy.long + WALPolicy.piece).contains(length))
        policy.ended(isDone: true, wasBeside: false)
        // A reader was in the way: it goes on growing, and is copied as before.
        #expect(policy.next(pages: length + 100, .beside) == .nothing)
        #expect(policy.next(pages: length + 4100, .beside) == .copy)
        policy.ended(isDone: true, wasBeside: true)
        #expect(policy.next(pages: 30, .beside) == .nothing)
        #expect(grow(from: 30, by: 10, until: 5000) == (.copy, at: 4100))
    }

    @Test("If much is left after a copy, one more is made beside the commits")
    mutating func slow() {
        #expect(policy.next(pages: 8000, .beside) == .copy)
        #expect(policy.next(pages: 9000, .beside) == .nothing)
        policy.ended(isDone: true, wasBeside: true)
        #expect(policy.next(pages: 9500, .beside) == .nothing)
        #expect(policy.next(pages: 12_100, .beside) == .copy)
        policy.ended(isDone: true, wasBeside: true)
        #expect(policy.next(pages: 12_200, .beside) == .finish)
    }

    @Test("A WAL that is too long has the writer wait, again and again where a reader is in the way")
    mutating func tooLong() {
        #expect(policy.next(pages: 5000, .beside) == .copy)
        #expect(grow(from: 5000, by: 500, until: 40_000) == (.finish, at: 16_500))
        policy.ended(isDone: true, wasBeside: true)
        policy.ended(isDone: true, wasBeside: false)
        #expect(policy.next(pages: 16_600, .beside) == .finish)
        policy.ended(isDone: true, wasBeside: false)
        #expect(grow(from: 16_600, by: 100, until: 40_000) == (.finish, at: 20_700))
    }

    @Test("A copy that failed for a cause that may pass is made after the next commit")
    mutating func failed() {
        #expect(policy.next(pages: 4200, .beside) == .copy)
        policy.ended(isDone: false, wasBeside: true)
        #expect(policy.next(pages: 4210, .beside) == .copy)
        policy.ended(isDone: true, wasBeside: true)
        #expect(policy.next(pages: 4220, .beside) == .nothing)
        #expect(policy.next(pages: 4230, .beside) == .nothing)
        policy.wasEmptied()
        #expect(policy.next(pages: 4230, .beside) == .copy)
    }
}
