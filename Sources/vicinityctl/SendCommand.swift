internal import ArgumentParser
internal import VicinityClient

/// "60x", "60", "0.5x".
struct Speed: ExpressibleByArgument {
    let factor: Double

    init?(argument: String) {
        let number = argument.hasSuffix("x") ? argument.dropLast() : argument[...]
        guard let factor = Double(number), factor > 0, factor.isFinite else { return nil }
        self.factor = factor
    }
}

struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send fixes from files, as a gateway does.",
        discussion: """
            The files, NDJSON, plain or gzip, are one stream in the given order. Every line is kept until the daemon has acknowledged it, \
            and is sent again after a cut: nothing is lost, and what comes twice is ignored by the daemon if it has a ts. The exit status \
            is 1 if a line was refused; the summary says which and why.

            With --speed, lines are sent when they are due by their ts; gaps in the recording are gaps in the replay. With --now, all ts \
            are shifted by one span so that the first is the present. With both, each ts becomes the moment at which the line is due.

            EXAMPLES:
              vicinityctl send track.ndjson
              vicinityctl send monday.ndjson.gz tuesday.ndjson.gz --speed 60x
              vicinityctl send --speed 1x --now track.ndjson
              tail -f gateway.ndjson | vicinityctl send -
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("How fast to replay, by the lines' ts (default: as fast as possible).", valueName: "60x"))
    var speed: Speed?

    @Flag(help: "Shift the times to the present.")
    var now = false

    @Option(help: ArgumentHelp("How long to go on trying when the connection is cut.", valueName: "span"))
    var retry = TimeSpan(milliseconds: 30_000)

    @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file"), completion: .file())
    var files: [String]

    func run() throws {
        try global.conclude { directory throws(ClientFault) in
            let options = SendRun.Options(
                socketDirectory: directory, paths: files, speed: speed?.factor, shiftsToNow: now, retry: retry.milliseconds)
            let run = try SendRun(options, console: .standard, interrupts: Signals.interrupts())
            try run.run()
        }
    }
}
