import ArgumentParser
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals
import VicinityConfiguration
import VicinityServer
import VicinitySystem

/// The daemon's command line: it gathers what the daemon stands on, and says why if that cannot be had.
@main
struct Vicinityd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vicinityd",
        abstract: "Event-driven proximity alerts.",
        discussion: """
            Gateways push fixes into ingest.sock, relays read alerts from events.sock, operators use control.sock through vicinityctl. Under
            systemd the sockets and directories come from the units; by hand, name the directories.

            Settings come from the file, each of them can be set by a variable too: VICINITY_HALO_RADIUS=300 is halo.radius.

            EXAMPLES:
              vicinityd --state-dir ./state --runtime-dir ./run
              vicinityd --check-config --config vicinityd.yaml
              VICINITY_HALO_RADIUS=300 vicinityd --check-config

            EXIT STATUS:
            \(ExitStatus.allCases.map { "  \($0.rawValue)\($0.rawValue < 10 ? "    " : "   ")\($0.meaning)" }.joined(separator: "\n"))
            """,
        version: Version.current)

    @Option(
        help: ArgumentHelp("Read the settings from FILE instead of vicinityd.yaml in the configuration directory.", valueName: "FILE"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: ArgumentHelp("Keep the log in DIR; it is made if it is missing.", valueName: "DIR"), completion: .directory)
    var stateDir: String?

    @Option(help: ArgumentHelp("Bind the sockets in DIR; it is made if it is missing.", valueName: "DIR"), completion: .directory)
    var runtimeDir: String?

    @Flag(help: "Print the settings that would apply, each with where it comes from, and exit.")
    var checkConfig = false

    /// As the library's own, but that a command line which is wrong is told to the journal like everything else that hinders a start.
    static func main() async {
        do {
            let command = try parseAsRoot()
            guard let daemon = command as? Vicinityd else {
                var command = command
                return try command.run()
            }
            try await daemon.run()
        } catch {
            let output = LogOutput(standardErrorIn: environment)
            guard exitCode(for: error) == .validationFailure, output.style == .journal else { exit(withError: error) }
            end(StartFailure(.usage, fullMessage(for: error)), output)
        }
    }

    func run() async throws {
        let environment = Self.environment
        let path = config ?? Directory(.configuration, flag: nil, environment: environment).path + "/vicinityd.yaml"
        let isRequired = config != nil
        let load = { @Sendable () in Configuration.load(path: path, isRequired: isRequired, environment: Self.environment) }
        let output = LogOutput(standardErrorIn: environment)
        LoggingSystem.bootstrap { _ in LineLogHandler(output: output) }
        let effective: EffectiveConfiguration
        switch load() {
        case .success(let loaded): effective = loaded
        case .failure(let errors): Self.end(StartFailure(.configuration, "\(errors)"), output)
        }
        output.level = Logger.Level(effective.values.logLevel)
        if checkConfig {
            for warning in effective.warnings { Self.complain(warning) }
            print(effective.checkText, terminator: "")
            return
        }
        do {
            try await Self.serve(effective, stateDir, runtimeDir, environment: environment, output: output, load: load)
            output.finish()
        } catch let failure as StartFailure {
            Self.end(failure, output)
        } catch {
            Self.end(StartFailure(.software, "\(error)"), output)
        }
    }

    private static func serve(
        _ effective: EffectiveConfiguration, _ stateDirectory: String?, _ runtimeDirectory: String?, environment: [String: String],
        output: LogOutput, load: @escaping @Sendable () -> Result<EffectiveConfiguration, ConfigurationErrors>
    ) async throws {
        // Kept from the first moment: a reload that is asked for during recovery happens after it.
        let reloads = await UnixSignalsSequence(trapping: .sighup)
        ProcessSettings.ignoreBrokenPipes()
        ProcessSettings.raiseOpenFileLimit()
        let logger = Logger(label: "vicinityd")
        // Before anything is read that says where somebody is. The unit does the same; this is for a daemon that is started by hand.
        if !ProcessSettings.forbidCoreDumps() { logger.report(.coreDumpsPossible) }
        let premises = try Premises(stateDirectory: stateDirectory, runtimeDirectory: runtimeDirectory, environment: environment)
        let daemon = Daemon(premises, effective, output: output, logger: logger, reloads: reloads, load: load)
        // The group's own lines tell of its services; ours tell what an operator wants to know.
        var quiet = Logger(label: "lifecycle")
        quiet.logLevel = .critical
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: daemon, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        ).run()
    }

    private static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") { variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...]) }
            entry += 1
        }
        return variables
    }

    private static func complain(_ sentence: String) {
        let text = Array("\(sentence)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
    }

    /// Says why, by hand in the plain words of the contract, and ends.
    private static func end(_ failure: StartFailure, _ output: LogOutput) -> Never {
        switch output.style {
        case .plain: complain("\(failure)")
        case .journal:
            let logger = Logger(label: "vicinityd") { _ in LineLogHandler(output: output) }
            for message in JournalMessage.refusals(failure) { logger.report(message) }
        }
        // Also by hand: what was held back is to be seen.
        output.finish()
        if failure.status == .configuration, environment["NOTIFY_SOCKET"] != nil { waitOutImpatience(failure) }
        Glibc.exit(failure.status.rawValue)
    }

    /// The manager does not restart us with a wrong configuration, but a client that waits in a socket makes it start us again at once: as
    /// fast as the machine can, or, after 20 times within 2 s, never, since then the socket fails and turns everybody away
    /// (`TriggerLimitBurst=` in systemd.socket(5)). So it is done once a second, the client waits, and is served when the mistake is mended.
    private static func waitOutImpatience(_ failure: StartFailure) {
        Notifier().status("not started: \(failure)")
        sleep(1)
    }
}
