// What every command takes, and how every command ends.

internal import ArgumentParser
internal import Glibc
internal import VicinityClient

struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The directory of the daemon's sockets (default: $VICINITY_SOCKET_DIR, or /run/vicinity).", valueName: "dir"),
        completion: .directory)
    var socketDir: String?

    /// The flag, or the environment, or where systemd puts them.
    var socketDirectory: String { socketDir ?? Self.defaultSocketDirectory }

    /// Where the sockets are if nobody says otherwise.
    static var defaultSocketDirectory: String {
        let variable = getenv("VICINITY_SOCKET_DIR").map { String(cString: $0) } ?? ""
        return variable.isEmpty ? "/run/vicinity" : variable
    }

    /// Runs the body of a command. A fault is told on standard error and becomes the exit status.
    func conclude(_ body: (_ socketDirectory: String) throws(ClientFault) -> Void) throws {
        let directory = socketDirectory
        try Conclusion.of { () throws(ClientFault) in try body(directory) }
    }

    /// One request to the daemon, and what becomes of its answer.
    func ask(
        _ method: String, _ params: [JSONValue.Member] = [], then use: (JSONValue) throws(ClientFault) -> Void
    ) throws {
        try conclude { directory throws(ClientFault) in
            var control = try ControlClient(socketDirectory: directory)
            try use(try control.call(method, params))
        }
    }
}

extension GlobalOptions {
    /// Prints a listing page by page; where its lines go to no terminal, how far it has come is shown beside it.
    ///
    /// - Parameters:
    ///   - method: such as `subjects.list`.
    ///   - unit: what is listed, as the answer names it.
    ///   - line: one of them as a line, without its end.
    func list(
        _ method: String, of unit: String, params: [JSONValue.Member] = [], after: JSONValue? = nil, limit: Int64?,
        line: (JSONValue) -> String
    ) throws {
        try conclude { directory throws(ClientFault) in
            let console = Console.standard
            var control = try ControlClient(socketDirectory: directory)
            var pages = Pages(method, of: unit, params: params, after: after, limit: limit, on: console.isRead ? nil : console)
            defer { pages.end() }
            while let found = try pages.next(&control) { console.say(Array(found.map { line($0) + "\n" }.joined().utf8)) }
        }
    }
}

/// How a command that may fault ends.
enum Conclusion {
    /// Runs the body. A fault is told on standard error and becomes the exit status.
    static func of(_ body: () throws(ClientFault) -> Void) throws {
        do {
            try body()
        } catch {
            Console.standard.complain("vicinityctl: \(error)")
            throw ExitCode(error.exitStatus.rawValue)
        }
    }
}

extension TimeSpan: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }

    package var defaultValueDescription: String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
