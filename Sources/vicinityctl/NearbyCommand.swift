internal import ArgumentParser
internal import VicinityClient

struct NearbyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nearby", abstract: "List what is inside a user's halo now, as the user may see it.",
        discussion: """
            EXAMPLES:
              vicinityctl nearby u-17
              vicinityctl nearby u-17 --json
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    @Argument(help: "The user's id.")
    var user: String

    func run() throws {
        try global.ask("nearby", [JSONValue.Member("user", .string(user))]) { answer throws(ClientFault) in
            Console.standard.say(json ? answer.text : NearbyText.list(answer))
        }
    }
}
