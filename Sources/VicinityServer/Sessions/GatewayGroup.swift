internal import NIOCore
import Synchronization
import VicinityConfiguration
import VicinityCore
import VicinityTransport
import VicinityWire

/// What gateways must know of the settings.
struct GatewaySettings: Equatable {
    /// That lines may ask for, in metres.
    var radii = 50.0...50_000
    /// The least time between two reads of a gateway that sends line by line. A part of the commit interval, so that it is little beside what an event waits for anyway, and a
    /// millisecond at most; none where a commit waits for nobody.
    var restBetweenReads = TimeAmount.zero

    init() {}

    init(_ configuration: Configuration) {
        radii = configuration.halo.minimumRadius...configuration.halo.maximumRadius
        restBetweenReads = .microseconds(min(1000, configuration.delivery.commitInterval.milliseconds * 1000 / 10))
    }
}

/// The gateways of one event loop, which are stopped and ended together.
final class GatewayGroup: Sendable {
    let eventLoop: any EventLoop
    /// Of the log in which lines are settled.
    let logID: String
    private let sessions: NIOLoopBoundBox<[UInt64: IngestSession]>
    /// Connections to either socket that another process has brought to their end but for what their peers have not read.
    private let endings: NIOLoopBoundBox<[UInt64: LastWordsSession]>
    /// One for all, as are the shapes: nothing of a document outlives the line it came from.
    private let parser: NIOLoopBoundBox<JSONParser>
    private let shapes: NIOLoopBoundBox<FixShapes?>
    private let state = Mutex(State())

    private struct State {
        /// What the loop saw when it last looked.
        var seen: [GatewayState] = []
        /// The loop has been asked to look again, and has not yet.
        var isAsked = false
    }

    init(eventLoop: any EventLoop, logID: String) {
        self.eventLoop = eventLoop
        self.logID = logID
        sessions = .makeBoxSendingValue([:], eventLoop: eventLoop)
        endings = .makeBoxSendingValue([:], eventLoop: eventLoop)
        parser = .makeBoxSendingValue(JSONParser(), eventLoop: eventLoop)
        shapes = .makeBoxSendingValue(FixShapes(), eventLoop: eventLoop)
    }

    /// On the loop: a decoder for a new connection.
    ///
    /// - Parameter resuming: for one that goes on where another process has stopped.
    func makeDecoder(hasher: IDHasher, _ settings: GatewaySettings, resuming: FixDecoder.Resumption = .init()) -> FixDecoder {
        FixDecoder(hasher: hasher, radii: settings.radii, parser: parser.value, shapes: shapes.value, resuming: resuming)
    }

    /// On any thread: what there was to be seen of each gateway when this was last asked; in the order of their connections.
    ///
    /// Waits for nobody, so that a loop that hangs cannot hinder that this is told.
    func ask() -> [GatewayState] {
        let (known, mustAsk) = state.withLock { state in
            defer { state.isAsked = true }
            return (state.seen, !state.isAsked)
        }
        if mustAsk {
            eventLoop.execute {
                let seen = self.sessions.value.values.map(\.state).sorted { $0.id < $1.id }
                self.state.withLock { state in
                    state.seen = seen
                    state.isAsked = false
                }
            }
        }
        return known
    }

    /// On the loop: settings that are in force from now on.
    func apply(_ settings: GatewaySettings) { for session in sessions.value.values { session.apply(settings) } }

    /// On the loop.
    func add(_ session: IngestSession) { sessions.value[session.connection.id] = session }

    /// On the loop.
    func remove(_ session: IngestSession) { sessions.value[session.connection.id] = nil }

    /// On the loop.
    func add(_ session: LastWordsSession) { endings.value[session.connection.id] = session }

    /// On the loop.
    func remove(_ session: LastWordsSession) { endings.value[session.connection.id] = nil }

    /// On the loop.
    var count: Int { sessions.value.count }

    /// On the loop: nobody reads any more.
    func stopReading() { for session in sessions.value.values { session.stopReading() } }

    /// On the loop: leaves whom it can to the next process.
    ///
    /// - Returns: how many.
    func handOver() -> Int {
        let left = sessions.value.values.count { $0.handOver() }
        return left + endings.value.values.count { $0.handOver() }
    }

    /// On the loop: gives back what bursts have needed, once a second from now on.
    func tidyNowAndThen() {
        _ = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            for session in self.sessions.value.values { session.tidy() }
        }
    }

    /// On the loop: everybody gets the last ack and is closed.
    func end() { for session in sessions.value.values { session.end() } }
}

/// What there is to be seen of a gateway.
struct GatewayState: Sendable {
    /// Of the connection.
    var id: UInt64
    /// Who is at the other end; `nil` if it cannot be seen.
    var process: Int32?
    /// Lines that were read and are not durable.
    var unackedLines: UInt64
    /// When the oldest of them was read, in monotonic nanoseconds; `nil` if there is none.
    var unackedSince: Int64?
    /// Bytes of answers that wait for it to read.
    var queuedBytes: Int
}
