internal import CLinux
internal import Glibc
internal import NIOCore
import Synchronization
import VicinityStore
import VicinitySystem
import VicinityTransport
import VicinityWire

// Connections that the last process has left, and that are left to the next: see `Keeper`.

extension Doors {
    // MARK: - Taking up

    /// Goes on with the connections of the last process. When this returns all sessions are there, and subscribers have asked for their names.
    ///
    /// - Parameter kept: descriptors by name, which are taken over.
    func goOn(with kept: [String: [CInt]], _ settings: SettingsService) async {
        guard let keeper else {
            for descriptor in kept.values.joined() { Glibc.close(descriptor) }
            return
        }
        for group in gateways { await onLoop(group.eventLoop) { group.tidyNowAndThen() } }
        guard !kept.isEmpty else { return }
        let tally = Tally()
        for (place, (name, descriptors)) in kept.enumerated() {
            guard let legacy = LeftDescriptors(name, descriptors) else {
                tally.change { $0.isDropped(.incomplete) }
                keeper.forget(name)
                continue
            }
            do {
                try await SocketServer.adopt(legacy.takeSocket(), on: loopList[place % loopList.count], limit: limit) { [self] connection in
                    goOn(with: connection, legacy, keeper, settings, tally)
                }
            } catch {
                tally.change { $0.isDropped(.socket) }
                keeper.forget(name)
            }
        }
        logger.report(.connectionsTakenUp(tally.value))
    }

    /// On the connection's loop.
    private func goOn(
        with connection: Connection, _ left: LeftDescriptors, _ keeper: Keeper, _ settings: SettingsService, _ tally: Tally
    ) -> any Session {
        let name = left.socketName
        counts.opened(name)
        let whenClosed = { [counts] in counts.closed(name) }
        let forget = {
            whenClosed()
            keeper.forget(left.name)
        }
        do throws(LegacyProblem) {
            let legacy = try Legacy(notebook: left.takeNotebook(), counted: connection.countedInput)
            let unsent = ByteBuffer(bytes: legacy.unsent)
            if legacy.isEnding {
                tally.change { $0.goesOn() }
                let keepsake = keeper.goOnKeeping(connection, name: left.name, notebook: legacy.notebook)
                return LastWordsSession(
                    connection: connection, keepsake: keepsake, legacy: legacy, group: gateways[place(of: connection)],
                    whenClosed: whenClosed)
            }
            guard name.isAdmitted(settings.access.roles(of: connection.peer)) else {
                tally.change { $0.isDropped(.forbidden) }
                logger.report(.peerRefused(name, user: connection.peer.user))
                return ForbiddenSession(connection: connection, socket: name, unsent: unsent, whenClosed: forget)
            }
            try legacy.countAttempt()
            let session = try makeSession(for: connection, left.name, name, legacy, keeper, settings, tally, whenClosed)
            return session
        } catch {
            tally.change { $0.isDropped(error) }
            return LastWordsSession(dropping: connection, whenClosed: forget)
        }
    }

    private func makeSession(
        for connection: Connection, _ keptName: String, _ name: SocketName, _ legacy: Legacy, _ keeper: Keeper, _ settings: SettingsService,
        _ tally: Tally, _ whenClosed: @escaping () -> Void
    ) throws(LegacyProblem) -> any Session {
        do throws(ResumptionError) {
            switch name {
            case .ingest:
                let note = try IngestNote(decoding: legacy.state)
                guard note.logID == store.identity.logID else { throw .otherLog }
                let group = gateways[place(of: connection)]
                let gatewaySettings = gatewaySettings.withLock { $0 }
                let decoder = group.makeDecoder(hasher: hasher, gatewaySettings, resuming: note.decoder)
                let keepsake = keeper.goOnKeeping(connection, name: keptName, notebook: legacy.notebook)
                tally.change { $0.goesOn() }
                let session = IngestSession(
                    connection: connection, inbox: inbox, group: group, decoder: decoder, keepsake: keepsake, legacy: legacy, note: note,
                    refused: { problem in tally.change { $0.isDropped(problem, wentOn: true) } }, whenClosed: whenClosed)
                session.apply(gatewaySettings)
                return session
            case .events:
                let note = try EventsNote(decoding: legacy.state)
                let keepsake = keeper.goOnKeeping(connection, name: keptName, notebook: legacy.notebook)
                let session = try EventsSession(
                    connection: connection, services: eventsServices(for: connection, settings), keepsake: keepsake, legacy: legacy,
                    note: note, whenClosed: whenClosed)
                tally.change { $0.goesOn() }
                return session
            case .control: throw .damaged
            }
        } catch {
            throw .state(error)
        }
    }

    // MARK: - Leaving

    /// Leaves gateways and subscribers to the next process, as far as there is a keeper and they can be left. What they were to get now has been written.
    func handOver() async {
        guard keeper != nil else { return }
        let left = Mutex(0)
        for group in gateways {
            await onLoop(group.eventLoop) {
                let count = group.handOver()
                left.withLock { $0 += count }
            }
        }
        for group in subscribers {
            await onLoop(group.eventLoop) {
                let count = group.handOver()
                left.withLock { $0 += count }
            }
        }
        logger.report(.connectionsLeft(left.withLock { $0 }))
    }
}

/// A tally that sessions on all loops add to.
private final class Tally: Sendable {
    private let state = Mutex(LegacyTally())

    var value: LegacyTally { state.withLock { $0 } }

    func change(_ body: (inout LegacyTally) -> Void) { state.withLock { body(&$0) } }
}

/// The two descriptors that are left of a connection: of its socket and of its notebook, which are told apart by what they are.
private final class LeftDescriptors: Sendable {
    let name: String
    let socketName: SocketName
    private let descriptors: Mutex<(socket: CInt, notebook: CInt)>

    /// - Returns: `nil` if it is anything else; all are closed then.
    init?(_ name: String, _ descriptors: [CInt]) {
        let sockets = descriptors.filter { vicinity_is_unix_stream($0) == 1 }
        let others = descriptors.filter { !sockets.contains($0) }
        guard let word = name.split(separator: "-").first, let socketName = SocketName(rawValue: String(word)), sockets.count == 1,
            others.count == 1
        else {
            for socket in sockets { _ = shutdown(socket, Int32(SHUT_RDWR)) }
            for descriptor in descriptors { Glibc.close(descriptor) }
            return nil
        }
        self.name = name
        self.socketName = socketName
        self.descriptors = Mutex((sockets[0], others[0]))
    }

    deinit {
        for descriptor in [takeSocket(), takeNotebook()] where descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Gives the socket's up to somebody who will close it; -1 after the first time.
    func takeSocket() -> CInt {
        descriptors.withLock { descriptors in
            defer { descriptors.socket = -1 }
            return descriptors.socket
        }
    }

    func takeNotebook() -> CInt {
        descriptors.withLock { descriptors in
            defer { descriptors.notebook = -1 }
            return descriptors.notebook
        }
    }
}
