internal import NIOCore
import Synchronization
import VicinityTransport

/// The subscribers of one event loop, which are told together that the head has moved.
final class SubscriberGroup: Sendable {
    let eventLoop: any EventLoop
    private let sessions: NIOLoopBoundBox<[UInt64: EventsSession]>
    /// How many sessions there are, and whether the loop has been told and has not yet looked.
    private let state = Mutex((count: 0, isTold: false))

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

    /// On any thread.
    var hasSessions: Bool { state.withLock { $0.count > 0 } }

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

    /// On the loop: how far the slowest of those without a name has been served; `nil` if there is none.
    var slowestUnnamed: Int64? { sessions.value.values.compactMap(\.unnamedPlace).min() }

    /// On the loop: lets every subscriber have what is durable, and ends its stream.
    func drain() { for session in sessions.value.values { session.drain() } }

    /// On the loop: ends every stream at the end of a line.
    func cutShort() { for session in sessions.value.values { session.cutShort() } }
}
