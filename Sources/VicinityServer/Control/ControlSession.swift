internal import NIOCore
import VicinityTransport
import VicinityWire

/// An operator's or a tool's conversation: requests, one after the other, each answered before the next is looked at.
///
/// Lives on its connection's event loop. While a request is being worked off nothing more is read, so that answers come in order and a client
/// cannot make the daemon hold more than one request of 4 MiB.
final class ControlSession: Session {
    let connection: Connection
    private let service: ControlService
    private let owed: OwedAnswers
    private let whenClosed: () -> Void
    private let codec = ControlCodec()
    private var framer = LineFramer(limit: Bounds.controlLine)
    private var isBusy = false
    private var inputHasEnded = false
    /// Whether this one is counted in `owed`.
    private var isOwed = false

    init(connection: Connection, service: ControlService, owed: OwedAnswers, whenClosed: @escaping () -> Void) {
        self.connection = connection
        self.service = service
        self.owed = owed
        self.whenClosed = whenClosed
        isOwed = true
        owed.begin()
    }

    func received(_ bytes: inout ByteBuffer) {
        while connection.isOpen, !isBusy, connection.isWritable, let line = framer.next(&bytes) { take(line) }
        if !connection.isWritable { connection.pauseReading() }
    }

    func inputEnded(_ rest: inout ByteBuffer) {
        inputHasEnded = true
        if let line = framer.last(&rest) { take(line) }
        if !isBusy { connection.close(afterFlush: true) }
    }

    func becameWritable() { if !isBusy { connection.resumeReading() } }

    func closed() {
        settle()
        whenClosed()
    }

    private func owe() {
        guard !isOwed, connection.isOpen else { return }
        isOwed = true
        owed.begin()
    }

    private func settle() {
        guard isOwed else { return }
        isOwed = false
        owed.end()
    }

    private func take(_ line: LineFramer.Line) {
        switch line {
        case .tooLong:
            answer(ControlCodec.response(id: "null", failure: .invalidRequest("a line holds at most 4 MiB")))
        case .text(let bytes):
            switch bytes.withUnsafeBytes({ codec.read($0) }) {
            case .request(let request): carryOut(request)
            case .refused(let failure, let id): answer(ControlCodec.response(id: id, failure: failure))
            case .ignored: break
            }
        }
    }

    private func carryOut(_ request: ControlRequest) {
        let id = request.id
        isBusy = true
        owe()
        connection.pauseReading()
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let loop = connection.eventLoop
        service.call(request, from: connection.peer) { outcome in
            loop.execute { me.value.finish(outcome, id: id) }
        }
    }

    private func finish(_ outcome: Result<[UInt8], ControlFailure>, id: String?) {
        isBusy = false
        codec.release()
        // Also where the answer is none.
        defer { settle() }
        if let id {
            switch outcome {
            case .success(let result): answer(ControlCodec.response(id: id, result: result))
            case .failure(let failure): answer(ControlCodec.response(id: id, failure: failure))
            }
        }
        if inputHasEnded {
            connection.close(afterFlush: true)
        } else if connection.isWritable {
            connection.resumeReading()
        }
    }

    private func answer(_ line: [UInt8]) {
        connection.write(ByteBuffer(bytes: line))
        connection.flush()
        settle()
    }
}
