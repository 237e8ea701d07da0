import CLinux
import CSystemd
import Synchronization

/// Tells the service manager how the daemon is (`sd_notify(3)`); does nothing when there is none.
package final class Notifier: Sendable {
    private struct Status {
        var text = ""
        var sentAt: Int64?
    }

    private let send: @Sendable (String) -> Void
    private let status = Mutex(Status())

    /// The shortest time between two `STATUS=`, in nanoseconds: who looks reads seconds, and the manager is not ours to keep busy.
    static let statusInterval: Int64 = 1_000_000_000

    /// - Parameter send: is given the assignments, one a line.
    init(send: @escaping @Sendable (String) -> Void) { self.send = send }

    /// Sends to `$NOTIFY_SOCKET`.
    package convenience init() {
        // A manager that does not listen cannot be told so; the daemon works all the same.
        self.init { assignments in _ = sd_notify(0, assignments) }
    }

    /// Start or reload is complete.
    package func ready() { send("READY=1") }

    /// A reload begins; ``ready()`` ends it, whatever came of it.
    package func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(vicinity_monotonic_nanoseconds() / 1000)") }

    package func stopping() { send("STOPPING=1") }

    /// A start, reload or stop goes on for up to so long from now; to be repeated before that.
    package func extendTimeout(by duration: Duration) { send("EXTEND_TIMEOUT_USEC=\(duration.microseconds)") }

    /// A whole round of work was done within the watchdog's time.
    package func watchdog() { send("WATCHDOG=1") }

    /// What `systemctl status` shows. Sent if it differs from the last and a second has passed since; else dropped, so the
    /// caller repeats what holds, about once a second.
    ///
    /// - Parameters:
    ///   - text: one line; control characters become blanks.
    ///   - now: nanoseconds on the monotonic clock.
    package func status(_ text: String, now: Int64 = vicinity_monotonic_nanoseconds()) {
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
        let isDue = status.withLock { last in
            if last.sentAt != nil, last.text == line { return false }
            if let sentAt = last.sentAt, now - sentAt < Self.statusInterval { return false }
            last = Status(text: line, sentAt: now)
            return true
        }
        if isDue { send("STATUS=\(line)") }
    }

    /// How often the manager wants ``watchdog()`` at the least; nil if it does not watch. Feed it at a third of this.
    package static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
