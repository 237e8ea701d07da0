internal import CLinux
internal import Foundation
internal import Glibc
import Synchronization

/// What is known of the disk of the log, without waiting for it.
///
/// A network file system that hangs keeps whoever asks it, for as long as it hangs. So a thread of its own asks, one at a time, and all others look
/// at the last answer and at how old it is.
final class DiskWatch: Sendable {
    /// What the system says of a file system.
    struct Space: Equatable, Sendable {
        /// Bytes that this process may still write.
        var free: Int64
        /// Bytes in all.
        var size: Int64
    }

    struct Answer: Equatable, Sendable {
        var space: Space
        /// Milliseconds since the question was answered.
        var age: Int64

        /// Whether it may be taken for what is so now: it is asked each second.
        var isFresh: Bool { age < 10_000 }
    }

    private struct State {
        var space: Space?
        /// In monotonic milliseconds.
        var answered: Int64
        var isAsking = false
    }

    private let state: Mutex<State>
    private let question: @Sendable () -> Space?

    /// Asks, and waits for the first answer: who starts has just read the log from the same disk.
    ///
    /// - Parameters:
    ///   - now: monotonic milliseconds.
    ///   - question: `nil` if the system does not say.
    init(now: Int64, question: @escaping @Sendable () -> Space?) {
        self.question = question
        state = Mutex(State(space: question(), answered: now))
    }

    /// - Parameter directory: on the file system.
    convenience init(directory: String) {
        self.init(now: vicinity_monotonic_milliseconds()) {
            var found = statvfs()
            guard statvfs(directory, &found) == 0 else { return nil }
            let unit = Int64(found.f_frsize)
            return Space(free: Int64(clamping: found.f_bavail) * unit, size: Int64(clamping: found.f_blocks) * unit)
        }
    }

    /// Has the system asked on another thread, unless it owes the answer to the last question.
    func ask() {
        let isFree = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard isFree else { return }
        Thread.detachNewThread { [self] in
            _ = vicinity_set_thread_name("disk")
            let space = question()
            let now = vicinity_monotonic_milliseconds()
            state.withLock { $0 = State(space: space, answered: now) }
        }
    }

    /// The last answer; `nil` if the system does not say.
    ///
    /// - Parameter now: monotonic milliseconds.
    func answer(now: Int64) -> Answer? {
        let (space, answered) = state.withLock { ($0.space, $0.answered) }
        return space.map { Answer(space: $0, age: max(0, now - answered)) }
    }
}
