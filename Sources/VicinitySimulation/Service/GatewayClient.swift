import VicinityCore

// A gateway: delivers lines, keeps what was not acknowledged, and delivers that again on its next connection. It sends in pieces cut anywhere,
// sends old lines once more, vanishes in the middle of a line, closes its sending side, or never reads what it is answered.

/// A gateway of the simulated world.
final class GatewayClient {
    private unowned let world: ServiceSimulation
    private let number: Int
    private let lines = ClientLines()
    private let writer: LineWriter
    /// Lines before this one were acknowledged.
    private var acked = 0

    private var ledger: IngestLedger?
    /// The next line to send for the first time on this connection.
    private var next = 0
    /// What is left of the line that is being sent.
    private var pending: ArraySlice<UInt8> = []
    /// What was read of the daemon's next line.
    private var incoming: [UInt8] = []
    /// Acks taken from this connection.
    private var linkAcked = 0
    private var reads = true
    private var connectAt: Int64 = 0

    /// Lines that it keeps for a daemon that acknowledges none.
    private static let window = 200

    init(_ number: Int, _ world: ServiceSimulation) {
        self.number = number
        self.world = world
        writer = LineWriter(world.traits, world.dice)
    }

    private var dice: Dice { world.dice }

    /// Whether all its lines are acknowledged, and it has said good-bye.
    var isAtRest: Bool { acked == lines.all.count && ledger == nil }

    /// What it still waits for.
    var complaint: String { "gateway \(number) has \(lines.all.count - acked) of \(lines.all.count) lines without an ack" }

    /// Whether every line was dealt with durably at least once.
    var isWhole: Bool { lines.all.allSatisfy(\.isDurable) }

    // MARK: - What it does

    /// Does one thing.
    ///
    /// - Returns: whether there was something to do.
    func step() throws(Violation) -> Bool {
        guard let ledger else { return connect() }
        let link = ledger.link
        if link.clientSeesEnd {
            try leave(ledger)
            return true
        }
        if world.isCalm { reads = true }
        if reads, link.clientCanRead, dice.chance(0.4) {
            read(link)
            return true
        }
        if link.isCut {
            // It finds out when it writes; what it was answered it may still read.
            if !reads || dice.chance(0.3) { try leave(ledger) }
            return true
        }
        if !world.isCalm, dice.chance(0.004) {
            world.trace("gateway \(number) vanishes")
            vanish(ledger)
            return true
        }
        if !world.isCalm, dice.chance(0.01) { reads = dice.chance(0.7) }
        return send(ledger)
    }

    private func connect() -> Bool {
        guard world.clock.monotonic >= connectAt, !world.isCalm || acked < lines.all.count else { return false }
        guard let daemon = world.daemon, let link = daemon.connect() else { return false }
        world.trace("gateway \(number) connects as \(link.id) and goes on after line \(acked)")
        world.figures.connections += 1
        ledger = daemon.serveGateway(link, lines)
        next = acked
        pending = []
        incoming = []
        linkAcked = 0
        reads = world.isCalm || dice.chance(0.85)
        return true
    }

    /// The connection has come to its end.
    private func leave(_ ledger: IngestLedger) throws(Violation) {
        if ledger.link.saidAll, !ledger.link.wasCut, ledger.link.clientSeesEnd {
            try demand(
                linkAcked == ledger.sent.count,
                "gateway \(number) got \(linkAcked) as the last ack of \(ledger.sent.count) lines")
        }
        forget(ledger)
        connectAt = world.clock.monotonic + world.aWhile()
    }

    private func vanish(_ ledger: IngestLedger) {
        ledger.link.vanish()
        forget(ledger)
    }

    private func forget(_ ledger: IngestLedger) {
        // White space at the end of a line is not missed.
        if !pending.allSatisfy({ $0 <= UInt8(ascii: " ") }) { ledger.lastIsPartial = true }
        self.ledger = nil
    }

    // MARK: - Sending

    private func send(_ ledger: IngestLedger) -> Bool {
        let link = ledger.link
        guard !link.clientHasShutDown, link.takesBytes else { return false }
        var room = dice.amount(upTo: 1 << 17)
        var hasSent = false
        while room > 0, link.takesBytes {
            if pending.isEmpty {
                guard let line = nextLine() else {
                    guard !hasSent, world.isCalm || dice.chance(0.02) else { return hasSent }
                    world.trace("gateway \(number) sends no more on connection \(link.id)")
                    link.shutDown()
                    return true
                }
                ledger.begins(line)
                pending = lines.all[line].bytes[...]
            }
            if !hasSent { world.trace("gateway \(number) sends on connection \(link.id)") }
            let sent = link.clientWrites(pending.prefix(room))
            pending = pending.dropFirst(sent)
            room -= sent
            hasSent = true
        }
        return hasSent
    }

    /// The line that is to be sent next; `nil` if there is none for now.
    private func nextLine() -> Int? {
        if acked > 0, !world.isCalm, dice.chance(0.03) { return dice.below(acked) }
        if next < lines.all.count {
            defer { next += 1 }
            return next
        }
        guard !world.isCalm, lines.all.count - acked < Self.window, dice.chance(0.7) else { return nil }
        let share = (index: number, of: world.traits.gateways)
        lines.all.append(dice.chance(world.traits.garbage) ? writer.garbage() : writer.write(world.town.line(share)))
        next = lines.all.count
        return next - 1
    }

    // MARK: - Reading

    private func read(_ link: Link) {
        let bytes = link.clientReads(dice.amount(upTo: 65_536))
        world.trace("gateway \(number) reads \(bytes.count) bytes of connection \(link.id)")
        world.figures.digest(bytes, of: link.id)
        incoming += bytes
        while let end = incoming.firstIndex(of: UInt8(ascii: "\n")) {
            let line = incoming[..<end]
            if let number = Self.ack(line) { take(number) }
            incoming.removeFirst(end + 1)
        }
    }

    private static let ackMark = Array("{\"ack\":".utf8)

    /// The number in an ack; `nil` if the line is none.
    private static func ack(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.starts(with: ackMark) else { return nil }
        return Int(String(decoding: line.dropFirst(ackMark.count).dropLast(), as: UTF8.self))
    }

    private func take(_ number: Int) {
        guard let ledger else { return }
        while linkAcked < min(number, ledger.sent.count) {
            // An old line that was sent once more says nothing new.
            acked = max(acked, ledger.sent[linkAcked] + 1)
            linkAcked += 1
        }
    }
}
