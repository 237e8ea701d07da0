import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityWire

/// The daemon's side of a gateway's connection: what its session does, without a socket.
final class IngestPeer: LinkSession {
    let link: Link
    let ledger: IngestLedger
    private unowned let daemon: SimulatedDaemon
    private var decoder: FixDecoder
    private var conversation = IngestConversation()
    private var nextLine: UInt64 = 1
    private let gateway: Gateway
    private var isStopping = false
    /// The end of a second in which errors are summed up.
    private(set) var deadline: Int64?

    init(_ link: Link, _ ledger: IngestLedger, _ daemon: SimulatedDaemon, _ decoder: FixDecoder) {
        self.link = link
        self.ledger = ledger
        self.daemon = daemon
        self.decoder = decoder
        let mailbox = daemon.mailbox
        let id = link.id
        gateway = Gateway(id: id) { receipt in mailbox.put(.receipt(link: id, receipt)) }
    }

    /// Lines that were read and given to the writer.
    var linesRead: UInt64 { nextLine - 1 }

    func received(_ bytes: inout ByteBuffer) throws(Violation) {
        var mayGoOn = true
        while mayGoOn, bytes.readableBytes > 0 {
            var batch = FixBatch(source: link.id, firstLine: nextLine)
            let consumed = bytes.withUnsafeReadableBytes {
                decoder.decode($0, into: &batch, maxLines: daemon.world.traits.batchLines)
            }
            bytes.moveReaderIndex(forwardBy: consumed)
            guard consumed > 0 else { break }
            mayGoOn = try submit(batch)
        }
        if mayGoOn {
            try demand(bytes.readableBytes <= FixDecoder.longestRest, "\(bytes.readableBytes) bytes of an unfinished line are kept")
        } else {
            link.pauseReading()
        }
    }

    func inputEnded(_ rest: inout ByteBuffer) throws(Violation) {
        var batch = FixBatch(source: link.id, firstLine: nextLine)
        rest.withUnsafeReadableBytes { decoder.finish($0, into: &batch) }
        rest.clear()
        _ = try submit(batch)
        conversation.inputEnded(lastLine: nextLine - 1)
        _ = daemon.inbox.put(.settle(gateway, upTo: nextLine - 1))
    }

    func becameWritable() throws(Violation) { try write() }

    func closed() {}

    private func submit(_ batch: FixBatch) throws(Violation) -> Bool {
        guard batch.lineCount > 0 else { return true }
        nextLine += UInt64(batch.lineCount)
        let cost = batch.fixes.count * MemoryLayout<Fix>.stride + batch.ids.count + batch.errors.count * 128 + 64
        return try daemon.inbox.put(.fixes(batch, gateway), cost: cost, from: link)
    }

    /// There is room in the inbox again.
    func goOn() { if !isStopping { link.resumeReading() } }

    /// Sabotage: what was worked off is told at once.
    func tellEarly(upTo line: UInt64) throws(Violation) {
        conversation.becameDurable(upTo: line, errors: [], now: daemon.now)
        try write()
    }

    func accept(_ receipt: Receipt) throws(Violation) {
        conversation.becameDurable(upTo: max(receipt.upTo, conversation.durableLine), errors: receipt.errors, now: daemon.now)
        try write()
        armTimer()
    }

    private func armTimer() { if deadline == nil { deadline = conversation.nextDeadline } }

    func timePassed() throws(Violation) {
        deadline = nil
        conversation.tick(now: daemon.now)
        try write()
        armTimer()
    }

    private func write() throws(Violation) {
        guard link.isOpen, link.isWritable else { return }
        var output: [UInt8] = []
        let isOver = conversation.takeOutput(into: &output)
        if !output.isEmpty {
            let summed = ledger.summed
            try ledger.check(output)
            daemon.world.figures.summed += ledger.summed - summed
            link.write(ByteBuffer(bytes: output))
            link.flush()
        }
        if isOver {
            if !isStopping {
                try ledger.checkEnd()
                link.saidAll = true
            }
            link.close(afterFlush: true)
        }
    }

    // MARK: - The daemon stops

    func stopReading() {
        isStopping = true
        link.pauseReading()
    }

    /// Says the last word.
    func end() throws(Violation) {
        try demand(
            conversation.durableLine == linesRead,
            "connection \(link.id): the daemon stops with \(conversation.durableLine) of \(linesRead) lines durable")
        conversation.inputEnded(lastLine: conversation.durableLine)
        try write()
    }
}
