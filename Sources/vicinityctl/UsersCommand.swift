internal import ArgumentParser
internal import VicinityClient

struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Look at one user.",
        discussion: """
            EXAMPLES:
              vicinityctl users get u-17
            """,
        subcommands: [Get.self])

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a user's last time, radius, and what is inside the halo.",
            discussion: """
                EXAMPLES:
                  vicinityctl users get u-17
                  vicinityctl users get u-17 --json
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "The daemon's answer as it is.")
        var json = false

        @Flag(help: "The position too. This is written into the audit log.")
        var position = false

        @Argument(help: "The user's id.")
        var id: String

        func run() throws {
            var params = [JSONValue.Member("user", .string(id))]
            if position { params.append(JSONValue.Member("position", .bool(true))) }
            try global.ask("users.get", params) { answer throws(ClientFault) in
                Console.standard.say(json ? answer.text : SubjectText.record(answer))
            }
        }
    }
}
