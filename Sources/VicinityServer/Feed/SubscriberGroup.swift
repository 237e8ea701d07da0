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
        /// How many events the slowest of those without a name was behind when the loop last looked.
        var unnamedLag: Int64?
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

    /// On any thread: how many events the slowest subscriber without a name was behind the head of that moment when this was last asked; `nil` if there
    /// was none.
    ///
    /// Waits for nobody, so that a loop that hangs cannot hinder that this is told.
    func askUnnamedLag() -> Int64? {
        let (known, mustAsk) = state.withLock { state in
            defer { state.isAsked = true }
            return (state.unnamedLag, !state.isAsked)
        }
        if mustAsk {
            eventLoop.execute {
                let lag = self.sessions.value.values.compactMap(\.unnamedLag).max()
                self.state.withLock { state in
                    state.unnamedLag = lag
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
