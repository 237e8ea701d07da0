import NIOCore
import Testing

@testable import VicinityTransport

struct ReadingPaceTests {
    private static func at(_ milliseconds: UInt64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000 + milliseconds * 1_000_000) }

    /// A pace with a rest of 10 ms.
    private static func pace(after bytes: Int, fillsBuffer: Bool = false) -> ReadingPace {
        var pace = ReadingPace()
        pace.rest = .milliseconds(10)
        pace.read(bytes, fillsBuffer: fillsBuffer, now: at(0))
        return pace
    }

    @Test(arguments: [1, 100, ReadingPace.plenty - 1])
    func aReadThatBroughtLittleIsFollowedByARest(bytes: Int) {
        let pace = Self.pace(after: bytes)
        #expect(pace.nextRead(now: Self.at(0)) == Self.at(10))
        #expect(pace.nextRead(now: Self.at(9)) == Self.at(10))
    }

    @Test func aReadAfterASilenceComesAtOnce() {
        var pace = Self.pace(after: 1)
        #expect(pace.nextRead(now: Self.at(10)) == nil)
        #expect(pace.nextRead(now: Self.at(500)) == nil)
        pace.read(1, fillsBuffer: false, now: Self.at(500))
        #expect(pace.nextRead(now: Self.at(501)) == Self.at(510), "but the one after that does not")
    }

    @Test(arguments: [(ReadingPace.plenty, false), (2048, true)])
    func aReadThatBroughtMuchIsFollowedByTheNext(bytes: Int, fillsBuffer: Bool) {
        var pace = Self.pace(after: bytes, fillsBuffer: fillsBuffer)
        #expect(pace.nextRead(now: Self.at(0)) == nil)
        pace.read(1, fillsBuffer: false, now: Self.at(1))
        #expect(pace.nextRead(now: Self.at(1)) == Self.at(11))
    }

    @Test func theFirstReadComesAtOnce() {
        var pace = ReadingPace()
        pace.rest = .milliseconds(10)
        #expect(pace.nextRead(now: Self.at(0)) == nil)
    }

    @Test func withoutARestNoClockIsLookedAt() {
        func clock() -> NIODeadline {
            Issue.record("somebody looked")
            return Self.at(0)
        }
        var pace = ReadingPace()
        pace.read(1, fillsBuffer: false, now: clock())
        #expect(pace.nextRead(now: clock()) == nil)
    }
}
