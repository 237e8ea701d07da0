internal import ArgumentParser
internal import VicinityClient

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show events as they happen.",
        discussion: """
            From now on, or from --after on. When the daemon is restarted, it goes on where it was. Ctrl-C ends it.

            With --name the daemon keeps a durable cursor: what was shown is acknowledged, and the next watch of that name goes on \
            there.

            EXAMPLES:
              vicinityctl watch
              vicinityctl watch --after 0 --type enter --type leave --kind toll
              vicinityctl watch --user u-17 --json | jq .subject
              vicinityctl watch --name relay-1 --count 100
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Begin after this seq; 0 is everything that the daemon still has.", valueName: "seq"))
    var after: Int64?

    @Option(
        help: ArgumentHelp("Only events of this type: enter, leave, report or following. May be repeated.", valueName: "type"),
        completion: .list(["enter", "leave", "report", "following"]))
    var type: [String] = []

    @Option(help: ArgumentHelp("Only events of subjects of this kind. May be repeated.", valueName: "kind"))
    var kind: [String] = []

    @Option(help: ArgumentHelp("Only events of this user. May be repeated.", valueName: "id"))
    var user: [String] = []

    @Option(help: ArgumentHelp("Subscribe under this name, with a durable cursor.", valueName: "name"), completion: .subscriberName)
    var name: String?

    @Flag(help: "First the pairs that are inside now.")
    var snapshot = false

    @Option(help: ArgumentHelp("Stop after so many events.", valueName: "n"))
    var count: Int?

    @Flag(help: "The events as they are, one JSON object a line.")
    var json = false

    @Option(help: ArgumentHelp("How long to go on trying when the connection is cut.", valueName: "span"))
    var retry = TimeSpan(milliseconds: 30_000)

    func validate() throws {
        if let after, after < 0 { throw ValidationError("--after is \(after), must be 0 or more") }
        if let count, count < 0 { throw ValidationError("--count is \(count), must be 0 or more") }
        if snapshot, after != nil { throw ValidationError("--snapshot begins at the present, so --after has no meaning with it") }
    }

    func run() throws {
        try global.conclude { directory throws(ClientFault) in
            let subscription = Subscription(
                after: after, name: name, filters: Subscription.Filters(types: type, kinds: kind, users: user), wantsSnapshot: snapshot)
            let options = WatchRun.Options(socketDirectory: directory, showsJSON: json, count: count, retry: retry.milliseconds)
            let run = WatchRun(options, subscription, console: .standard, interrupts: Signals.interrupts())
            try run.run()
        }
    }
}
