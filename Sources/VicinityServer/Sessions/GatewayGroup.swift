internal import NIOCore
import VicinityCore
import VicinityTransport
import VicinityWire

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
    func makeDecoder(hasher: IDHasher, radii: ClosedRange<Double>, resuming: FixDecoder.Resumption = .init()) -> FixDecoder {
        FixDecoder(hasher: hasher, radii: radii, parser: parser.value, shapes: shapes.value, resuming: resuming)
    }

    /// On the loop: the radii that lines may ask for from now on.
    func limit(radii: ClosedRange<Double>) { for session in sessions.value.values { session.limit(radii: radii) } }

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
