import DequeModule
import VicinitySystem

/// A bounded queue into one thread.
///
/// Anybody puts, one thread takes, in order. The bound is in bytes, as the caller counts them: an element that is put above
/// it is still taken in (it has been read and cannot be unread), but whoever put it is told to stop until there is room, so that at most one element a
/// producer lies above the bound.
final class Inbox<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements: Deque<(element: Element, cost: Int)> = []
        var cost = 0
        var isFinished = false
        var wasWoken = false
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Monitor(State())
    private let bound: Int

    /// What the thread that takes is told.
    enum Taken: Sendable {
        case element(Element)
        /// The deadline has passed, or somebody called ``wake()``.
        case nothing
        /// The inbox is finished and empty.
        case finished
    }

    /// - Parameter bound: bytes; at least 1.
    init(bound: Int) { self.bound = bound }

    /// Puts an element.
    ///
    /// - Parameters:
    ///   - cost: what the element counts against the bound, in bytes.
    ///   - whenRoom: called once, on the taking thread, when less than half of the bound is in use again; only if this returns `false`.
    /// - Returns: whether the producer may go on. A finished inbox drops the element and says yes.
    func put(_ element: Element, cost: Int, whenRoom: @escaping @Sendable () -> Void) -> Bool {
        let mayGoOn = state.withLock { state in
            guard !state.isFinished else { return true }
            state.elements.append((element, cost))
            state.cost += cost
            guard state.cost >= bound else { return true }
            state.waiting.append(whenRoom)
            return false
        }
        state.signal()
        return mayGoOn
    }

    /// Puts an element that must not wait, such as an operator's request; there are few of these and each has a bound of its own.
    ///
    /// - Returns: `false` if the inbox is finished; the element is dropped.
    func put(_ element: Element) -> Bool {
        let isTaken = state.withLock { state in
            if !state.isFinished { state.elements.append((element, 0)) }
            return !state.isFinished
        }
        state.signal()
        return isTaken
    }

    /// Takes the next element, waiting for it until `deadline` on the monotonic clock, in nanoseconds; `nil` waits for ever.
    func take(until deadline: Int64?) -> Taken {
        let (taken, ready) =
            state.wait(until: deadline) { state -> (Taken, [@Sendable () -> Void])? in
                guard let (element, cost) = state.elements.popFirst() else {
                    if state.isFinished { return (.finished, []) }
                    defer { state.wasWoken = false }
                    return state.wasWoken ? (.nothing, []) : nil
                }
                state.cost -= cost
                var ready: [@Sendable () -> Void] = []
                if state.cost < bound / 2 { swap(&ready, &state.waiting) }
                return (.element(element), ready)
            } ?? (.nothing, [])
        for whenRoom in ready { whenRoom() }
        return taken
    }

    /// What is in it, in bytes, and where whoever puts is told to stop.
    var load: (bytes: Int, bound: Int) { (state.withLock(\.cost), bound) }

    /// Makes a ``take(until:)`` that waits, or the next one that would, return.
    func wake() {
        state.withLock { $0.wasWoken = true }
        state.signal()
    }

    /// Takes nothing more in; what is there can still be taken.
    func finish() {
        state.withLock { $0.isFinished = true }
        state.broadcast()
    }
}
