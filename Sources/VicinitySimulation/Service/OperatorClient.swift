import VicinityCore
import VicinityPipeline
import VicinityStore

/// The operator: changes the register and the settings, looks at users and subscribers, lets events go. What is answered is checked where the
/// answers are handed on.
struct OperatorClient {
    private unowned let world: ServiceSimulation
    /// The furthest that it has ever asked events to go, one past the last.
    private(set) var pruned: Int64 = 0

    init(_ world: ServiceSimulation) { self.world = world }

    /// Does one thing.
    ///
    /// - Returns: whether somebody took it.
    mutating func step() -> Bool {
        guard let daemon = world.daemon, daemon.phase == .running else { return false }
        let dice = world.dice
        let mailbox = daemon.mailbox
        switch dice.below(21) {
        case 0..<7:
            let rows = world.town.put()
            world.trace("the operator puts \(rows.count) subjects: \(rows.compactMap(\.placement).map(Text.subject))")
            return !rows.isEmpty && daemon.inbox.put(.put(rows, Reply { mailbox.put(.count($0)) }))
        case 7, 8:
            let ids = world.town.removal()
            world.trace("the operator removes \(ids.map(Text.quoted).joined(separator: " "))")
            return daemon.inbox.put(.remove(ids, Reply { mailbox.put(.count($0)) }))
        case 9: return daemon.inbox.put(.user(world.town.someUser(), Reply { mailbox.put(.user($0)) }))
        case 10: return daemon.inbox.put(.subscribers(Reply { mailbox.put(.subscribers($0)) }))
        case 11:
            guard let name = dice.pick(world.relays).name, dice.chance(0.3) else { return false }
            world.trace("the operator removes the cursor of \(name)")
            return daemon.inbox.put(.removeSubscriber(name: Array(name.utf8), Reply { mailbox.put(.removal($0)) }))
        case 12: return prune(daemon)
        case 13, 14: return replace(daemon)
        case 15, 16: return suspendOrResume(daemon)
        case 17, 18: return report(daemon)
        case 19: return resolve(daemon)
        case 20 where world.traits.blurs && dice.chance(0.5):
            world.trace("the operator rotates the key of the cells")
            let salt = (0..<16).map { _ in UInt8(dice.below(256)) }
            let tell = Reply<Result<Int, RotationRefusal>> { mailbox.put(.rotation($0)) }
            return daemon.inbox.put(.rotateKey(salt: salt, for: AuditEntry.Peer(uid: 0, gid: 0, pid: 0), tell))
        default:
            guard dice.chance(world.traits.reloads) else { return false }
            world.town.reconfigure()
            return daemon.inbox.put(.configure(world.town.rules))
        }
    }

    /// The next request for an edition of the register, sometimes for one that is no more.
    private func replace(_ daemon: SimulatedDaemon) -> Bool {
        let dice = world.dice
        let mailbox = daemon.mailbox
        let tell: @Sendable (Result<Int, EditionRefusal>) -> Void = { mailbox.put(.edition($0)) }
        guard let generation = world.oracle.generation, !dice.chance(0.1) else {
            world.trace("the operator begins an edition")
            return daemon.inbox.put(.edition(.begin(Reply { mailbox.put(.begun($0)) })))
        }
        switch dice.below(6) {
        case 0: return daemon.inbox.put(.edition(.abort(generation: generation, Reply { tell($0.map { 0 }) })))
        case 1, 2:
            // Not without the vehicles.
            _ = daemon.inbox.put(.edition(.put(world.town.edition(), generation: generation, Reply(tell))))
            world.trace("the operator swaps the editions")
            return daemon.inbox.put(.edition(.commit(generation: generation, Reply(tell))))
        default:
            let rows = world.town.edition()
            world.trace("the operator puts \(rows.count) subjects into the edition")
            return daemon.inbox.put(.edition(.put(rows, generation: generation, Reply(tell))))
        }
    }

    private func suspendOrResume(_ daemon: SimulatedDaemon) -> Bool {
        let id = world.dice.chance(0.05) ? Array("never-put".utf8) : world.town.someSubject()
        let reply = Reply<Bool> { [mailbox = daemon.mailbox] in mailbox.put(.known($0)) }
        if world.dice.chance(0.5) {
            world.trace("the operator suspends \(Text.quoted(id))")
            return daemon.inbox.put(.suspension(.suspend(id, reason: "why", for: Self.peer, reply)))
        }
        world.trace("the operator resumes \(Text.quoted(id))")
        return daemon.inbox.put(.suspension(.resume(id, reason: "why not", for: Self.peer, reply)))
    }

    /// A relay asks for somebody's details, or hands a report on, mostly of what they are inside with.
    private func report(_ daemon: SimulatedDaemon) -> Bool {
        let dice = world.dice
        let mailbox = daemon.mailbox
        let user = world.town.someUser()
        var subject = world.town.someSubject()
        if let near = world.oracle.user(user)?.inside, !near.isEmpty, dice.chance(0.8) { subject = dice.pick(near) }
        if dice.chance(0.3) {
            let request = DetailsRequest(user: user, subject: subject, purpose: "why")
            return daemon.inbox.put(
                .disclosure(.details(request, fields: ["phone"], for: Self.peer, Reply { mailbox.put(.known($0 == nil)) })))
        }
        let report = NewReport(user: user, subject: subject, kind: dice.pick(["tip", "dispute", "dispute"]), text: "why")
        world.trace("\(Text.quoted(user)) reports \(Text.quoted(subject)): \(report.kind)")
        return daemon.inbox.put(.report(.create(report, policy, for: Self.peer, Reply { mailbox.put(.reported($0)) })))
    }

    private func resolve(_ daemon: SimulatedDaemon) -> Bool {
        let mailbox = daemon.mailbox
        let number = world.dice.whole(0...Int64(world.oracle.model.reports.count) + 1)
        let subject = number >= 1 && number <= world.oracle.model.reports.count ? world.oracle.model.reports[Int(number) - 1].subject : nil
        let removesSubject = world.dice.chance(0.1)
        if removesSubject, let subject { world.town.forget(subject: subject) }
        let verdict = ReportVerdict(number: number, outcome: "done", note: nil, removesSubject: removesSubject)
        world.trace("the operator resolves report \(number)")
        return daemon.inbox.put(.report(.resolve(verdict, policy, for: Self.peer, Reply { mailbox.put(.resolved($0)) })))
    }

    /// One dispute suspends, or, in other worlds, those of two users.
    private var policy: ReportPolicy { ReportPolicy(suspendOn: ["dispute"], suspendAfter: world.traits.users.isMultiple(of: 2) ? 1 : 2) }

    private static let peer = AuditEntry.Peer(uid: 0, gid: 0, pid: 1)

    private mutating func prune(_ daemon: SimulatedDaemon) -> Bool {
        let dice = world.dice
        let head = daemon.feed.head
        var before: Int64?
        if dice.chance(0.6), dice.chance(0.5) || head > 20 {
            before = dice.chance(0.3) ? head + 1 : 1 + dice.whole(0...head)
        }
        pruned = max(pruned, before ?? 0)
        world.trace("the operator lets events go before \(before.map { "\($0)" } ?? "what is configured")")
        daemon.prunes.append(PruneRequest(beforeSeq: before, reply: Reply { [mailbox = daemon.mailbox] in mailbox.put(.pruned($0)) }))
        return true
    }
}
