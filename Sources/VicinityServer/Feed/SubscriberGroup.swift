internal import NIOCore
import Synchronization
import VicinityTransport

/// The subscribers of one event loop, which are told together that the head has moved.
final class SubscriberGroup: Sendable {
    let eventLoop: any EventLoop
    private let sessions: NIOLoopBoundBox<[UInt64: EventsSession]>
    private let state = Mutex(State())

    private struct State {
        /// How many sessions there are.
        var count = 0
        /// The loop has been told that the head has moved, and has not yet looked.
        var isTold = false
        /// What the loop saw when it last looked.
        var seen = SubscribersState()
        /// The loop has been asked to look at that again, and has not yet.
        var isAsked = false
    }

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        sessions = .makeBoxSendingValue([:], eventLoop: eventLoop)
    }

    /// On the loop.
    func add(_ session: EventsSession) {
        sessions.value[session.connection.id] = session
        state.withLock { $0.count = sessions.value.count }
    }

    /// On the loop.
    func remove(_ session: EventsSession) {
        sessions.value[session.connection.id] = nil
        state.withLock { $0.count = sessions.value.count }
    }

    /// On any thread. Costs one closure on the loop, however many subscribers there are and however often it is called before they run.
    func headMoved() {
        let mustTell = state.withLock { state in
            guard state.count > 0, !state.isTold else { return false }
            state.isTold = true
            return true
        }
        guard mustTell else { return }
        eventLoop.execute {
            self.state.withLock { $0.isTold = false }
            for session in self.sessions.value.values { session.advance() }
        }
    }

    /// On any thread: what there was to be seen of the subscribers when this was last asked.
    ///
    /// Waits for nobody, so that a loop that hangs cannot hinder that this is told.
    func ask() -> SubscribersState {
        let (known, mustAsk) = state.withLock { state in
            defer { state.isAsked = true }
            return (state.seen, !state.isAsked)
        }
        if mustAsk {
            eventLoop.execute {
                let sessions = self.sessions.value.values
                let seen = SubscribersState(
                    unnamedLag: sessions.compactMap(\.unnamedLag).max(), queuedBytes: sessions.reduce(0) { $0 + $1.queuedBytes })
                self.state.withLock { state in
                    state.seen = seen
                    state.isAsked = false
                }
            }
        }
        return known
    }

    /// On the loop: leaves whom it can to the next process.
    ///
    /// - Returns: how many.
    func handOver() -> Int { sessions.value.values.count { $0.handOver() } }

    /// On the loop: lets every subscriber have what is durable, and ends its stream.
    func drain() { for session in sessions.value.values { session.drain() } }

    /// On the loop: ends every stream at the end of a line.
    func cutShort() { for session in sessions.value.values { session.cutShort() } }
}

/// What there is to be seen of subscribers.
struct SubscribersState: Sendable {
    /// How many events the slowest of those without a name is behind the head; `nil` if there is none.
    var unnamedLag: Int64?
    /// Bytes that wait for those who do not read.
    var queuedBytes = 0
}
