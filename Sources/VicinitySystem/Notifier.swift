import CLinux
import CSystemd
import Synchronization

/// Tells the service manager how the daemon is (`sd_notify(3)`); does nothing when there is none.
///
/// A stop is the last that is said: what another thread says of starts and reloads afterwards is not sent.
package final class Notifier: Sendable {
    private struct State {
        var text = ""
        var sentAt: Int64?
        var isStopping = false
    }

    private let send: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// The shortest time between two `STATUS=`, in nanoseconds: who looks reads seconds, and the manager is not ours to keep busy.
    static let statusInterval: Int64 = 1_000_000_000

    /// - Parameter send: is given the assignments, one a line.
    package init(send: @escaping @Sendable (String) -> Void) { self.send = send }

    /// Sends to `$NOTIFY_SOCKET`.
    package convenience init() {
        // A manager that does not listen cannot be told so; the daemon works all the same.
        self.init { assignments in _ = sd_notify(0, assignments) }
    }

    /// The start is complete. The text goes with it, so that no service that is up shows what its start last said.
    package func ready(_ text: String, now: Int64 = vicinity_monotonic_nanoseconds()) { announce("READY=1", text, now: now) }

    /// A reload begins; ``reloaded()`` ends it, whatever came of it.
    package func reloading() {
        guard !state.withLock(\.isStopping) else { return }
        send("RELOADING=1\nMONOTONIC_USEC=\(vicinity_monotonic_nanoseconds() / 1000)")
    }

    /// A reload is over.
    package func reloaded() {
        guard !state.withLock(\.isStopping) else { return }
        send("READY=1")
    }

    /// The daemon stops; of starts and reloads nothing is said any more.
    package func stopping(_ text: String, now: Int64 = vicinity_monotonic_nanoseconds()) {
        announce("STOPPING=1", text, now: now)
        state.withLock { $0.isStopping = true }
    }

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
        let line = Self.line(text)
        let isDue = state.withLock { last in
            if last.sentAt != nil, last.text == line { return false }
            if let sentAt = last.sentAt, now - sentAt < Self.statusInterval { return false }
            last.text = line
            last.sentAt = now
            return true
        }
        if isDue { send("STATUS=\(line)") }
    }

    /// Sends a change and the text that holds from it on, in one message.
    private func announce(_ assignment: String, _ text: String, now: Int64) {
        let line = Self.line(text)
        let isLate = state.withLock { state in
            state.text = line
            state.sentAt = now
            return state.isStopping
        }
        if !isLate { send("\(assignment)\nSTATUS=\(line)") }
    }

    private static func line(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
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
