internal import ArgumentParser
internal import Glibc
internal import VicinityClient

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch what the daemon is doing, on the whole screen.",
        discussion: """
            Health, rates, latencies, queues, rejections, gateways and named subscribers, anew each second. q quits, ? tells all keys. \
            While the daemon is away the screen says so and shows the last numbers, until it is back.

            Where standard output is no terminal, and with --once, it is one picture as text, with every gateway and subscriber: it asks \
            twice, --interval apart, to know how fast things go. NO_COLOR in the environment switches colours off.

            EXAMPLES:
              vicinityctl top
              vicinityctl top --interval 5s
              vicinityctl top --once > ticket.txt
            """)

    /// Milliseconds.
    private static let intervals: ClosedRange<Int64> = 100...3_600_000

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("How often to ask: 100ms to 1h.", valueName: "span"))
    var interval = TimeSpan(milliseconds: 1_000)

    @Flag(help: "One picture as text.")
    var once = false

    func validate() throws {
        guard Self.intervals.contains(interval.milliseconds) else {
            throw ValidationError("--interval is \(interval.milliseconds) ms, must be 100ms to 1h")
        }
    }

    func run() throws {
        try global.conclude { directory throws(ClientFault) in
            let terminal = getenv("TERM").map { String(cString: $0) }
            let options = TopRun.Options(
                socketDirectory: directory, interval: interval.milliseconds, isOnce: once, terminal: terminal)
            let run = TopRun(options, console: .standard)
            try run.run()
        }
    }
}
