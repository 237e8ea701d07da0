import VicinityCore
import VicinityPipeline
import VicinityWire

// A relay: subscribes, reads in pieces, and comes back. A named one acknowledges, late or in bulk or hardly ever, and resumes; others ask for a
// snapshot, or for what is still in the log; some only make trouble. Each is held to one habit for a while: it reads at once, slowly, or not
// at all.

/// A relay of the simulated world.
final class RelayClient {
    /// What it is there for.
    enum Kind {
        case named
        /// Named, and takes a snapshot when it has lost what it knew.
        case namedWithSnapshot
        case live
        case fromTheStart
        case snapshot
        /// Wants a name that somebody else has.
        case impostor
        /// Says what nobody understands.
        case fool
    }

    private unowned let world: ServiceSimulation
    let number: Int
    let kind: Kind
    /// What it asks for each time; the filter never changes.
    private var request = RelayRequest()
    private(set) var progress: RelayProgress?

    private var link: Link?
    private(set) var check: StreamCheck?
    private var outgoing: [UInt8] = []
    private var incoming: [UInt8] = []
    private var habit = Habit.eager
    private var connectAt: Int64 = 0
    /// Bad lines that were sent and not yet answered.
    private var blunders = 0
    private var isAnswered = false

    private enum Habit {
        case eager
        case slow
        case stuck
    }

    init(_ number: Int, _ kind: Kind, _ world: ServiceSimulation) {
        self.number = number
        self.kind = kind
        self.world = world
        switch kind {
        case .named, .namedWithSnapshot:
            request.name = "relay-\(number)"
            progress = RelayProgress()
        case .live, .fromTheStart, .snapshot, .impostor, .fool: break
        }
        drawFilter()
    }

    private var dice: Dice { world.dice }
    private var isNamed: Bool { progress != nil }
    var name: String? { request.name }

    private func drawFilter() {
        guard dice.chance(0.4) else { return }
        switch dice.below(4) {
        case 0:
            request.types = dice.pick([
                ["enter"], ["leave"], ["enter", "leave", "report"], ["following"], ["leave", "following"], [],
            ])
        case 1 where !world.traits.kindsChange: request.kinds = dice.pick([Town.kinds, [Town.kinds[0]], []])
        default: request.users = (0..<3).map { _ in world.town.someUser() }
        }
    }

    /// Whether it knows everything that there is, and the daemon knows that it does.
    var isAtRest: Bool {
        switch kind {
        case .impostor, .fool: return link == nil
        case .named, .namedWithSnapshot, .live, .fromTheStart, .snapshot:
            guard let check, check.isStreaming, check.cursor == world.oracle.head, blunders == 0, outgoing.isEmpty else { return false }
            guard let name, let progress else { return true }
            return world.oracle.subscribers.cursors[Array(name.utf8)] == progress.acked && progress.acked == progress.seen
        }
    }

    var complaint: String {
        "relay \(number) (\(kind)) is at event \(check?.cursor ?? -1) of \(world.oracle.head)\(check.map { $0.isStreaming } == true ? "" : ", without a stream")"
    }

    /// Whether its filter lets an event through.
    func wants(_ event: Event) -> Bool { request.admits(event) }

    /// The writer has said where the stream of a connection begins.
    func note(_ opening: Opening, of id: UInt64) {
        if let link, link.id == id, !link.isCut { check?.opening = opening }
    }

    /// An operator has removed its cursor: what it may still read of an old connection counts no more.
    func forget() {
        progress?.forget()
        if link?.isCut == true { leave() }
    }

    // MARK: - What it does

    /// Does one thing.
    ///
    /// - Returns: whether there was something to do.
    func step() throws(Violation) -> Bool {
        guard let link else { return connect() }
        if world.isCalm { habit = .eager } else if dice.chance(0.02) { habit = dice.pick([.eager, .eager, .slow, .stuck]) }
        if link.clientSeesEnd || (link.isCut && dice.chance(0.1)) {
            leave()
            return true
        }
        if !outgoing.isEmpty, link.takesBytes, dice.chance(0.6) {
            let sent = link.clientWrites(outgoing.prefix(dice.amount(upTo: 4_096)))
            world.trace("relay \(number) sends \(sent) of \(outgoing.count) bytes on connection \(link.id)")
            outgoing.removeFirst(sent)
            return true
        }
        if outgoing.isEmpty, !link.clientHasShutDown, speak(link) { return true }
        if isNamed, link.clientHasShutDown, world.isCalm || dice.chance(0.02) {
            // It can acknowledge nothing any more.
            vanish(link)
            return true
        }
        if kind == .impostor || kind == .fool, world.isCalm || dice.chance(0.02) {
            vanish(link)
            return true
        }
        return try read(link)
    }

    private func connect() -> Bool {
        guard world.clock.monotonic >= connectAt, let daemon = world.daemon else { return false }
        if kind == .impostor || kind == .fool, world.isCalm { return false }
        guard let link = daemon.connect() else { return false }
        world.figures.connections += 1
        incoming = []
        blunders = 0
        isAnswered = false
        let first = firstLine()
        outgoing = first
        world.trace("relay \(number) connects as \(link.id): \(String(decoding: first, as: UTF8.self).dropLast())")
        check = StreamCheck(request, head: daemon.feed.head, oldest: daemon.feed.range.oldest)
        self.link = link
        daemon.serveRelay(link)
        return true
    }

    private func firstLine() -> [UInt8] {
        switch kind {
        case .named: request.after = progress?.first == nil && dice.chance(0.5) ? 0 : nil
        case .namedWithSnapshot:
            // Who has asked for one and was not answered knows nothing any more: its cursor may have moved.
            if dice.chance(0.1) { progress?.forget() }
            request.wantsSnapshot = progress?.first == nil
        case .live: break
        case .fromTheStart: request.after = dice.chance(0.5) ? 0 : dice.whole(0...world.seen)
        case .snapshot: request.wantsSnapshot = true
        case .impostor:
            request.name = dice.chance(0.8) ? dice.pick(world.relays.filter { $0.progress != nil }).name : nil
            request.after = request.name == nil ? world.oracle.head + 1_000_000 : nil
        case .fool:
            if world.traits.hasLongLines, dice.chance(0.3) {
                return [UInt8](repeating: UInt8(ascii: "x"), count: 66_000) + [UInt8(ascii: "\n")]
            }
            return Array(dice.pick(Self.nonsense).utf8)
        }
        return request.line
    }

    private static let nonsense = [
        "{\n", "\n\n[]\n", "{\"ack\":1}\n", "{\"subscribe\":{\"after\":-1}}\n", "{\"subscribe\":{\"snapshot\":true,\"after\":0}}\n",
        "{\"subscribe\":{\"name\":\"\"}}\n", "{\"subscribe\":{\"types\":[\"exit\"]}}\n", "{\"subscribe\":", "\n",
    ]

    private func leave() {
        link = nil
        check = nil
        outgoing = []
        connectAt = world.clock.monotonic + world.aWhile()
    }

    private func vanish(_ link: Link) {
        world.trace("relay \(number) vanishes")
        link.vanish()
        leave()
    }

    // MARK: - What it says

    /// Says something, or goes.
    private func speak(_ link: Link) -> Bool {
        let isStreaming = check?.isStreaming == true
        if isNamed, isStreaming, let seq = progress?.ackable, dice.chance(world.isCalm ? 0.5 : 0.1) {
            progress?.acked = seq
            outgoing = Array("{\"ack\":\(seq)}\n".utf8)
            return true
        }
        if world.isCalm { return false }
        if isStreaming, dice.chance(0.004) {
            blunders += 1
            let beyond = world.oracle.head + 1_000_000
            outgoing = Array(dice.pick(["{\"ack\":\(beyond)}\n", "{\"ack\":\"1\"}\n", "what?\n", "{\"subscribe\":{}}\n"]).utf8)
            return true
        }
        if isStreaming, dice.chance(0.004) {
            link.shutDown()
            return true
        }
        if dice.chance(kind == .snapshot ? 0.05 : 0.015) {
            vanish(link)
            return true
        }
        return false
    }

    // MARK: - What it reads

    private func read(_ link: Link) throws(Violation) -> Bool {
        guard link.clientCanRead else { return false }
        switch habit {
        case .eager: incoming += taken(link, dice.amount(upTo: 65_536))
        case .slow: incoming += taken(link, 1 + dice.below(20))
        case .stuck: return false
        }
        var start = 0
        while let end = incoming[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(incoming[start..<end])
            start = end + 1
            try take(line)
        }
        incoming.removeFirst(start)
        return true
    }

    private func taken(_ link: Link, _ most: Int) -> [UInt8] {
        let bytes = link.clientReads(most)
        world.trace("relay \(number) reads \(bytes.count) bytes of connection \(link.id)")
        world.figures.digest(bytes, of: link.id)
        return bytes
    }

    private func take(_ line: [UInt8]) throws(Violation) {
        guard let taken = try check?.take(line, world.oracle, world.disk, world.parser) else { return }
        switch taken {
        case .subscribed(let after):
            try demand(!isAnswered, "relay \(number) is answered twice")
            isAnswered = true
            try progress?.subscribed(after: after, gap: check?.cursor ?? after, isSnapshot: request.wantsSnapshot, relay: number)
        case .event(let seq):
            world.seen = max(world.seen, seq)
            progress?.got(seq)
        case .inside: break
        case .snapshot: world.figures.snapshots += 1
        case .gap(let range):
            world.figures.gaps += 1
            progress?.lost(range)
        case .heartbeat: break
        case .error(let code): try take(error: code)
        }
        if let cursor = check?.cursor, check?.isStreaming == true { progress?.sees(cursor) }
    }

    private func take(error code: String) throws(Violation) {
        if isAnswered {
            blunders -= 1
            try demand(code == "bad_request" && blunders >= 0, "relay \(number) is told \(code) although it said nothing wrong")
            return
        }
        world.figures.refusals += 1
        switch (kind, check?.opening) {
        case (.fool, _): try demand(["bad_json", "bad_request", "line_too_long"].contains(code), "a fool is told \(code)")
        case (_, .refused(let reason)): try demand(code == reason, "relay \(number) is told \(code) where the writer said \(reason)")
        case (.impostor, nil): try demand(code == "after_head", "relay \(number) is told \(code)")
        default: throw Violation("relay \(number) is refused: \(code)")
        }
    }
}
