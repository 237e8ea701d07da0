import Testing
import VicinityPipeline

@Suite("A clock that is set")
struct ClockWatchTests {
    private static let hour: Int64 = 3_600_000

    @Test("A clock that runs, and one that is corrected by less than two seconds, is trusted")
    func drift() {
        var watch = ClockWatch()
        var unix: Int64 = 1_000_000
        for second in 0..<100 {
            unix += 1000 + (second.isMultiple(of: 2) ? 1999 : -1999)
            #expect(watch.sample(unix: unix, steady: Int64(second) * 1000) == nil)
        }
        #expect(watch.isTrusted && watch.recentLeap == nil)
    }

    @Test("A clock set ahead is not trusted for an hour")
    func ahead() {
        var watch = ClockWatch()
        _ = watch.sample(unix: 0, steady: 0)
        #expect(watch.sample(unix: 5 * Self.hour + 1000, steady: 1000) == ClockWatch.Leap(by: 5 * Self.hour))
        #expect(!watch.isTrusted && watch.recentLeap == 5 * Self.hour)
        #expect(watch.sample(unix: 6 * Self.hour, steady: Self.hour) == nil)
        #expect(!watch.isTrusted)
        #expect(watch.sample(unix: 6 * Self.hour + 1000, steady: Self.hour + 1000) == nil)
        #expect(watch.isTrusted && watch.recentLeap == nil)
    }

    @Test("A clock set back lets nothing go too early, so its time is used; it is told all the same")
    func back() {
        var watch = ClockWatch()
        _ = watch.sample(unix: 10 * Self.hour, steady: 0)
        #expect(watch.sample(unix: 7 * Self.hour, steady: 0) == ClockWatch.Leap(by: -3 * Self.hour))
        #expect(watch.isTrusted && watch.recentLeap == -3 * Self.hour)
    }

    @Test("A leap that is taken back is as if it had not been")
    func takenBack() {
        var watch = ClockWatch()
        _ = watch.sample(unix: 0, steady: 0)
        _ = watch.sample(unix: 8 * Self.hour, steady: 1000)
        #expect(!watch.isTrusted)
        #expect(watch.sample(unix: 2000, steady: 2000) == ClockWatch.Leap(by: 1000 - 8 * Self.hour))
        #expect(watch.isTrusted && watch.recentLeap == nil)
    }
}
