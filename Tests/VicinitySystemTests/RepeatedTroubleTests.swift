import Testing

@testable import VicinitySystem

@Suite("Trouble that comes again and again")
struct RepeatedTroubleTests {
    typealias Trouble = RepeatedTrouble<String>

    /// Groups of messages, each 10 s after the one before, so that an interval has six; a letter is a message about the trouble of that letter, `.`
    /// is nothing. Below it what is written: the letter itself, `-` where it is held back or nothing came, and in front of a group the sums that
    /// were due, as `2a`.
    @Test(
        "What is let through, held back, and summed up",
        arguments: [
            // The first five at once, and the rest at the end of the interval.
            (
                steps: "aaaaaaa . . . . . .",
                written: "aaaaa-- - - - - - 2a-"
            ),
            // A trouble that goes on: a sum for each interval, and nothing between.
            (
                steps: "aaaaaaa a a a a a a a a a a a a a",
                written: "aaaaa-- - - - - - 7a- - - - - - 6a- -"
            ),
            // Slow trouble is never held back: it is forgotten when its interval is over.
            (
                steps: "a a a a a . a a a a a",
                written: "a a a a a - a a a a a"
            ),
            // After an interval of quiet all is new.
            (
                steps: "aaaaaaa . . . . . . . . . . . aaaaaa",
                written: "aaaaa-- - - - - - 2a- - - - - - aaaaa-"
            ),
            // Two are told apart, and summed up in the order of their last messages.
            (
                steps: "aaaaaabbbbbbba . . . . . .",
                written: "aaaaa-bbbbb--- - - - - - 2b2a-"
            ),
            (steps: "", written: ""),
        ])
    func table(steps: String, written: String) {
        #expect(Self.play(steps) == written, "\(steps)")
    }

    private static func play(_ steps: String) -> String {
        var trouble = Trouble()
        let groups = steps.split(separator: " ").enumerated().map { step, group in
            let now = Int64(step) * 10_000
            let sums = trouble.due(now: now).map { "\($0.count)\($0.last)" }.joined()
            return sums
                + group.map { $0 != "." && trouble.admits("\($0)", "kind", "\($0)", now: now) ? "\($0)" : "-" }.joined()
        }
        return groups.joined(separator: " ")
    }

    @Test("The sum tells the last message, how many there were, and in how long")
    func summary() throws {
        var trouble = Trouble()
        for number in 1...8 { _ = trouble.admits("message \(number)", "kind", "what", now: Int64(number) * 100) }
        let early = trouble.due(now: 60_099)
        let summaries = trouble.due(now: 60_100)
        let again = trouble.due(now: 60_100)
        #expect(early.isEmpty && again.isEmpty, "it is told once, and not before its time")
        let sum = try #require(summaries.first)
        #expect(summaries.count == 1)
        #expect(sum.last == "message 8" && sum.count == 3 && sum.span == 60_000)
        #expect(sum.key == Trouble.Key(id: "kind", trouble: "what"))
    }

    @Test("At the end all is told, however short the interval was, and nothing twice")
    func end() {
        var trouble = Trouble()
        for _ in 0..<6 { _ = trouble.admits("a", "kind", "a", now: 0) }
        for _ in 0..<9 { _ = trouble.admits("b", "kind", "b", now: 0) }
        _ = trouble.admits("c", "kind", "c", now: 0)
        let sums = trouble.all(now: 5)
        let again = trouble.all(now: 5)
        #expect(sums.map { "\($0.count)\($0.last)" } == ["1a", "4b"])
        #expect(again.isEmpty)
    }

    @Test("Troubles of the same name and different kinds are two")
    func kinds() {
        var trouble = Trouble()
        let admitted = (0..<6).map { _ in trouble.admits("a", "one", "", now: 0) }
        let other = trouble.admits("b", "two", "", now: 0)
        #expect(admitted == [true, true, true, true, true, false])
        #expect(other)
    }

    @Test("However many troubles there are, few are remembered, and none is left untold")
    func bound() {
        var trouble = Trouble()
        var admitted = 0
        for round in 0..<10 {
            for number in 0..<1000 where trouble.admits("x", "kind \(number % 3)", "\(number)", now: Int64(round)) { admitted += 1 }
        }
        #expect(trouble.count <= Trouble.capacity + 3)
        let sums = trouble.all(now: 60_000)
        #expect(admitted + sums.map(\.count).reduce(0, +) == 10_000)
        #expect(sums.count { $0.key.trouble == nil } == 3, "those without a place are summed up by kind")
        #expect(admitted == Trouble.burst * (Trouble.capacity + 3))
        // And it is all given back.
        let later = trouble.due(now: 120_000)
        #expect(later.isEmpty && trouble.count == 0)
    }
}
