import Testing
import VicinityConfiguration

@Suite("Spans of time")
struct TimeSpanTests {
    @Test(arguments: [
        ("0", 0), ("10", 10_000_000), ("5min 20s", 320_000_000), ("1h30min", 5_400_000_000), ("2 h", 7_200_000_000),
        ("2hours", 7_200_000_000), ("48hr", 172_800_000_000), ("1y 12month", 2 * 31_557_600_000_000), ("55s500ms", 55_500_000),
        ("300ms20s 5day", 432_020_300_000), ("1.5s", 1_500_000), ("1.5", 1_500_000), (".5s", 500_000), ("0.25 h", 900_000_000),
        ("500us", 500), ("500usec", 500), ("3\u{B5}s", 3), ("3\u{3BC}s", 3), ("7msec", 7000), ("1M", 2_629_800_000_000),
        ("1m", 60_000_000), ("1 minute", 60_000_000), ("2minutes", 120_000_000), ("1sec", 1_000_000), ("1 second", 1_000_000),
        ("2seconds", 2_000_000), ("1hour", 3_600_000_000), ("1d", 86_400_000_000), ("2days", 172_800_000_000),
        ("1w", 604_800_000_000), ("2weeks", 1_209_600_000_000), ("1week", 604_800_000_000), ("2months", 5_259_600_000_000),
        ("1year", 31_557_600_000_000), ("10years", 315_576_000_000_000), ("10y", 315_576_000_000_000), ("5 20s", 25_000_000),
        ("12.34 .56", 12_900_000), ("12.34s.56", 12_900_000), ("  3s\t", 3_000_000), ("1.0000009s", 1_000_000),
        ("3652.5d", 315_576_000_000_000),
    ])
    func reads(text: String, microseconds: Int64) throws {
        #expect(try TimeSpan(text).microseconds == microseconds)
    }

    @Test(arguments: [
        "", " ", "s", "min", "5x", "5 sx", "5S", "5Min", "1.", "1.s", "1.2.3", "1,5s", "abc", "+5", "--5", "-", "- 5", "5-", "1e3", "0x10",
        "5s;", "\u{663}s",
        "nan", "5ss", "1:30",
    ])
    func refusesWhatIsNoSpan(text: String) {
        #expect(throws: TimeSpan.Invalid.malformed) { try TimeSpan(text) }
    }

    @Test(arguments: [
        "-1", "-5min", "5s -1s", "11y", "10y 1us", "3652.500001d", "99999999999999999999", "9223372036854775807y",
        "9223372036854775807us 9223372036854775807us 5s", "9223372036854.999999s 1s",
    ])
    func refusesWhatIsOutOfRange(text: String) {
        #expect(throws: TimeSpan.Invalid.outOfRange) { try TimeSpan(text) }
    }

    @Test(arguments: [
        (0, "0s"), (1, "1us"), (1500, "1ms 500us"), (5000, "5ms"), (300_000_000, "5min"), (86_400_000_000, "1d"),
        (90_000_000, "1min 30s"), (604_800_000_000, "7d"), (31_536_000_000_000, "365d"), (31_557_600_000_000, "1y"),
        (315_576_000_000_000, "10y"), (31_557_600_000_001, "365d 6h 1us"),
    ])
    func writes(microseconds: Int64, text: String) throws {
        let span = try #require(TimeSpan(microseconds: microseconds))
        #expect(span.description == text)
        #expect(try TimeSpan(text) == span)
    }

    @Test(arguments: UInt64(0)..<200)
    func whatIsWrittenReadsBack(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<20 {
            let bound = Int64(1) << Int64.random(in: 1...48, using: &random)
            let span = try #require(TimeSpan(microseconds: Int64.random(in: 0..<bound, using: &random)))
            #expect(try TimeSpan(span.description) == span)
        }
    }

    @Test func millisecondsAreRoundedUp() throws {
        #expect(try [TimeSpan("0"), TimeSpan("1us"), TimeSpan("1ms"), TimeSpan("1001us")].map(\.milliseconds) == [0, 1, 1, 2])
        #expect(try TimeSpan("1.5s").duration == .milliseconds(1500))
    }

    @Test func endsAtTenYears() {
        #expect(TimeSpan(microseconds: TimeSpan.longest.microseconds) == .longest)
        #expect(TimeSpan(microseconds: TimeSpan.longest.microseconds + 1) == nil)
        #expect(TimeSpan(microseconds: -1) == nil)
    }
}

@Suite("Limits")
struct LimitTests {
    @Test(arguments: [
        ("20/1h", 20, "1h"), ("0/1s", 0, "1s"), ("5 / 1d", 5, "1d"), ("3/60", 3, "1min"), ("1000000000/10y", 1_000_000_000, "10y"),
        ("7/1h 30min", 7, "1h 30min"), ("007/1us", 7, "1us"),
    ])
    func reads(text: String, count: Int, span: String) throws {
        let limit = try Limit(text)
        #expect(limit == .limited(count: count, within: try TimeSpan(span)))
        #expect(limit.description == "\(count)/\(span)")
    }

    @Test func unlimited() throws {
        #expect(try Limit("unlimited") == .unlimited)
        #expect(Limit.unlimited.description == "unlimited")
    }

    @Test(arguments: [
        ("", Limit.Invalid.malformed), ("20", .malformed), ("/1h", .malformed), ("20/", .malformed), ("x/1h", .malformed),
        ("20/h", .malformed),
        ("-1/1h", .malformed), ("+1/1h", .malformed), ("1.5/1h", .malformed), ("1 2/1h", .malformed), ("20/1h/2", .malformed),
        ("Unlimited", .malformed), ("1000000001/1h", .countOutOfRange), ("99999999999999999999/1h", .countOutOfRange),
        ("20/0", .spanOutOfRange), ("20/-1s", .spanOutOfRange), ("20/11y", .spanOutOfRange),
    ])
    func refuses(text: String, why: Limit.Invalid) {
        #expect(throws: why) { try Limit(text) }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
