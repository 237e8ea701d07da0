/// Decides whether the service manager is asked to wait on, while the daemon starts or stops.
///
/// It waits for `TimeoutStartSec=` or `TimeoutStopSec=` by itself. Beyond that it is asked only for what goes on: a step that counts what it does
/// must have counted on since it was last looked at; one that cannot be asked how far it is may take a time that follows from its size,
/// and no more. So a start that hangs ends, and one that is long does not.
struct Patience {
    /// What a step can be judged by.
    enum Step: Sendable, Equatable {
        /// A number that changes as it goes on.
        case counted
        /// The most that it may take in all, in milliseconds.
        case within(Int64)
    }

    /// A step that reads and writes a file once or twice, and cannot be asked how far it is: a minute, and what a slow disk needs.
    ///
    /// A check of 0.9 GB took 17 s where nothing of it was in memory (`FileWarmer`), that is 50 MB/s; this allows for a tenth of that.
    static func reading(bytes: Int64) -> Step { .within(60_000 + bytes / 5_000) }

    private var step: Step
    private var began: Int64
    private var count: UInt64

    /// - Parameters:
    ///   - count: of the step's number.
    ///   - now: monotonic milliseconds.
    init(_ step: Step, count: UInt64 = 0, now: Int64) {
        self.step = step
        self.count = count
        began = now
    }

    /// Looks whether the step goes on.
    ///
    /// - Returns: whether more time is to be asked for.
    mutating func look(count: UInt64, now: Int64) -> Bool {
        switch step {
        case .counted:
            defer { self.count = count }
            return count != self.count
        case .within(let time): return now - began < time
        }
    }
}
