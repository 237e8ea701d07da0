internal import ArgumentParser
internal import VicinityClient

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show why a user is or is not alerted.",
        discussion: """
            What the daemon knows of a user, and what it would decide now: the thresholds, the last fix, the last one that was not accepted,
            what waits for a dwell or a cooldown. With a subject, the pair too. It shows no position.

            EXAMPLES:
              vicinityctl explain u-17
              vicinityctl explain u-17 toll-3
              vicinityctl explain u-17 toll-3 --json
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    @Argument(help: "The user's id.")
    var user: String

    @Argument(help: "The subject's id.", completion: .subjectID)
    var subject: String?

    func run() throws {
        var params = [JSONValue.Member("user", .string(user))]
        if let subject { params.append(JSONValue.Member("subject", .string(subject))) }
        try global.ask("explain", params) { answer throws(ClientFault) in
            Console.standard.say(json ? answer.text : ExplainText.lines(answer))
        }
    }
}
