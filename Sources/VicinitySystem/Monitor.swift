import CLinux

/// A value that threads share, and a way to wait until it has become what one waits for.
///
/// `Synchronization.Mutex` cannot wait, and other condition variables at hand wait by the wall clock, which jumps; this one waits by
/// the monotonic clock. It blocks threads, so it is for threads of our own and never for a task or an event loop that others share
/// (which may call ``withLock(_:)`` and ``signal()``, as neither waits for more than a moment).
///
/// Unchecked: `state` is only touched by closures that run under the lock of `monitor`.
package final class Monitor<State>: @unchecked Sendable {
    private let monitor: OpaquePointer
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        monitor = vicinity_monitor_create()
    }

    deinit { vicinity_monitor_destroy(monitor) }

    /// Looks at or changes the value. Wakes nobody by itself.
    package func withLock<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> sending Result) throws(Failure) -> sending Result
    {
        vicinity_monitor_lock(monitor)
        defer { vicinity_monitor_unlock(monitor) }
        return try body(&state)
    }

    /// Waits until `body` gives a result; it is asked at once, and again after each wake-up.
    ///
    /// - Parameter deadline: nanoseconds on the monotonic clock; nil waits for ever.
    /// - Returns: nil if the deadline passed first; `body` was then asked once more, after it.
    package func wait<Result>(until deadline: Int64? = nil, for body: (inout State) -> sending Result?) -> sending Result? {
        vicinity_monitor_lock(monitor)
        defer { vicinity_monitor_unlock(monitor) }
        while true {
            if let result = body(&state) { return result }
            if let deadline {
                guard vicinity_monitor_wait_until(monitor, deadline) else { return body(&state) }
            } else {
                vicinity_monitor_wait(monitor)
            }
        }
    }

    /// Wakes one of those who wait, if there is one.
    package func signal() { vicinity_monitor_signal(monitor) }

    /// Wakes all who wait.
    package func broadcast() { vicinity_monitor_broadcast(monitor) }
}
