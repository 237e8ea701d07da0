internal import ArgumentParser
internal import VicinityClient

struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Look at one user, or forget one.",
        discussion: """
            EXAMPLES:
              vicinityctl users get u-17
              vicinityctl users forget u-17 --yes
            """,
        subcommands: [Get.self, Forget.self])

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

    struct Forget: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase a user: state, reports' texts, and the id from every event that is kept.",
            discussion: """
                Does it only with --yes, for it cannot be undone. Encounters are closed with a leave; events stay, without the user. When \
                this ends, the id is nowhere in the state directory. Backups and what subscribers have received are not touched.

                EXAMPLES:
                  vicinityctl users forget u-17
                  vicinityctl users forget u-17 --yes
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Forget the user; without it, only say what that would mean.")
        var yes = false

        @Flag(help: "The daemon's answer as it is.")
        var json = false

        @Argument(help: "The user's id.")
        var id: String

        func run() throws {
            guard yes else {
                Console.standard.say("user \(id) would be erased for good, and nothing was done: say so with --yes")
                return
            }
            try global.ask("users.forget", [JSONValue.Member("user", .string(id))]) { answer throws(ClientFault) in
                let events = answer["events"]?.integer ?? 0
                Console.standard.say(json ? answer.text : "forgotten; \(counted(events, "event")) lost the user")
            }
        }
    }
}
