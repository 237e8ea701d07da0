internal import ArgumentParser
internal import VicinityClient

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what the daemon is doing.",
        discussion: """
            The exit status is 0 if all is well, 1 if the daemon is degraded, 2 if it cannot be reached.

            EXAMPLES:
              vicinityctl status
              vicinityctl status --json | jq .events.head
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    func run() throws {
        try global.ask("status") { answer throws(ClientFault) in
            let status = StatusText(answer)
            Console.standard.say(json ? answer.text : status.text(isColoured: Console.standard.hasColours))
            if status.isDegraded { throw .refused("the daemon is degraded") }
        }
    }
}
