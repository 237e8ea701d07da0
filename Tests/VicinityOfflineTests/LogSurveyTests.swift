import Testing
import VicinityCore
import VicinityStore

@testable import VicinityOffline

/// Blocks of ten events: a number is the block that begins with this seq, `x` is one that cannot be read, `!` before a number is a block whose
/// events contradict one another.
@Suite("The survey of the blocks")
struct LogSurveyTests {
    @Test(
        arguments: [
            ("1 11 21", 30, 1, [], "1-30"),
            ("11 21", 30, 11, [], "11-30"),
            ("1 31", 40, 1, ["events 11 to 30: they are missing"], "31-40"),
            ("1 x 21", 30, 1, ["events 11 to 20: unreadable"], "21-30"),
            ("x 11", 20, 1, ["events up to 10: unreadable"], "11-20"),
            ("1 x", 20, 1, ["events 11 to 20: unreadable"], nil),
            ("1 11", 25, 1, ["the log ends with event 20, the last commit says 25"], nil),
            ("", 25, 6, ["events 6 to 25: they are missing"], nil),
            ("", 25, 26, [], nil),
            ("x", 25, 6, ["events 6 to 25: unreadable"], nil),
            ("1 !11 21", 30, 1, ["event 12: enters a pair that has been inside since event 11"], "21-30"),
            ("1 !11", 20, 1, ["event 12: enters a pair that has been inside since event 11"], nil),
        ] as [(String, Int64, Int64, [String], String?)])
    func tracks(track: String, head: Int64, oldest: Int64, expected: [String], run: String?) throws {
        var survey = LogSurvey()
        for word in track.split(separator: " ") {
            guard word != "x" else {
                survey.take(.failure(.damaged(path: "", what: "unreadable")))
                continue
            }
            let first = try #require(Int64(word.drop { $0 == "!" }))
            survey.take(.success(try block(first, isWrong: word.hasPrefix("!"))))
        }
        survey.finish(head: head, oldest: oldest)
        #expect(survey.findings.list.map(\.what) == expected)
        #expect(survey.run.map { "\($0.first)-\($0.last)" } == run)
    }

    @Test("What is before the newest run is remembered, however many runs there are")
    func runs() throws {
        var survey = LogSurvey()
        for index in Int64(0)..<1000 { survey.take(.success(try block(index * 20 + 1, isWrong: false))) }
        survey.finish(head: 19_990, oldest: 1)
        #expect(survey.newestRun == LogSurvey.Run(first: 19_981, last: 19_990))
        #expect(survey.earlier.count == 50 && survey.earlier.first == LogSurvey.Run(first: 1, last: 10))
        #expect(survey.earlier.last == LogSurvey.Run(first: 19_961, last: 19_970))
        #expect(survey.findings.count == 999)
    }

    /// Ten enters of ten users, or twice of the first.
    private func block(_ first: Int64, isWrong: Bool) throws -> Inspection.Block {
        var builder = EventBlockBuilder(firstSeq: first)
        for seq in first..<first + 10 {
            let user = isWrong && seq == first + 1 ? first : seq
            builder.append(
                Event(
                    seq: 0, time: seq, change: .enter(.user, .nothing), user: Array("u-\(user)".utf8), subject: Array("s".utf8), kind: nil))
        }
        return Inspection.Block(events: try #require(builder.finish()), wallTime: first)
    }
}
