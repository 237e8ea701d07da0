internal import CLinux
import Logging
internal import NIOCore
internal import NIOPosix
import Synchronization
import VicinityConfiguration
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

/// The three sockets and everybody who is connected to them.
final class Doors: Sendable {
    private let loops: MultiThreadedEventLoopGroup
    let inbox: Inbox<Work>
    private let slot: CommitSlot
    let feed: Feed
    let store: SQLiteStore
    let threads: NIOThreadPool
    let statistics: Statistics
    let health: Health
    let hasher: IDHasher
    private let started: Int64
    let logger: Logger
    let limit: ConnectionLimit
    private let disk: DiskWatch
    /// The operators' own, so that gateways and relays cannot lock them out.
    private let controlLimit = ConnectionLimit(maximum: Descriptors.operators)
    let counts = ConnectionCounts()
    /// One of each for every loop, by its place in `loopList`.
    let gateways: [GatewayGroup]
    let subscribers: [SubscriberGroup]
    let loopList: [any EventLoop]
    /// `nil` where nobody keeps connections over a restart.
    let keeper: Keeper?
    private let servers = Mutex<[SocketServer]>([])
    private let owed = OwedAnswers()
    private let map = MapBoard()
    let gatewaySettings = Mutex(GatewaySettings())

    /// - Parameters:
    ///   - hasher: the engine's.
    ///   - started: monotonic milliseconds.
    ///   - keeper: keeps connections over a restart; `nil` by hand.
    init(
        loops: MultiThreadedEventLoopGroup, inbox: Inbox<Work>, slot: CommitSlot, feed: Feed, store: SQLiteStore, threads: NIOThreadPool,
        statistics: Statistics, health: Health, hasher: IDHasher, started: Int64, logger: Logger, limit: ConnectionLimit,
        disk: DiskWatch, keeper: Keeper?
    ) {
        self.loops = loops
        self.inbox = inbox
        self.slot = slot
        self.feed = feed
        self.store = store
        self.threads = threads
        self.statistics = statistics
        self.health = health
        self.hasher = hasher
        self.started = started
        self.logger = logger
        self.limit = limit
        self.disk = disk
        self.keeper = keeper
        loopList = loops.makeIterator().map { $0 }
        gateways = loopList.map { GatewayGroup(eventLoop: $0, logID: store.identity.logID) }
        subscribers = loopList.map { SubscriberGroup(eventLoop: $0) }
        for group in subscribers { feed.listen { group.headMoved() } }
    }

    // MARK: - Opening

    /// Goes on with the connections that the last process has left, and then begins to accept on all three.
    func open(_ sockets: consuming Premises.Sockets, settings: SettingsService) async throws {
        apply(settings.configuration)
        // First, so that nobody else takes the name of a subscriber who is still there.
        await goOn(with: sockets.kept, settings)
        try await open(sockets.ingest, .ingest, settings) { [self] in makeIngestSession($0, $1) }
        try await open(sockets.events, .events, settings) { [self] in makeEventsSession($0, settings, $1) }
        try await open(sockets.control, .control, settings) { [self] in makeControlSession($0, settings, $1) }
    }

    private func open(
        _ socket: consuming ListeningSocket, _ name: SocketName, _ settings: SettingsService,
        makeSession: @escaping @Sendable (Connection, @escaping () -> Void) -> any Session
    ) async throws {
        let places = name == .control ? controlLimit : limit
        let failed = { @Sendable [logger] (error: any Error) in logger.report(.acceptFailed(name, error)) }
        let server = try await SocketServer.start(socket, on: loops, limit: places, failed: failed) { [counts, logger] connection in
            counts.opened(name)
            let whenClosed = { counts.closed(name) }
            guard name.isAdmitted(settings.access.roles(of: connection.peer)) else {
                logger.report(.peerRefused(name, user: connection.peer.user))
                return ForbiddenSession(connection: connection, socket: name, whenClosed: whenClosed)
            }
            return makeSession(connection, whenClosed)
        }
        servers.withLock { $0.append(server) }
    }

    private func makeIngestSession(_ connection: Connection, _ whenClosed: @escaping () -> Void) -> any Session {
        let group = gateways[place(of: connection)]
        let settings = gatewaySettings.withLock { $0 }
        let decoder = group.makeDecoder(hasher: hasher, settings)
        let keepsake = keeper?.keep(connection, of: .ingest)
        let session = IngestSession(
            connection: connection, inbox: inbox, group: group, decoder: decoder, keepsake: keepsake, whenClosed: whenClosed)
        session.apply(settings)
        return session
    }

    private func makeEventsSession(_ connection: Connection, _ settings: SettingsService, _ whenClosed: @escaping () -> Void) -> any Session
    {
        let keepsake = keeper?.keep(connection, of: .events)
        let services = eventsServices(for: connection, settings)
        return EventsSession(connection: connection, services: services, keepsake: keepsake, whenClosed: whenClosed)
    }

    func eventsServices(for connection: Connection, _ settings: SettingsService) -> EventsServices {
        EventsServices(
            feed: feed, reader: store, inbox: inbox, threads: threads, group: subscribers[place(of: connection)],
            logID: store.identity.logID, health: health, logger: logger, deliveries: statistics.deliveries,
            heartbeat: { settings.configuration.delivery.heartbeat.milliseconds })
    }

    private func makeControlSession(
        _ connection: Connection, _ settings: SettingsService, _ whenClosed: @escaping () -> Void
    ) -> any Session {
        let status = StatusReport(
            version: Version.current, started: started, statistics: statistics, health: health, connections: counts, feed: feed,
            reader: store)
        let service = ControlService(
            inbox: inbox, slot: slot, register: store, audit: store, reports: store, threads: threads, status: status, metrics: metrics,
            map: map, settings: settings, loop: connection.eventLoop)
        return ControlSession(connection: connection, service: service, owed: owed, whenClosed: whenClosed)
    }

    private var metrics: MetricsReport {
        MetricsReport(
            version: Version.current, inbox: inbox, statistics: statistics, health: health, feed: feed, reader: store, counts: counts,
            limit: limit, disk: disk, look: { [self] in (askGateways(), askSubscribers()) })
    }

    func place(of connection: Connection) -> Int {
        guard let place = loopList.firstIndex(where: { $0 === connection.eventLoop }) else {
            preconditionFailure("a connection lives on one of our loops")
        }
        return place
    }

    // MARK: - Looking

    /// What there was to be seen of subscribers when this was last asked.
    func askSubscribers() -> SubscribersState {
        let seen = subscribers.map { $0.ask() }
        return SubscribersState(unnamedLag: seen.compactMap(\.unnamedLag).max(), queuedBytes: seen.reduce(0) { $0 + $1.queuedBytes })
    }

    /// What there was to be seen of each gateway when this was last asked.
    func askGateways() -> [GatewayState] { gateways.flatMap { $0.ask() } }

    // MARK: - Settings

    /// Puts into force what the doors know of the settings.
    func apply(_ configuration: Configuration) {
        let settings = GatewaySettings(configuration)
        gatewaySettings.withLock { $0 = settings }
        let places = Descriptors.places(for: configuration.limits.connections, areKept: keeper != nil, logger: logger)
        limit.change(maximum: places.connections)
        controlLimit.change(maximum: places.operators)
        for group in gateways { group.eventLoop.execute { group.apply(settings) } }
    }

    // MARK: - Closing

    /// Accepts nobody and reads nothing any more. What was read is in the inbox when this returns.
    func stopReading() async {
        let servers = servers.withLock { servers in
            defer { servers = [] }
            return servers
        }
        for server in servers { await server.close() }
        await answerOperators()
        for group in gateways { await onLoop(group.eventLoop) { group.stopReading() } }
    }

    /// Waits until each operator who is connected has been answered what was asked, but not long for those who ask nothing.
    private func answerOperators() async {
        // Whoever has been accepted is counted once the loops have been round.
        for group in gateways { await onLoop(group.eventLoop) {} }
        let deadline = ContinuousClock.now + .milliseconds(250)
        while owed.areDue, ContinuousClock.now < deadline {
            do {
                try await Task.sleep(for: .milliseconds(5))
            } catch {
                return
            }
        }
    }

    /// Gives everybody the last acks and events, and closes. Who has not read them within `span` gets whole lines still, and is then cut off.
    func close(within span: Duration) async {
        for group in gateways { await onLoop(group.eventLoop) { group.end() } }
        for group in subscribers { await onLoop(group.eventLoop) { group.drain() } }
        if await allGone(within: span) { return }
        for group in subscribers { await onLoop(group.eventLoop) { group.cutShort() } }
        _ = await allGone(within: .seconds(1))
    }

    /// Whether every gateway and subscriber is gone before the time is up.
    private func allGone(within span: Duration) async -> Bool {
        let deadline = ContinuousClock.now + span
        while counts.counts.contains(where: { $0.name != SocketName.control.rawValue && $0.count > 0 }) {
            guard ContinuousClock.now < deadline else { return false }
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                return false
            }
        }
        return true
    }

    func onLoop(_ loop: any EventLoop, _ body: @escaping @Sendable () -> Void) async {
        // The loops run until the very end, so the submission does not fail.
        try? await loop.submit(body).get()
    }
}

extension SocketName {
    /// Whether somebody with these roles may talk here at all.
    func isAdmitted(_ roles: Roles) -> Bool {
        switch self {
        case .ingest: roles.contains(.ingest)
        case .events: roles.contains(.events)
        case .control: !roles.isDisjoint(with: .control)
        }
    }
}
