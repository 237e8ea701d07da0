internal import ArgumentParser
internal import VicinityClient
internal import VicinityRehearsal

struct PrivacyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say in plain words what an outsider could learn.",
        discussion: """
            Reads the daemon's settings and its register, and says what somebody with a spoofed position, a stolen disk or one of the \
            daemon's clients could do with them: the gravest first, each with what helps. What it says of names and fields is a guess. \
            Exits with 0 if there is nothing to say, and with 1 if there is.

            With --config or --register it looks at files instead, and at no daemon; settings that no file gives are the defaults.

            EXAMPLES:
              vicinityctl privacy check
              vicinityctl privacy check --config vicinityd.yaml --register people.csv
              vicinityctl privacy check --json
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("A configuration file to look at, without a daemon.", valueName: "file"), completion: .file())
    var config: String?

    @Option(help: ArgumentHelp("A register to look at, without a daemon; - is standard input.", valueName: "file"), completion: .file())
    var register: String?

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        var isQuiet = true
        try global.conclude { directory throws(ClientFault) in
            let report: PrivacyReport
            if config == nil, register == nil {
                var control = try ControlClient(socketDirectory: directory)
                report = try PrivacyCheckRun.asking(&control, console: .standard)
            } else {
                let settings = try RehearsalSettings.asShown(path: config)
                report = try PrivacyCheckRun.reading(settings: settings, config: config, register: register, console: .standard)
            }
            Console.standard.say(json ? report.json : report.text)
            isQuiet = report.findings.isEmpty
        }
        if !isQuiet { throw ExitCode(CommandStatus.refused.rawValue) }
    }
}
