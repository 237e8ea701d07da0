internal import Glibc
import Logging

/// File descriptors: how many the process may have, and what they are for.
enum Descriptors {
    /// The log, its WAL and readers, the lock, the listening sockets, the loops' own, and what libraries open for a moment.
    private static let own = 64
    /// Operators' connections, beside those of gateways and relays.
    static let operators = 64

    /// How many there must be for so many connections.
    static func needed(connections: Int, operators: Int) -> Int {
        // A connection has two: see `Connection`.
        own + 2 * (connections + operators)
    }

    /// Raises the process's limit as far as the system lets it, if that is needed.
    ///
    /// - Returns: how many connections there may be: what was wanted, or fewer where the limit is too low, so that the log always finds a
    ///   descriptor.
    static func places(for wanted: Int, logger: Logger) -> (connections: Int, operators: Int) {
        let needed = needed(connections: wanted, operators: operators)
        guard let limit = raise(to: needed), limit < needed else { return (wanted, operators) }
        let possible = max(4, (limit - own) / 2)
        let forOperators = min(operators, max(2, possible / 4))
        let connections = min(wanted, possible - forOperators)
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
