internal import NIOCore
internal import NIOPosix
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

/// Carries out the methods of `control.sock`.
///
/// What changes state, or must see it between two steps, goes through the inbox like everything else and is answered after its
/// commit; what only reads the register asks the store on a thread of its own.
struct ControlService: Sendable {
    let inbox: Inbox<Work>
    let slot: CommitSlot
    let register: any RegisterReader
    let audit: any AuditReader
    let reports: any ReportReader
    let threads: NIOThreadPool
    let status: StatusReport
    let metrics: MetricsReport
    let map: MapBoard
    let settings: SettingsService
    /// The connection's.
    let loop: any EventLoop

    typealias Finish = @Sendable (Result<[UInt8], ControlFailure>) -> Void

    /// Calls `finish` exactly once, on any thread.
    func call(_ request: ControlRequest, from peer: PeerCredentials, finish: @escaping Finish) {
        do throws(ControlFailure) {
            guard settings.access.roles(of: peer).allows(method: request.method) else {
                guard ControlMethod(rawValue: request.method) != nil else { throw .unknownMethod(request.method) }
                throw .forbidden(request.method)
            }
            try carryOut(request, from: peer, finish)
        } catch {
            finish(.failure(error))
        }
    }

    private func carryOut(
        _ request: ControlRequest, from peer: PeerCredentials, _ finish: @escaping Finish
    ) throws(ControlFailure) {
        let params = request.params
        switch request.method {
        case "status": offLoop(finish) { [status] in finish(.success(status.json())) }
        case "metrics":
            offLoop(finish) { [metrics] in
                var writer = JSONWriter()
                writer.value(metrics.text())
                finish(.success(writer.bytes))
            }
        case "map": try map(params, finish)
        case "subjects.put": try put(params, finish)
        case "subjects.remove": try remove(params, finish)
        case "subjects.get": try getSubject(params, finish)
        case "subjects.list": try listSubjects(params, finish)
        case "subjects.replace_begin": beginEdition(finish)
        case "subjects.replace_commit": try commitEdition(params, finish)
        case "subjects.replace_abort": try abortEdition(params, finish)
        case "subjects.suspend": try suspend(params, from: peer, finish)
        case "subjects.resume": try resume(params, from: peer, finish)
        case "users.get": try getUser(params, from: peer, finish)
        case "users.forget": try forgetUser(params, from: peer, finish)
        case "config.get": finish(.success(settings.json()))
        case "config.reload": offLoop(finish) { [settings] in settings.reload(finish) }
        case "subscribers.list": listSubscribers(finish)
        case "subscribers.remove": try removeSubscriber(params, finish)
        case "log.prune": try prune(params, finish)
        case "nearby": try nearby(params, from: peer, finish)
        case "details": try details(params, from: peer, finish)
        case "reports.create": try createReport(params, from: peer, finish)
        case "reports.list": try listReports(params, from: peer, finish)
        case "reports.resolve": try resolveReport(params, from: peer, finish)
        case "explain": try explain(params, from: peer, finish)
        case "audit.list": try listAudit(params, finish)
        case "audit.verify": verifyAudit(finish)
        case "privacy.rotate_key": rotateKey(from: peer, finish)
        case let method: throw .unknownMethod(method)
        }
    }

    // MARK: - The register

    private func put(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        guard let list = params?[key: "subjects"], list.kind == .array else { throw .badValue("subjects", "must be a list of subjects") }
        let generation = params?[key: "generation"] == nil ? nil : try generation(params)
        var rows: [SubjectRow] = []
        var ids: Set<[UInt8]> = []
        for (place, element) in list.elements.enumerated() {
            let row = try SubjectCodec.read(element, at: place)
            guard ids.insert(row.id).inserted else { throw .badValue("subjects[\(place)].id", "stands twice in the request") }
            rows.append(row)
        }
        if let generation {
            submit(.edition(.put(rows, generation: generation, editionReply(finish) { $0.member("put", $1) })), finish)
        } else {
            submit(.put(rows, Reply { count in finish(.success(Self.object { $0.member("put", count) })) }), finish)
        }
    }

    private func remove(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        guard let list = params?[key: "ids"], list.kind == .array else { throw .badValue("ids", "must be a list of ids") }
        var ids: [[UInt8]] = []
        for (place, element) in list.elements.enumerated() {
            guard let utf8 = element.utf8 else { throw .badValue("ids[\(place)]", "must be a string") }
            ids.append([UInt8](utf8))
        }
        submit(.remove(ids, Reply { count in finish(.success(Self.object { $0.member("removed", count) })) }), finish)
    }

    private func getSubject(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        let id = try identifier(params, "id")
        let reply = Reply<SubjectView?> { view in
            guard let view else { return finish(.failure(.unknownSubject)) }
            read(finish) { () throws(ControlFailure) in
                guard let row = try Self.stored({ () throws(StoreFault) in try register.subject(id: id) }) else { throw .unknownSubject }
                var writer = JSONWriter()
                SubjectCodec.write(row, view, to: &writer)
                return writer.bytes
            }
        }
        submit(.subject(id, reply), finish)
    }

    private func listSubjects(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        let after = params?[key: "after"] == nil ? nil : try identifier(params, "after")
        let kind = params?[key: "kind"] == nil ? nil : try identifier(params, "kind")
        let limit = try pageSize(params)
        read(finish) { () throws(ControlFailure) in
            let rows = try Self.stored { () throws(StoreFault) in try register.subjects(after: after, limit: limit + 1, kind: kind) }
            return Self.object { writer in
                writer.key("subjects")
                writer.array { writer in
                    for row in rows.prefix(limit) { SubjectCodec.write(row, nil, to: &writer) }
                }
                if rows.count > limit { writer.member("next", utf8: rows[limit - 1].id) }
            }
        }
    }

    func pageSize(_ params: JSONElement?) throws(ControlFailure) -> Int {
        guard let asked = params?[key: "limit"] else { return Self.defaultPage }
        guard let number = asked.integer, (1...Int64(Self.largestPage)).contains(number) else {
            throw .badValue("limit", "must be within 1 and \(Self.largestPage)")
        }
        return Int(number)
    }

    private static let defaultPage = 1000
    private static let largestPage = 10_000

    // MARK: - Users

    private func getUser(
        _ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish
    ) throws(ControlFailure) {
        let id = try identifier(params, "user")
        let wantsPosition = try flag(params, "position")
        let reply = Reply<UserView?> { view in
            guard let view else { return finish(.failure(.refused("unknown_user", "there is no such user"))) }
            let result = Self.object { writer in
                writer.member("user", utf8: id)
                writer.member("ts", view.time)
                writer.member("radius", view.radius)
                if wantsPosition, let position = view.position {
                    writer.member("lat", position.latitudeDegrees)
                    writer.member("lon", position.longitudeDegrees)
                }
                writer.key("inside")
                writer.array { writer in for subject in view.inside { writer.value(utf8: subject) } }
            }
            finish(.success(result))
        }
        submit(wantsPosition ? .locate(id, for: AuditEntry.Peer(peer), reply) : .user(id, reply), finish)
    }

    private func explain(
        _ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish
    ) throws(ControlFailure) {
        let user = try identifier(params, "user")
        let subject = params?[key: "subject"] == nil ? nil : try identifier(params, "subject")
        let reply = Reply<Explanation?> { explanation in
            guard let explanation else { return finish(.failure(.refused("unknown_user", "there is no such user"))) }
            var writer = JSONWriter()
            ExplanationText(explanation).write(user: user, subject: subject, to: &writer)
            finish(.success(writer.bytes))
        }
        submit(.explain(user: user, subject: subject, for: AuditEntry.Peer(peer), reply), finish)
    }

    // MARK: - Subscribers and the log

    private func listSubscribers(_ finish: @escaping Finish) {
        let reply = Reply<[SubscriberState]> { [status] subscribers in
            let head = status.feed.head
            let result = Self.object { writer in
                writer.key("subscribers")
                writer.array { writer in for subscriber in subscribers { subscriber.write(head: head, to: &writer) } }
            }
            finish(.success(result))
        }
        submit(.subscribers(reply), finish)
    }

    private func removeSubscriber(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        removeSubscriber(try identifier(params, "name"), tries: 10, finish)
    }

    /// A connection that has just been closed may not have been let go of yet, so that it is tried for a quarter of a second.
    private func removeSubscriber(_ name: [UInt8], tries: Int, _ finish: @escaping Finish) {
        let reply = Reply<SubscriberRemoval> { outcome in
            switch outcome {
            case .removed: finish(.success(Self.object { _ in }))
            case .unknown: finish(.failure(.refused("unknown_subscriber", "there is no durable cursor of this name")))
            case .inUse where tries > 0:
                _ = loop.scheduleTask(in: .milliseconds(25)) { removeSubscriber(name, tries: tries - 1, finish) }
            case .inUse: finish(.failure(.refused("in_use", "the subscriber is connected; close its connection first")))
            }
        }
        submit(.removeSubscriber(name: name, reply), finish)
    }

    private func prune(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        var before: Int64?
        if let element = params?[key: "before_seq"] {
            guard let seq = element.integer, seq >= 1 else { throw .badValue("before_seq", "must be a seq, an integer of 1 or more") }
            let head = status.feed.head
            guard seq <= head + 1 else { throw .badValue("before_seq", "is \(seq), the newest event is \(head)") }
            before = seq
        }
        let reply = Reply<Result<Pruned, StoreFault>> { outcome in
            switch outcome {
            case .success(let pruned):
                finish(
                    .success(
                        Self.object { writer in
                            writer.member("oldest", pruned.oldest)
                            writer.member("removed", pruned.removed)
                        }))
            case .failure(let fault): finish(.failure(.internalError("the events could not be removed: \(fault)")))
            }
        }
        if !slot.request(PruneRequest(beforeSeq: before, reply: reply)) { finish(.failure(.internalError("the daemon is stopping"))) }
    }

    // MARK: - Helpers

    private func flag(_ params: JSONElement?, _ key: StaticString) throws(ControlFailure) -> Bool {
        guard let element = params?[key: key] else { return false }
        guard let flag = element.bool else { throw .badValue("\(key)", "must be true or false") }
        return flag
    }

    func identifier(_ params: JSONElement?, _ key: StaticString) throws(ControlFailure) -> [UInt8] {
        guard let element = params?[key: key] else { throw .badValue("\(key)", "is missing") }
        guard let utf8 = element.utf8, SubscriptionReader.isName(utf8) else {
            throw .badValue("\(key)", "must be a string of 1 to 128 bytes without control characters")
        }
        return [UInt8](utf8)
    }

    func submit(_ work: Work, _ finish: Finish) {
        if !inbox.put(work) { finish(.failure(.internalError("the daemon is stopping"))) }
    }

    /// Runs what reads files or the log away from the event loops.
    func offLoop(_ finish: @escaping Finish, _ body: @escaping @Sendable () -> Void) {
        offLoop(body) { finish(.failure(.internalError("the daemon is stopping"))) }
    }

    /// - Parameter otherwise: is called instead where nothing is run any more.
    func offLoop(_ body: @escaping @Sendable () -> Void, otherwise: @escaping @Sendable () -> Void) {
        threads.submit { state in
            switch state {
            case .active: body()
            case .cancelled: otherwise()
            }
        }
    }

    static func object(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(members)
        return writer.bytes
    }

    /// Runs a read of the store away from the event loops.
    func read(_ finish: @escaping Finish, _ body: @escaping @Sendable () throws(ControlFailure) -> [UInt8]) {
        offLoop(finish) {
            do throws(ControlFailure) {
                finish(.success(try body()))
            } catch {
                finish(.failure(error))
            }
        }
    }

    /// A fault of the store as what a client is told.
    static func stored<Value>(_ body: () throws(StoreFault) -> Value) throws(ControlFailure) -> Value {
        do {
            return try body()
        } catch {
            throw .internalError("the log could not be read: \(error)")
        }
    }
}
