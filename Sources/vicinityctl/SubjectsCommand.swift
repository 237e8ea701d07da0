internal import ArgumentParser
internal import VicinityClient

struct SubjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subjects", abstract: "Look at the register, and change it.",
        discussion: """
            EXAMPLES:
              vicinityctl subjects import stops.csv
              vicinityctl subjects list --kind toll
              vicinityctl subjects get s-9
              vicinityctl subjects suspend s-9 --reason complaint-4711
              vicinityctl subjects remove s-9
            """,
        subcommands: [Import.self, Replace.self, List.self, Get.self, Remove.self, Suspend.self, Resume.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the register, by id.",
            discussion: """
                EXAMPLES:
                  vicinityctl subjects list --limit 20
                  vicinityctl subjects list --kind bus_stop --json > stops.ndjson
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: "Only subjects of this kind.")
        var kind: String?

        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit: Int64?

        @Flag(help: "One JSON object a line, as `subjects import` reads it.")
        var json = false

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit is \(limit), must be 1 or more") }
        }

        func run() throws {
            let params = kind.map { [JSONValue.Member("kind", .string($0))] } ?? []
            try global.list("subjects.list", of: "subjects", params: params, limit: limit) { json ? $0.text : SubjectText.line($0) }
        }
    }

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one subject as it was put.",
            discussion: """
                EXAMPLES:
                  vicinityctl subjects get stop-66
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "The daemon's answer as it is.")
        var json = false

        @Argument(help: "The subject's id.", completion: .subjectID)
        var id: String

        func run() throws {
            try global.ask("subjects.get", [JSONValue.Member("id", .string(id))]) { answer throws(ClientFault) in
                Console.standard.say(json ? answer.text : SubjectText.record(answer))
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove subjects from the register; who is near them gets a leave.",
            discussion: """
                The exit status is 1 if one of them was not there.

                EXAMPLES:
                  vicinityctl subjects remove stop-66 stop-252
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: ArgumentHelp("The subjects' ids.", valueName: "id"), completion: .subjectID)
        var ids: [String]

        func run() throws {
            let params = [JSONValue.Member("ids", .array(ids.map { .string($0) }))]
            try global.ask("subjects.remove", params) { answer throws(ClientFault) in
                let removed = answer["removed"]?.integer ?? 0
                Console.standard.say("\(counted(removed, "subject")) removed")
                let missing = Int64(Set(ids).count) - removed
                if missing > 0 { throw .refused("\(counted(missing, "id")) not in the register") }
            }
        }
    }
}
