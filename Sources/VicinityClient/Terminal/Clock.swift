// The two clocks of the edge. Everything else takes the time as an argument.

internal import Glibc

package enum Clock {
    /// Milliseconds of a clock that never steps.
    package static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }

    /// Unix milliseconds.
    package static func wall() -> Int64 { read(CLOCK_REALTIME) }

    /// Seconds that local time is ahead of UTC at a Unix time in seconds, by `$TZ` or `/etc/localtime`.
    package static func localOffset(at seconds: Int64) -> Int64 {
        var time = time_t(seconds)
        var parts = tm()
        return localtime_r(&time, &parts) == nil ? 0 : Int64(parts.tm_gmtoff)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
