internal import Glibc
import Logging
import VicinityTransport

/// File descriptors: how many the process may have, and what they are for.
enum Descriptors {
    /// The log, its WAL and readers, the lock, the listening sockets and who was accepted there without a place, the loops' own, and what libraries
    /// open for a moment; and at a stop those who have waited for a place have what who has one has.
    private static let own = 96 + SocketServer.greatestExcess * (kept - 1)
    /// Of a connection: see `Connection`.
    private static let plain = 2
    /// Of one that is kept over a restart: its notebook, too, and until the manager has been given them one more of the notebook and of the socket.
    private static let kept = plain + 3
    /// Operators' connections, beside those of gateways and relays.
    static let operators = 64

    /// How many there must be for so many connections.
    ///
    /// - Parameter areKept: whether the service manager keeps connections, as many as there may be.
    static func needed(connections: Int, operators: Int, areKept: Bool = true) -> Int {
        own + plain * (connections + operators) + (areKept ? (kept - plain) * min(connections, Keeper.greatest) : 0)
    }

    /// Raises the process's limit as far as the system lets it, if that is needed.
    ///
    /// - Parameter areKept: whether the service manager keeps connections.
    /// - Returns: how many connections there may be: what was wanted, or fewer where the limit is too low, so that the log always finds a
    ///   descriptor.
    static func places(for wanted: Int, areKept: Bool, logger: Logger) -> (connections: Int, operators: Int) {
        let each = areKept ? kept : plain
        let needed = needed(connections: wanted, operators: operators, areKept: areKept)
        guard let limit = raise(to: needed), limit < needed else { return (wanted, operators) }
        let forOperators = min(operators, max(2, (limit - own) / (4 * plain)))
        let connections = min(wanted, max(2, (limit - own - plain * forOperators) / each))
        logger.report(.descriptorsScarce(limit: limit, connections: connections, wanted: wanted))
        return (connections, forOperators)
    }

    /// - Returns: the limit that holds now; `nil` if the system does not say.
    private static func raise(to needed: Int) -> Int? {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        if limit.rlim_cur < rlim_t(needed) {
            limit.rlim_cur = min(rlim_t(needed), limit.rlim_max)
            _ = setrlimit(resource, &limit)
            guard getrlimit(resource, &limit) == 0 else { return nil }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
