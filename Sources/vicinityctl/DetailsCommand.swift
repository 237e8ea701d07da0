internal import ArgumentParser
internal import VicinityClient

struct DetailsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "details", abstract: "Show what a user may know of a subject that is near.",
        discussion: """
            Only fields that privacy.disclose names, only if the user is or was just now inside, and only so often. It is written
            down with the purpose, whatever the answer is.

            EXAMPLES:
              vicinityctl details u-17 s-9 --purpose alert-tapped
              vicinityctl details u-17 s-9 --purpose support-4711 --json
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Why it is asked for; goes into the audit log.", valueName: "text"))
    var purpose: String

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    @Argument(help: "The user's id.")
    var user: String

    @Argument(help: "The subject's id.", completion: .subjectID)
    var subject: String

    func run() throws {
        let params = [("user", user), ("subject", subject), ("purpose", purpose)].map { JSONValue.Member($0, .string($1)) }
        try global.ask("details", params) { answer throws(ClientFault) in
            Console.standard.say(json ? answer.text : ReportText.details(answer))
        }
    }
}
