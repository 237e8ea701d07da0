internal import ArgumentParser
internal import VicinityClient

struct SubscribersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribers", abstract: "Look at the durable cursors of named subscribers, or remove one.",
        discussion: """
            EXAMPLES:
              vicinityctl subscribers list
              vicinityctl subscribers remove relay-1
            """,
        subcommands: [List.self, Remove.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List them: how far each has acknowledged, how many events it is behind, whether it is connected.",
            discussion: """
                EXAMPLES:
                  vicinityctl subscribers list
                  vicinityctl subscribers list --json
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "The daemon's answer as it is.")
        var json = false

        func run() throws {
            try global.ask("subscribers.list") { answer throws(ClientFault) in
                Console.standard.say(json ? answer.text : SubscribersText.list(answer))
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a cursor. Its subscriber must not be connected; when it comes again, it begins anew.",
            discussion: """
                EXAMPLES:
                  vicinityctl subscribers remove relay-1
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The subscriber's name.", completion: .subscriberName)
        var name: String

        func run() throws {
            try global.ask("subscribers.remove", [JSONValue.Member("name", .string(name))]) { _ throws(ClientFault) in
                Console.standard.say("removed")
            }
        }
    }
}
