internal import CLinux
internal import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityTransport
import VicinityWire

/// A gateway's conversation: bytes become batches for the engine, receipts become acks and errors.
///
/// Lives on its connection's event loop. It decides nothing of the contract: ``FixDecoder`` reads lines and ``IngestConversation`` says what to
/// answer; the session moves bytes between them, the socket and the inbox, and stops reading while the inbox is full.
final class IngestSession: Session {
    let connection: Connection
    private let inbox: Inbox<Work>
    private let group: GatewayGroup
    private let whenClosed: () -> Void
    private var decoder: FixDecoder
    private var conversation = IngestConversation()
    /// The number of the next line, from 1.
    private var nextLine: UInt64 = 1
    private var gateway: Gateway?
    private var secondTimer: Scheduled<Void>?
    private var isStopping = false

    init(connection: Connection, inbox: Inbox<Work>, group: GatewayGroup, decoder: FixDecoder, whenClosed: @escaping () -> Void) {
        self.connection = connection
        self.inbox = inbox
        self.group = group
        self.decoder = decoder
        self.whenClosed = whenClosed
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let loop = connection.eventLoop
        gateway = Gateway(id: connection.id) { receipt in loop.execute { me.value.accept(receipt) } }
        group.add(self)
    }

    // MARK: - Session

    func received(_ bytes: inout ByteBuffer) {
        var mayGoOn = true
        while mayGoOn, bytes.readableBytes > 0 {
            var batch = FixBatch(source: connection.id, firstLine: nextLine)
            let consumed = bytes.withUnsafeReadableBytes { decoder.decode($0, into: &batch, maxLines: Bounds.batchLines) }
            bytes.moveReaderIndex(forwardBy: consumed)
            guard consumed > 0 else { break }
            mayGoOn = submit(batch)
        }
        if !mayGoOn { connection.pauseReading() }
    }

    func inputEnded(_ rest: inout ByteBuffer) {
        var batch = FixBatch(source: connection.id, firstLine: nextLine)
        rest.withUnsafeReadableBytes { decoder.finish($0, into: &batch) }
        rest.clear()
        _ = submit(batch)
        conversation.inputEnded(lastLine: nextLine - 1)
        // Also where there is nothing to make durable: the final ack comes after every commit that is on its way.
        if let gateway { _ = inbox.put(.settle(gateway, upTo: nextLine - 1)) }
    }

    func becameWritable() { write() }

    func closed() {
        secondTimer?.cancel()
        group.remove(self)
        gateway = nil
        whenClosed()
    }

    // MARK: - The inbox

    /// - Returns: whether there is room for more.
    private func submit(_ batch: FixBatch) -> Bool {
        guard batch.lineCount > 0, let gateway else { return true }
        nextLine += UInt64(batch.lineCount)
        let cost = batch.fixes.count * MemoryLayout<Fix>.stride + batch.ids.count + batch.errors.count * 128 + 64
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let loop = connection.eventLoop
        return inbox.put(.fixes(batch, gateway), cost: cost) {
            loop.execute { me.value.goOn() }
        }
    }

    private func goOn() {
        guard !isStopping else { return }
        connection.resumeReading()
    }

    /// The radii that lines may ask for from now on, in metres.
    func limit(radii: ClosedRange<Double>) { decoder.radii = radii }

    /// Reads nothing more, because the daemon stops; what was read is dealt with.
    func stopReading() {
        isStopping = true
        connection.pauseReading()
    }

    /// Says the last word and closes; after the last commit.
    func end() {
        conversation.inputEnded(lastLine: conversation.durableLine)
        // Closes when the last ack is taken; for a gateway whose socket is full that is when it reads.
        write()
    }

    // MARK: - Answers

    private func accept(_ receipt: Receipt) {
        conversation.becameDurable(upTo: receipt.upTo, errors: receipt.errors, now: vicinity_monotonic_milliseconds())
        write()
        armTimer()
    }

    /// While the errors of a second are being summed up, somebody must look when the second is over.
    private func armTimer() {
        guard secondTimer == nil, let due = conversation.nextDeadline else { return }
        let wait = max(0, due - vicinity_monotonic_milliseconds())
        secondTimer = connection.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(wait)) {
            self.secondTimer = nil
            self.conversation.tick(now: vicinity_monotonic_milliseconds())
            self.write()
            self.armTimer()
        }
    }

    private func write() {
        guard connection.isOpen, connection.isWritable else { return }
        var output: [UInt8] = []
        let isOver = conversation.takeOutput(into: &output)
        if !output.isEmpty {
            connection.write(ByteBuffer(bytes: output))
            connection.flush()
        }
        if isOver { connection.close(afterFlush: true) }
    }
}
