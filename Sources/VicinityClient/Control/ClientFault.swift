// Everything that ends a command, with the sentence for the operator and the exit status for the script.

package enum ClientFault: Error, Equatable, Sendable {
    /// Nobody listens, or nobody may.
    case unreachable(socket: String, why: String)
    /// The conversation ended before its end, or is none that the contract knows.
    case lost(socket: String, why: String)
    /// The daemon said no to a method of `control.sock`.
    case rpc(method: String, RPCError)
    /// The daemon said no otherwise, or what was asked for did not come about.
    case refused(String)
    /// What was read is not what it should be; the records have been named already.
    case badData(String)
    case input(InputFault)
    /// The configuration of a rehearsal is wrong: all mistakes, a line each.
    case configuration(String)
    /// SIGINT or SIGTERM.
    case interrupted(String)

    package var exitStatus: CommandStatus {
        switch self {
        case .rpc, .refused: .refused
        case .unreachable, .lost: .unreachable
        case .badData: .badData
        case .input: .noInput
        case .configuration: .configuration
        case .interrupted: .interrupted
        }
    }
}

/// The exit statuses of `vicinityctl`, a part of its interface.
package enum CommandStatus: Int32, CaseIterable, Sendable {
    case success = 0
    case refused = 1
    case unreachable = 2
    case usage = 64
    case badData = 65
    case noInput = 66
    case configuration = 78
    case interrupted = 130

    /// For the manual and `--help`.
    package var meaning: String {
        switch self {
        case .success: "all went well"
        case .refused: "something was refused, the daemon is degraded (status), or there is something to say (privacy check)"
        case .unreachable: "the daemon cannot be reached, or the connection was lost"
        case .usage: "the command line is wrong"
        case .badData: "the input has bad records; nothing of it was imported or simulated"
        case .noInput: "the input cannot be read"
        case .configuration: "the configuration is wrong (simulate, privacy check)"
        case .interrupted: "interrupted by a signal"
        }
    }
}

/// An error answer of JSON-RPC.
package struct RPCError: Error, Equatable, Sendable {
    package let code: Int64
    package let message: String
    package let data: JSONValue?

    package init(code: Int64, message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// The daemon's own word for it: `unknown_subject`, `bad_value` …
    package var word: String? { data?["code"]?.string }
}

extension ClientFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let socket, let why): "cannot connect to \(socket): \(why). \(Self.advice(why))"
        case .lost(let socket, let why): "lost \(socket): \(why). See `journalctl -u vicinityd`"
        case .rpc(let method, let error): Self.sentence(method, error)
        case .refused(let why), .badData(let why), .interrupted(let why): why
        case .configuration(let mistakes): "the configuration is wrong:\n\(mistakes)"
        case .input(let fault): fault.description
        }
    }

    private static func advice(_ why: String) -> String {
        switch why {
        case "permission denied": "Are you in a group that may use it? See `access` in vicinityd.yaml"
        case _ where why.hasPrefix("its queue of clients is full"): "It may be starting, or hang. See `systemctl status vicinityd`"
        default: "Is the daemon running? Try `systemctl status vicinityd`, or --socket-dir"
        }
    }

    private static func sentence(_ method: String, _ error: RPCError) -> String {
        if error.word == "forbidden" || error.code == -32001 {
            return "\(method) is forbidden to you: \(error.message). Roles are given by `access.control` in vicinityd.yaml"
        }
        var text = "the daemon refused \(method): \(error.message)"
        let word = [error.word, error.data?["at"].map { "at \($0.string ?? $0.text)" }].compactMap { $0 }
        if !word.isEmpty { text += " (\(word.joined(separator: " ")))" }
        // What a reload finds wrong is a list, one sentence each.
        for member in error.data?.members ?? [] {
            for reason in member.value.array ?? [] { text += "\n  \(reason.string ?? reason.text)" }
        }
        return text
    }
}
