import Synchronization

/// The bound on connections that are served at once, shared by all servers of the process; it also numbers them.
///
/// Past the bound a new client is neither answered nor turned away: it waits in the socket's queue until another connection ends, like
/// everybody who waits behind it (see ``AcceptGate``). To refuse it instead would make clients that reconnect in a loop pay for a bound
/// that protects the daemon's memory, and a waiting client costs nothing here. The price: a client cannot tell "full" from "slow".
package final class ConnectionLimit: Sendable {
    private struct State {
        var maximum: Int
        var served = 0
        var lastNumber: UInt64 = 0
        var waiting: [@Sendable () -> Void] = []

        /// Those who are to try again, if there is a place.
        mutating func takeWaiting() -> [@Sendable () -> Void] {
            guard served < maximum, !waiting.isEmpty else { return [] }
            defer { waiting.removeAll(keepingCapacity: true) }
            return waiting
        }
    }

    private let state: Mutex<State>

    /// - Parameter maximum: 1 or more.
    package init(maximum: Int) {
        precondition(maximum > 0, "a limit of no connections serves nobody")
        state = Mutex(State(maximum: maximum))
    }

    /// How many connections may be served at once.
    package var maximum: Int { state.withLock { $0.maximum } }

    /// How many connections are served now.
    package var served: Int { state.withLock { $0.served } }

    /// How many servers have stopped accepting because the bound is reached.
    package var waitingServers: Int { state.withLock { $0.waiting.count } }

    /// Changes the bound. A smaller one closes nobody; it takes effect as connections end.
    package func change(maximum: Int) {
        precondition(maximum > 0, "a limit of no connections serves nobody")
        wake(
            state.withLock { state in
                state.maximum = maximum
                return state.takeWaiting()
            })
    }

    /// A number that no other connection of this process has or had: 1, 2, 3 …
    func nextNumber() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// Takes a place, to be given back by ``release()``.
    ///
    /// - Parameter retry: called once, from any thread, when there may be a place, if there is none now.
    /// - Returns: false if there is none.
    func take(orCallLater retry: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.served < state.maximum else {
                state.waiting.append(retry)
                return false
            }
            state.served += 1
            return true
        }
    }

    /// Takes a place also above the bound, but no further above it than so much.
    ///
    /// - Returns: false if there is none.
    func take(atMostBeyond excess: Int) -> Bool {
        state.withLock { state in
            guard state.served < state.maximum + excess else { return false }
            state.served += 1
            return true
        }
    }

    /// Takes a place for somebody who is there already, also above the bound.
    func takeAlways() { state.withLock { $0.served += 1 } }

    /// Gives a place back.
    func release() {
        wake(
            state.withLock { state in
                precondition(state.served > 0, "a place is given back once")
                state.served -= 1
                return state.takeWaiting()
            })
    }

    /// All are called, and those who find the place gone wait again: there are as many as servers, three.
    private func wake(_ waiting: [@Sendable () -> Void]) {
        for retry in waiting { retry() }
    }
}
