internal import CLinux
internal import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityTransport
import VicinityWire

/// A gateway's conversation: bytes become batches for the engine, receipts become acks and errors.
///
/// Lives on its connection's event loop. It decides nothing of the contract: ``FixDecoder`` reads lines and ``IngestConversation`` says what to
/// answer; the session moves bytes between them, the socket and the inbox, and stops reading while the inbox is full. Where the connection is kept it
/// notes what was settled and said, at each receipt, and stops reading also while too much is unsettled.
final class IngestSession: Session {
    let connection: Connection
    private let inbox: Inbox<Work>
    private let group: GatewayGroup
    private let whenClosed: () -> Void
    private let keepsake: Keepsake?
    private var decoder: FixDecoder
    private var conversation: IngestConversation
    /// The number of the next line, from 1.
    private var nextLine: UInt64
    /// Bytes of the connection that the decoder has taken.
    private var position: UInt64
    private var marks: LineMarks
    private var gateway: Gateway?
    private var secondTimer: Scheduled<Void>?
    private var isStopping = false
    private var isInboxFull = false
    private var isNotebookFull = false
    /// Lines that end up to here were read by a process that was killed, and may be durable. In bytes of the connection.
    private var replayEnd: UInt64 = 0
    private var refused: ((LegacyProblem) -> Void)?
    /// For the encoding of notes.
    private var scratch: [UInt8] = []

    /// Begins with a new connection.
    convenience init(
        connection: Connection, inbox: Inbox<Work>, group: GatewayGroup, decoder: FixDecoder, keepsake: Keepsake?,
        whenClosed: @escaping () -> Void
    ) {
        self.init(
            connection, inbox, group, decoder, IngestConversation(), keepsake, LineMarks.Mark(line: 0, offset: 0, isSkipping: false),
            whenClosed: whenClosed)
        note()
    }

    /// Goes on with a connection that another process has left.
    ///
    /// - Parameters:
    ///   - decoder: resumed from `note`.
    ///   - refused: called if it turns out that it cannot be gone on with; it is closed then.
    convenience init(
        connection: Connection, inbox: Inbox<Work>, group: GatewayGroup, decoder: FixDecoder, keepsake: Keepsake, legacy: Legacy,
        note: IngestNote, refused: @escaping (LegacyProblem) -> Void, whenClosed: @escaping () -> Void
    ) {
        self.init(
            connection, inbox, group, decoder, IngestConversation(resuming: note.conversation, now: vicinity_monotonic_milliseconds()),
            keepsake, LineMarks.Mark(line: note.line, offset: legacy.start, isSkipping: note.decoder.isSkipping), whenClosed: whenClosed)
        if !legacy.wasStoppedInOrder { replayEnd = legacy.endOfLines }
        self.refused = refused
        keepsake.begin(legacy)
        connection.inherit(ByteBuffer(bytes: legacy.unsettled))
        write()
        armTimer()
    }

    private init(
        _ connection: Connection, _ inbox: Inbox<Work>, _ group: GatewayGroup, _ decoder: FixDecoder, _ conversation: IngestConversation,
        _ keepsake: Keepsake?, _ settled: LineMarks.Mark, whenClosed: @escaping () -> Void
    ) {
        self.connection = connection
        self.inbox = inbox
        self.group = group
        self.decoder = decoder
        self.conversation = conversation
        self.keepsake = keepsake
        self.whenClosed = whenClosed
        nextLine = settled.line + 1
        position = settled.offset
        marks = LineMarks(settled: settled)
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let loop = connection.eventLoop
        gateway = Gateway(id: connection.id) { receipt in loop.execute { me.value.accept(receipt) } }
        group.add(self)
    }

    // MARK: - Session

    func arrived(_ bytes: ByteBuffer) { keepsake?.arrived(bytes) }

    func received(_ bytes: inout ByteBuffer) {
        while !isInboxFull, bytes.readableBytes > 0 {
            var batch = FixBatch(source: connection.id, firstLine: nextLine)
            let consumed = bytes.withUnsafeReadableBytes { decoder.decode($0, into: &batch, maxLines: Bounds.batchLines) }
            bytes.moveReaderIndex(forwardBy: consumed)
            guard consumed > 0 else { break }
            guard !wouldCountTwice(batch) else { return refuse() }
            submit(batch, bytes: consumed)
        }
        if let keepsake, !keepsake.hasRoom {
            // What was skipped is settled and was not noted yet.
            note()
            isNotebookFull = !keepsake.hasRoom
        }
        if isInboxFull || isNotebookFull { connection.pauseReading() }
    }

    func inputEnded(_ rest: inout ByteBuffer) {
        var batch = FixBatch(source: connection.id, firstLine: nextLine)
        rest.withUnsafeReadableBytes { decoder.finish($0, into: &batch) }
        submit(batch, bytes: rest.readableBytes)
        rest.clear()
        conversation.inputEnded(lastLine: nextLine - 1)
        // Also where there is nothing to make durable: the final ack comes after every commit that is on its way.
        if let gateway { _ = inbox.put(.settle(gateway, upTo: nextLine - 1)) }
    }

    func becameWritable() { write() }

    func outputTaken() { note() }

    func closed() {
        leave()
        keepsake?.forget()
        whenClosed()
    }

    private func leave() {
        secondTimer?.cancel()
        group.remove(self)
        gateway = nil
    }

    // MARK: - The inbox

    private func submit(_ batch: FixBatch, bytes: Int) {
        guard let gateway else { return }
        nextLine += UInt64(batch.lineCount)
        position += UInt64(bytes)
        let now = vicinity_monotonic_nanoseconds()
        marks.read(to: LineMarks.Mark(line: nextLine - 1, offset: position, isSkipping: decoder.resumption.isSkipping), at: now)
        guard batch.lineCount > 0 else { return }
        let decoded = batch.fixes.count * MemoryLayout<Fix>.stride + batch.ids.count + batch.errors.count * 128 + 64
        let me = NIOLoopBound(self, eventLoop: connection.eventLoop)
        let loop = connection.eventLoop
        // Lines that are mostly blanks or unknown keys wait as bytes in a notebook.
        let mayGoOn = inbox.put(.fixes(batch, gateway, arrived: now), cost: max(decoded, keepsake == nil ? 0 : bytes)) {
            loop.execute { me.value.goOn() }
        }
        isInboxFull = !mayGoOn
    }

    private func goOn() {
        isInboxFull = false
        resumeReading()
    }

    private func resumeReading() {
        guard !isStopping, !isInboxFull, !isNotebookFull else { return }
        connection.resumeReading()
    }

    /// Goes by settings that are in force from now on.
    func apply(_ settings: GatewaySettings) {
        decoder.radii = settings.radii
        connection.restBetweenReads = settings.restBetweenReads
    }

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
        // Who has gone since nothing is read any more takes nothing, and would otherwise be waited for.
        if !connection.isOpen { connection.close(afterFlush: true) }
    }

    // MARK: - The next process

    /// Leaves the connection to the next process, after the last commit.
    ///
    /// - Returns: false if that cannot be, and everything is as it was.
    func handOver() -> Bool {
        guard let keepsake, !keepsake.isLost else { return false }
        write()
        guard let handover = connection.detach() else { return false }
        leave()
        encodeNote()
        let isLeft = keepsake.handOver(scratch, start: marks.settled.offset, handover)
        whenClosed()
        return isLeft
    }

    // MARK: - Looking

    /// What operators may know of it.
    var state: GatewayState {
        GatewayState(
            id: connection.id, process: connection.peer.process, unackedLines: nextLine - 1 - marks.settled.line,
            unackedSince: marks.oldestOpen, queuedBytes: connection.queuedBytes)
    }

    /// Gives back the memory of a burst.
    func tidy() { keepsake?.tidy() }

    /// Notes what a successor must know.
    private func note() {
        guard let keepsake else { return }
        encodeNote()
        keepsake.note(scratch, start: marks.settled.offset)
    }

    private func encodeNote() {
        let decoder = FixDecoder.Resumption(isSkipping: marks.settled.isSkipping)
        IngestNote(logID: group.logID, line: marks.settled.line, decoder: decoder, conversation: conversation.resumption)
            .encode(into: &scratch)
    }

    /// Whether a batch has lines that a killed process has perhaps made durable and that would be taken for new ones: those without a time.
    private func wouldCountTwice(_ batch: FixBatch) -> Bool {
        position < replayEnd && batch.fixes.contains { $0.time == Fix.absentTime }
    }

    private func refuse() {
        refused?(.withoutTimes)
        connection.close(afterFlush: false)
    }

    // MARK: - Answers

    private func accept(_ receipt: Receipt) {
        conversation.becameDurable(upTo: receipt.upTo, errors: receipt.errors, now: vicinity_monotonic_milliseconds())
        marks.settle(upTo: receipt.upTo)
        keepsake?.madeProgress()
        write()
        armTimer()
        if isNotebookFull, let keepsake, keepsake.hasRoom {
            isNotebookFull = false
            resumeReading()
        }
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
        // Also where nothing can be said: what is settled is.
        defer { note() }
        guard connection.isOpen, connection.isWritable else { return }
        var output: [UInt8] = []
        let isOver = conversation.takeOutput(into: &output)
        if !output.isEmpty {
            keepsake?.outputBegins()
            connection.write(ByteBuffer(bytes: output))
            connection.flush()
        }
        if isOver { connection.close(afterFlush: true) }
    }
}
