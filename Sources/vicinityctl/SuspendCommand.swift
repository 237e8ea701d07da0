internal import ArgumentParser
internal import VicinityClient

extension SubjectsCommand {
    struct Suspend: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Suspend a subject: nobody is alerted about it until it is resumed; who is near it gets a leave.",
            discussion: """
                It belongs to the id: it stays, whatever is put, removed or replaced.

                EXAMPLES:
                  vicinityctl subjects suspend s-9 --reason complaint-4711
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Why; goes into the audit log.", valueName: "text"))
        var reason: String

        @Argument(help: "The subject's id.", completion: .subjectID)
        var id: String

        func run() throws {
            let params = [JSONValue.Member("id", .string(id)), JSONValue.Member("reason", .string(reason))]
            try global.ask("subjects.suspend", params) { _ throws(ClientFault) in Console.standard.say("suspended") }
        }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End an operator's suspension of a subject. One by a dispute ends when its reports are resolved.",
            discussion: """
                EXAMPLES:
                  vicinityctl subjects resume s-9 --reason complaint-4711-settled
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Why; goes into the audit log.", valueName: "text"))
        var reason: String

        @Argument(help: "The subject's id.", completion: .subjectID)
        var id: String

        func run() throws {
            let params = [JSONValue.Member("id", .string(id)), JSONValue.Member("reason", .string(reason))]
            try global.ask("subjects.resume", params) { _ throws(ClientFault) in Console.standard.say("no operator suspends it") }
        }
    }
}
