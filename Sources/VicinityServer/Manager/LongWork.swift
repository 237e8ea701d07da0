internal import CLinux
internal import Foundation
import VicinitySystem

/// Tells the service manager how a start or a stop goes on, and asks it for more time as long as it does (``Patience``).
///
/// From a thread of its own: whoever starts the daemon is in the midst of it, and what a step says of itself may be dropped, since the manager
/// is told no more than once a second.
final class LongWork: Sendable {
    /// How many looks apart the manager is asked for time at least: later where nothing went on just then, as soon as something does.
    private static let looksPerRequest = 5

    private struct State {
        var text: String
        var patience: Patience
        var count: UInt64 = 0
        var isOver = false
    }

    private let state: Monitor<State>
    private let notifier: Notifier
    private let request: Duration
    private let interval: Int64
    private let count: (@Sendable () -> UInt64)?

    /// - Parameters:
    ///   - text: what the manager shows, until the next step.
    ///   - request: how long the manager is to wait from a look on: what it would wait without being asked.
    ///   - interval: how often somebody looks, in milliseconds.
    ///   - count: of steps that are counted elsewhere; `nil` if ``counted(_:)`` is called.
    init(
        _ text: String, _ step: Patience.Step, request: Duration, notifier: Notifier, interval: Int64 = 1000,
        count: (@Sendable () -> UInt64)? = nil
    ) {
        self.notifier = notifier
        self.request = request
        self.interval = interval
        self.count = count
        let patience = Patience(step, count: count?() ?? 0, now: vicinity_monotonic_milliseconds())
        state = Monitor(State(text: text, patience: patience))
        Thread.detachNewThread { [self] in
            _ = vicinity_set_thread_name("manager")
            watch()
        }
    }

    /// Another step begins.
    func begin(_ text: String, _ step: Patience.Step) {
        let known = count?()
        state.withLock { state in
            state.text = text
            state.patience = Patience(step, count: known ?? state.count, now: vicinity_monotonic_milliseconds())
        }
        notifier.status(text)
    }

    /// The step has come so far, and says so.
    func counted(_ count: UInt64, _ text: String) {
        state.withLock { state in
            state.count = count
            state.text = text
        }
    }

    /// It is over: when this returns nothing more is said.
    func end() {
        state.withLock { $0.isOver = true }
        state.broadcast()
    }

    private func watch() {
        var looks = 0
        var deadline = vicinity_monotonic_milliseconds() + interval
        while state.wait(until: deadline * 1_000_000, for: { $0.isOver ? true : nil }) == nil {
            deadline += interval
            looks += 1
            let known = count?()
            // Said with the lock held, so that nothing comes after the end.
            state.withLock { state in
                guard !state.isOver else { return }
                notifier.status(state.text)
                guard looks >= Self.looksPerRequest else { return }
                if state.patience.look(count: known ?? state.count, now: vicinity_monotonic_milliseconds()) {
                    notifier.extendTimeout(by: request)
                    looks = 0
                }
            }
        }
    }
}
