import Testing

@testable import VicinityClient

@Suite struct FixScheduleTests {
    /// Every byte but the number's stays.
    @Test(arguments: [
        (#"{"user":"u","ts":1000}"#, #"{"user":"u","ts":7}"#),
        (#"  { "ts" :\#t1e3  , "lat":1.50 }  "#, #"  { "ts" :\#t7  , "lat":1.50 }  "#),
        (
            #"{"x":{"ts":5},"y":["ts",{"ts":6}],"s":"\"ts\":1","ts":1000,"z":0}"#,
            #"{"x":{"ts":5},"y":["ts",{"ts":6}],"s":"\"ts\":1","ts":7,"z":0}"#
        ),
        ("{\"\\u0074s\":1000}\r", "{\"\\u0074s\":7}\r"),
        (#"{"user":"\\","ts":1000.0}"#, #"{"user":"\\","ts":7}"#),
    ])
    func rewritten(line: String, expected: String) throws {
        var bytes = Array(line.utf8)
        let time = try #require(Timestamp(in: bytes))
        #expect(time.milliseconds == 1000)
        time.replace(with: 7, in: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        "", "{", "{}", "[1]", #"{"user":"u"}"#, #"{"ts":null}"#, #"{"ts":"1000"}"#, #"{"ts":-1}"#, #"{"ts":1.5}"#, #"{"ts":1e400}"#,
        #"{"ts":{"ts":1}}"#, #"{"a":"ts":1}"#, #"{"a":1 "ts":1}"#, #"{"ts":1000"#, #"{"ts":9007199254740992}"#, #"{"a":"\"#,
    ])
    func noTime(line: String) {
        #expect(Timestamp(in: Array(line.utf8)) == nil)
    }

    /// What each line becomes and when it is due, with the first placed at 50 on the clock, when it is 9,000 by the wall.
    private func play(_ times: [Int64?], speed: Double?, now: Bool) -> [String] {
        var schedule = FixSchedule(speed: speed, shiftsToNow: now)
        return times.enumerated().map { index, time in
            var line = Array((time.map { "{\"ts\":\($0)}" } ?? "{}").utf8)
            let due = schedule.place(&line, clock: 50 + Int64(index), wall: 9_000 + Int64(index))
            return "\(due) \(String(decoding: line, as: UTF8.self))"
        }
    }

    @Test func asFastAsPossible() {
        #expect(play([1000, 5000], speed: nil, now: false) == [#"50 {"ts":1000}"#, #"51 {"ts":5000}"#])
    }

    @Test func shiftedAsFastAsPossible() {
        #expect(
            play([1000, 5000, nil, 500], speed: nil, now: true) == [
                #"50 {"ts":9000}"#, #"51 {"ts":13000}"#, "52 {}", #"53 {"ts":8500}"#,
            ])
    }

    @Test func paced() {
        #expect(
            play([1000, 61_000, nil, 31_000, 121_000], speed: 60, now: false) == [
                #"50 {"ts":1000}"#, #"1050 {"ts":61000}"#, "1050 {}", #"1050 {"ts":31000}"#, #"2050 {"ts":121000}"#,
            ])
    }

    @Test func pacedAndShifted() {
        #expect(
            play([1000, 61_000, 121_030], speed: 60, now: true) == [
                #"50 {"ts":9000}"#, #"1050 {"ts":10000}"#, #"2051 {"ts":11001}"#,
            ])
    }

    /// Lines before the first time are due at once, and are not taken for the beginning.
    @Test func leadingLinesWithoutTime() {
        #expect(play([nil, 1000, 2000], speed: 1, now: false) == ["0 {}", #"51 {"ts":1000}"#, #"1051 {"ts":2000}"#])
    }
}
