internal import ArgumentParser
internal import VicinityClient

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report something of a subject for a user who is near.",
        discussion: """
            The kind is one of reports.kinds. One of reports.suspend_on may suspend the subject until its reports are resolved.

            EXAMPLES:
              vicinityctl report u-17 s-9 --kind dispute --text gone-since-May
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "What kind of report it is.")
    var kind: String

    @Option(help: "What the user says.")
    var text: String

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    @Argument(help: "The user's id.")
    var user: String

    @Argument(help: "The subject's id.", completion: .subjectID)
    var subject: String

    func run() throws {
        let params = [("user", user), ("subject", subject), ("kind", kind), ("text", text)].map { JSONValue.Member($0, .string($1)) }
        try global.ask("reports.create", params) { answer throws(ClientFault) in
            Console.standard.say(json ? answer.text : "report \(answer["report"]?.integer ?? 0)")
        }
    }
}

struct ReportsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reports", abstract: "Read what users have reported, and decide on it.",
        discussion: """
            EXAMPLES:
              vicinityctl reports list --state open
              vicinityctl reports resolve 17 --outcome kept --note looked-at-it
            """,
        subcommands: [List.self, Resolve.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List reports, oldest first.",
            discussion: """
                EXAMPLES:
                  vicinityctl reports list
                  vicinityctl reports list --state open --limit 20
                  vicinityctl reports list --after 1200 --json
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only those that are open, or resolved.", valueName: "state"))
        var state: State?

        @Option(help: ArgumentHelp("Only reports after this number.", valueName: "report"))
        var after: Int64 = 0

        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit: Int64?

        @Flag(help: "One JSON object a line.")
        var json = false

        enum State: String, CaseIterable, ExpressibleByArgument {
            case open
            case resolved
        }

        func validate() throws {
            if after < 0 { throw ValidationError("--after is \(after), must be 0 or more") }
            if let limit, limit < 1 { throw ValidationError("--limit is \(limit), must be 1 or more") }
        }

        func run() throws {
            let text = ReportText()
            let params = state.map { [JSONValue.Member("state", .string($0.rawValue))] } ?? []
            try global.list("reports.list", of: "reports", params: params, after: .number(after), limit: limit) {
                json ? $0.text : text.line($0)
            }
        }
    }

    struct Resolve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide on a report. The last open dispute of a subject that is resolved brings it back.",
            discussion: """
                The outcome is a word of yours, such as kept or corrected; removed takes the subject out of the register, too.

                EXAMPLES:
                  vicinityctl reports resolve 17 --outcome kept
                  vicinityctl reports resolve 18 --outcome removed --note closed-in-May
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("What was decided.", valueName: "word"), completion: .list(["kept", "corrected", "removed"]))
        var outcome: String

        @Option(help: ArgumentHelp("Why; kept with the report.", valueName: "text"))
        var note: String?

        @Argument(help: ArgumentHelp("The report's number.", valueName: "report"))
        var number: Int64

        func run() throws {
            var params = [JSONValue.Member("report", .number(number)), JSONValue.Member("outcome", .string(outcome))]
            if let note { params.append(JSONValue.Member("note", .string(note))) }
            try global.ask("reports.resolve", params) { _ throws(ClientFault) in Console.standard.say("resolved") }
        }
    }
}
