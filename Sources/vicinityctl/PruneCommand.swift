internal import ArgumentParser
internal import VicinityClient

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove old events from the running daemon's log.",
        discussion: """
            Without --before, what the configuration lets go is removed now. Events that are gone are gone for every subscriber; one that comes \
            for them is told of the gap.

            EXAMPLES:
              vicinityctl log prune
              vicinityctl log prune --before 20
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Remove the events before this seq.", valueName: "seq"))
    var before: Int64?

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    func validate() throws {
        if let before, before < 1 { throw ValidationError("--before must be 1 or more") }
    }

    func run() throws {
        let params = before.map { [JSONValue.Member("before_seq", .number("\($0)"))] } ?? []
        try global.ask("log.prune", params) { answer throws(ClientFault) in
            let removed = answer["removed"]?.integer ?? 0
            let oldest = answer["oldest"]?.integer ?? 0
            Console.standard.say(json ? answer.text : "\(counted(removed, "event")) removed, the oldest is #\(oldest) now")
        }
    }
}
