internal import Synchronization
import VicinitySystem
import VicinityTransport

/// What the daemon stands on: its state directory, locked, and its three sockets, bound or passed by systemd.
///
/// All of it is had before the log is opened, so that a second daemon is refused before it could touch anything. Clients may
/// connect from now on; they are answered when the doors open.
package final class Premises: Sendable {
    package let stateDirectory: String
    /// Whether there is a manager that keeps connections over a restart: one that passed the sockets and listens to us.
    let hasKeeper: Bool
    private let held: Mutex<Held>

    private struct Held: ~Copyable {
        let lock: InstanceLock
        var sockets: Sockets?
    }

    /// The three listening sockets.
    package struct Sockets: ~Copyable {
        var ingest: ListeningSocket
        var events: ListeningSocket
        var control: ListeningSocket
        /// What the manager has kept since the last start: descriptors by the names that ``Keeper`` gave them.
        var kept: [String: [CInt]]
    }

    /// Makes the directories, takes the lock, and takes or binds the sockets.
    ///
    /// - Parameter environment: of the process; says what systemd passed.
    /// - Throws: ``StartFailure``.
    package init(stateDirectory: String?, runtimeDirectory: String?, environment: [String: String]) throws(StartFailure) {
        let state = Directory(.state, flag: stateDirectory, environment: environment)
        try Self.prepare(state)
        self.stateDirectory = state.path
        let lock: InstanceLock
        do throws(InstanceLock.Refusal) {
            lock = try InstanceLock(stateDirectory: state.path)
        } catch {
            switch error {
            case .held: throw StartFailure(.taken, "\(error)")
            case .system: throw StartFailure(.directory, "\(error)")
            }
        }
        let passed: SystemdSockets?
        do throws(SystemdSockets.Problem) {
            passed = try SystemdSockets.take(expecting: SocketName.allCases.map(\.rawValue))
        } catch {
            throw StartFailure(.configuration, "\(error)")
        }
        hasKeeper = passed != nil && environment["NOTIFY_SOCKET"]?.isEmpty == false
        let sockets: Sockets
        if let passed {
            sockets = try Self.adopt(passed)
        } else {
            sockets = try Self.bind(Directory(.runtime, flag: runtimeDirectory, environment: environment))
        }
        held = Mutex(Held(lock: lock, sockets: sockets))
    }

    /// Gives the sockets to who serves them; once.
    func takeSockets() -> sending Sockets {
        let taken = held.withLock { held -> Sockets? in
            var taken: Sockets?
            swap(&taken, &held.sockets)
            return taken
        }
        guard let taken else { preconditionFailure("the sockets are taken once") }
        return taken
    }

    private static func prepare(_ directory: Directory) throws(StartFailure) {
        do throws(Directory.Problem) {
            try directory.prepare()
        } catch {
            throw StartFailure(.directory, "\(error)")
        }
    }

    private static func adopt(_ passed: SystemdSockets) throws(StartFailure) -> Sockets {
        func socket(_ name: SocketName) throws(StartFailure) -> ListeningSocket {
            guard let descriptor = passed.listening[name.rawValue] else {
                throw StartFailure(.configuration, "no socket named \(name.rawValue)")
            }
            do throws(SocketError) {
                return try ListeningSocket(adopting: descriptor)
            } catch {
                throw StartFailure(.configuration, "socket \(name.rawValue): \(error)")
            }
        }
        return Sockets(ingest: try socket(.ingest), events: try socket(.events), control: try socket(.control), kept: passed.kept)
    }

    private static func bind(_ directory: Directory) throws(StartFailure) -> Sockets {
        try prepare(directory)
        func socket(_ name: SocketName) throws(StartFailure) -> ListeningSocket {
            do throws(SocketError) {
                return try ListeningSocket(path: "\(directory.path)/\(name.rawValue).sock")
            } catch {
                switch error {
                case .live, .contended: throw StartFailure(.taken, "\(error)")
                case .pathTooLong, .occupied, .notListening, .system: throw StartFailure(.directory, "\(error)")
                }
            }
        }
        return Sockets(ingest: try socket(.ingest), events: try socket(.events), control: try socket(.control), kept: [:])
    }
}
