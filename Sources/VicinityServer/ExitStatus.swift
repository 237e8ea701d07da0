/// What the exit status of the daemon says, after sysexits(3) where it has a name for it.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// Stopped in order.
    case stopped = 0
    /// An unknown flag, or a flag without its value (EX_USAGE).
    case usage = 64
    /// A fault of the program (EX_SOFTWARE).
    case software = 70
    /// A directory that cannot be made or written (EX_CANTCREAT).
    case directory = 73
    /// The log cannot be opened, read or written (EX_IOERR).
    case store = 74
    /// Another daemon holds the state directory or a socket (EX_TEMPFAIL).
    case taken = 75
    /// The configuration, or the sockets that systemd passed, are wrong (EX_CONFIG); no restart mends that.
    case configuration = 78

    /// For the manual and `--help`.
    package var meaning: String {
        switch self {
        case .stopped: "stopped in order"
        case .usage: "the command line is wrong"
        case .software: "a fault of the program"
        case .directory: "a directory cannot be made or written"
        case .store: "the log cannot be opened, read or written"
        case .taken: "another daemon is running there"
        case .configuration: "the configuration, or the sockets that systemd passed, are wrong"
        }
    }
}

/// Why the daemon cannot run: a sentence or more for the operator, and the status to exit with.
package struct StartFailure: Error, CustomStringConvertible {
    package let status: ExitStatus
    package let description: String

    package init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
