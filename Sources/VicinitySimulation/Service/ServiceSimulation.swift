import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

// The whole daemon in one thread, from one seed, among gateways, relays, an operator and a disk that all misbehave.
//
// A step is one thing that one of them does; who is next is drawn. Everything that the real ones do on threads of their own is a step here, so
// that every order comes about in which they could take them, and a crash can lie between any two. After each step the promises of the contract
// are held against the oracle (`Oracle`), which works everything out with the brute-force model. In the end nothing goes wrong any more, and
// everything must come to rest with nothing lost.
//
//     ServiceTraits        what the seed makes of this installation
//     SimulatedDaemon      the daemon's own types, and what drives them; SimulatedDisk under it, Link around it
//     GatewayClient, RelayClient, OperatorClient, Town     who talks to it, and what about
//     Oracle, IngestLedger, StreamCheck, RelayProgress, SubscriberLedger     what must be true

/// One simulated installation.
package final class ServiceSimulation {
    let traits: ServiceTraits
    let dice: Dice
    let clock = VirtualClock()
    let disk: SimulatedDisk
    let town: Town
    let oracle: Oracle
    let parser = JSONParser()
    let sabotage: Sabotage?
    private let observe: ((String) -> Void)?
    private(set) var daemon: SimulatedDaemon?
    private(set) var gateways: [GatewayClient] = []
    private(set) var relays: [RelayClient] = []
    private var customer: OperatorClient?
    var figures = ServiceFigures()
    /// The last event that anybody outside has seen.
    var seen: Int64 = 0

    /// Nothing goes wrong any more.
    private(set) var isCalm = false
    /// When whoever starts the daemon starts it again.
    private var startAt: Int64 = 0
    private var troubleUntil: Int64 = 0

    private init(_ seed: UInt64, sabotage: Sabotage?, observing observe: ((String) -> Void)?) {
        dice = Dice(seed: seed)
        self.sabotage = sabotage
        self.observe = observe
        traits = ServiceTraits(dice)
        town = Town(traits, clock, dice)
        oracle = Oracle(town.rules, at: clock.reading)
        var key: [UInt8] = []
        for _ in 0..<16 { key.append(UInt8(dice.below(256))) }
        disk = SimulatedDisk(LogIdentity(logID: String(repeating: "5e", count: 16), signOffKey: key), sabotage: sabotage)
        gateways = (0..<traits.gateways).map { GatewayClient($0, self) }
        relays = (0..<traits.relays).map { RelayClient($0, kind(of: $0), self) }
        customer = OperatorClient(self)
    }

    private func kind(of relay: Int) -> RelayClient.Kind {
        if relay == 0 { return .named }
        return dice.pick([.named, .named, .namedWithSnapshot, .live, .fromTheStart, .snapshot, .snapshot, .impostor, .fool])
    }

    /// Chance of a read that fails.
    var readFaults: Double { isCalm ? 0 : traits.readFaults }

    /// Tells what happens, to whoever wants to know.
    func trace(_ what: @autoclosure () -> String) { observe?("\(figures.steps) @\(clock.monotonic): \(what())") }

    // MARK: - Running

    /// Runs a simulation to its end.
    ///
    /// - Parameters:
    ///   - sabotage: breaks the daemon, to show that it would be seen.
    ///   - observe: is told of every step.
    /// - Throws: the first promise that was broken.
    package static func run(
        _ run: ServiceRun, sabotage: Sabotage? = nil, observing observe: ((String) -> Void)? = nil
    ) throws(ServiceFailure) -> ServiceFigures {
        let simulation = ServiceSimulation(run.seed, sabotage: sabotage, observing: observe)
        defer { simulation.daemon?.die() }
        do throws(Violation) {
            for _ in 0..<run.steps { try simulation.step() }
            try simulation.comeToRest()
        } catch {
            throw ServiceFailure(run: run, step: simulation.figures.steps, what: error.what)
        }
        simulation.figures.runs = 1
        return simulation.figures
    }

    /// Lets somebody do something.
    private func step() throws(Violation) {
        defer { figures.steps += 1 }
        if !isCalm, try somethingGoesWrong() { return }
        for _ in 0..<64 where try act() { return try checkBounds() }
        // Everybody waits for something.
        clock.pass(dice.whole(1...50))
    }

    /// - Returns: whether anything was done.
    private func act() throws(Violation) -> Bool {
        guard let daemon else { return try start() }
        switch dice.below(100) {
        case 0..<14: return try dice.pick(gateways).step()
        case 14..<38: return try dice.pick(relays).step()
        case 38..<67: return try daemon.loopStep()
        case 67..<78: return try daemon.engineStep()
        case 78..<91: return try daemon.storeStep()
        case 91..<95: return try daemon.readStep()
        case 95: return isCalm ? false : customer?.step() ?? false
        case 96: return try daemon.stopStep()
        default:
            let busy = { [self] in traits.isHasty ? aMoment() : dice.pick([1, 5, 20, dice.whole(1...200), aMoment()]) }
            clock.pass(isCalm ? dice.pick([1, 20, 200, 1_000]) : busy())
            trace("time passes")
            return true
        }
    }

    /// Milliseconds: often none, seldom many.
    private func aMoment() -> Int64 { dice.chance(0.1) ? 300 : dice.pick([0, 1, 2]) }

    /// How long the disk works, or a client waits before it comes again, in milliseconds.
    func aWhile() -> Int64 { traits.isHasty ? dice.pick([0, 0, 0, 1, 3]) : dice.pick([0, 0, 0, 0, 1, 1, 10, 100]) }

    // MARK: - What goes wrong

    private func somethingGoesWrong() throws(Violation) -> Bool {
        if disk.trouble != nil, clock.monotonic >= troubleUntil { disk.trouble = nil }
        if dice.chance(traits.troubles) {
            disk.trouble = dice.pick([.diskFull(path: "memory"), .locked(path: "memory")])
            troubleUntil = clock.monotonic + dice.pick([1, 100, 2_000])
            trace("the disk fails")
            return true
        }
        if dice.chance(traits.leaps) {
            let hour: Int64 = 3_600_000
            clock.leap(by: traits.clock == .ahead ? 3 * hour : dice.pick([hour, 48 * hour, 400 * hour, -hour, -30 * hour]))
            figures.leaps += 1
            trace("the clock is set")
            return true
        }
        guard let daemon else { return false }
        if dice.chance(traits.crashes) {
            try crash(daemon)
            return true
        }
        if dice.chance(traits.stops) {
            trace("the daemon is asked to stop")
            daemon.stop()
            return true
        }
        return false
    }

    /// kill -9: all that is in memory is gone, and the commit under way may be durable or not.
    private func crash(_ daemon: SimulatedDaemon) throws(Violation) {
        figures.crashes += 1
        if case .working(let open, _) = daemon.slot, open.isChange, disk.trouble == nil, dice.chance(0.5) {
            let before = disk.head
            if disk.carryOut(open.commit) { try committed(open.commit, after: before.seq) }
            figures.halfDone += 1
        } else if case .written(let open, _) = daemon.slot, open.isChange {
            figures.halfDone += 1
        }
        trace("the daemon is killed")
        end(daemon)
    }

    /// The daemon ends by its own will, because it cannot go on or was asked to.
    func exit(because reason: String) {
        guard let daemon, daemon.phase != .ended else { return }
        trace("the daemon exits: \(reason)")
        figures.exits += 1
        end(daemon)
    }

    private func end(_ daemon: SimulatedDaemon) {
        daemon.die()
        self.daemon = nil
        disk.restart()
        oracle.rollBack(town.rules)
        startAt = clock.monotonic + 10 * aWhile()
    }

    private func start() throws(Violation) -> Bool {
        clock.pass(max(0, startAt - clock.monotonic))
        trace("the daemon starts at commit \(disk.head.commit), event \(disk.head.seq), at \(clock.unix)")
        try oracle.checkState(disk.contents, hashSeed: dice.next())
        daemon = try SimulatedDaemon(self)
        return true
    }

    // MARK: - What is checked all the time

    /// A commit has become durable.
    func committed(_ commit: Commit, after seq: Int64) throws(Violation) {
        try oracle.becameDurable()
        try oracle.check(disk, after: seq)
        figures.commits += 1
        figures.events += Int(disk.head.seq - seq)
        figures.mix(UInt64(commit.number))
        figures.mix(UInt64(commit.wallTime))
        for block in commit.blocks { figures.digest(block.bytes, of: 0) }
        figures.digest(commit.journal, of: 0)
        for page in commit.pages { figures.digest(page.bytes, of: 0) }
    }

    /// What must hold after every step, whoever took it.
    private func checkBounds() throws(Violation) {
        guard let daemon else { return }
        try demand(
            daemon.feed.head <= disk.head.seq, "event \(daemon.feed.head) is announced, but only \(disk.head.seq) are durable")
        guard figures.steps.isMultiple(of: 256) else { return }
        var bytes = 0
        var newest = 0
        var seq = daemon.feed.head
        while let recent = daemon.feed.recentBlock(containing: seq) {
            if newest == 0 { newest = recent.block.bytes.count }
            bytes += recent.block.bytes.count
            seq = recent.block.firstSeq - 1
        }
        try demand(bytes <= max(traits.feedMemory, newest), "the feed holds \(bytes) bytes, its bound is \(traits.feedMemory)")
    }

    /// The writer has said where a stream begins.
    func noteOpening(_ opening: Opening, of link: UInt64) { for relay in relays { relay.note(opening, of: link) } }

    /// The writer has removed a cursor.
    func noteRemoval(_ name: [UInt8]) { for relay in relays where relay.name.map({ Array($0.utf8) }) == name { relay.forget() } }

    /// Retention has let events go: each must have been old enough, or one too many, or unwanted.
    ///
    /// - Parameter leaps: by how much the clock was set in this life of the daemon, in milliseconds.
    func checkRetention(from old: Int64, to new: Int64, leaps: Int64) throws(Violation) {
        guard new > old else { return }
        figures.removed += Int(new - old)
        let mayGo = max(customer?.pruned ?? 0, oracle.head - traits.retention.events + 1)
        guard new > mayGo else { return }
        try demand(leaps < ClockWatch.tolerance, "events before \(new) are gone for their age, though the clock was just set ahead")
        let oldest = clock.unix - traits.retention.span
        let young = oracle.commits.first { $0.last >= max(mayGo, old) && $0.last < new && $0.wallTime >= oldest }
        try demand(young == nil, "event \(young?.last ?? 0) is gone before its time")
    }

    // MARK: - The end

    /// More steps than anybody needs to finish what is begun.
    private static let mostStepsToRest = 400_000

    private func comeToRest() throws(Violation) {
        isCalm = true
        disk.trouble = nil
        trace("nothing goes wrong any more")
        var steps = 0
        while !isAtRest {
            try step()
            steps += 1
            try demand(steps < Self.mostStepsToRest, "nothing goes wrong any more, and it does not come to rest: \(complaints)")
        }
        trace("everything is at rest")
        for gateway in gateways { try demand(gateway.isWhole, "a line that was acknowledged was never durable") }
        for relay in relays { try checkWhole(relay) }
        try oracle.check(disk, after: max(0, oldest() - 1))
        // Once more from what is on the disk.
        guard let daemon else { return }
        end(daemon)
        try oracle.checkState(disk.contents, hashSeed: dice.next())
    }

    private func oldest() throws(Violation) -> Int64 {
        do throws(StoreFault) {
            return try disk.oldest()
        } catch {
            throw Violation("the log cannot be read: \(error)")
        }
    }

    private var isAtRest: Bool {
        guard let daemon, daemon.phase == .running, daemon.inbox.isEmpty, daemon.slot.isFree, daemon.writer.isEmpty, oracle.isSettled else {
            return false
        }
        return daemon.reads.isEmpty && daemon.loops.allSatisfy(\.tasks.isEmpty) && gateways.allSatisfy(\.isAtRest)
            && relays.allSatisfy(\.isAtRest)
    }

    private var complaints: String {
        let waiting = gateways.filter { !$0.isAtRest }.map(\.complaint) + relays.filter { !$0.isAtRest }.map(\.complaint)
        return waiting.isEmpty ? "the daemon still works" : waiting.joined(separator: "; ")
    }

    /// A named relay has got everything after its first cursor, once it has thrown away what came twice.
    private func checkWhole(_ relay: RelayClient) throws(Violation) {
        guard let progress = relay.progress, let first = progress.first else { return }
        for seq in stride(from: first + 1, through: oracle.head, by: 1) where relay.wants(oracle.event(seq)) {
            try demand(progress.knows(seq), "relay \(relay.number) never got event \(seq)")
        }
    }

    // MARK: - Sabotage

    /// So many pairs are missing in the snapshots of connections.
    private var missing: [UInt64: Int] = [:]

    /// What is sent to a relay, if nobody tampers with it.
    func tampered(_ bytes: ByteBuffer, to link: UInt64) -> ByteBuffer {
        guard sabotage == .dropClosedPairs else { return bytes }
        var kept: [UInt8] = []
        for line in bytes.readableBytesView.split(separator: UInt8(ascii: "\n")) {
            var text = String(decoding: line, as: UTF8.self)
            if text.contains("\"type\":\"inside\""), let seq = Int(text.dropFirst(7).prefix { $0.isNumber }), oracle.leftAt[seq - 1] != 0 {
                missing[link, default: 0] += 1
                continue
            }
            if text.hasPrefix("{\"snapshot\":"), let count = Int(text.dropFirst(21).prefix { $0.isNumber }) {
                text = text.replacing("\"pairs\":\(count)", with: "\"pairs\":\(count - (missing.removeValue(forKey: link) ?? 0))")
            }
            kept += Array(text.utf8) + [UInt8(ascii: "\n")]
        }
        return ByteBuffer(bytes: kept)
    }
}
