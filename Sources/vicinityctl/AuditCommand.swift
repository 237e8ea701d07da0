internal import ArgumentParser
internal import VicinityClient

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read the audit log: who asked for what about whom.",
        discussion: """
            EXAMPLES:
              vicinityctl audit list
              vicinityctl audit verify
            """,
        subcommands: [List.self, Verify.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the entries, oldest first. Users appear as keyed hashes only.",
            discussion: """
                EXAMPLES:
                  vicinityctl audit list
                  vicinityctl audit list --after 1200 --limit 50
                  vicinityctl audit list --json
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only entries after this number.", valueName: "entry"))
        var after: Int64 = 0

        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit: Int64?

        @Flag(help: "One JSON object a line.")
        var json = false

        func validate() throws {
            if after < 0 { throw ValidationError("--after is \(after), must be 0 or more") }
            if let limit, limit < 1 { throw ValidationError("--limit is \(limit), must be 1 or more") }
        }

        func run() throws {
            let text = AuditText()
            try global.list("audit.list", of: "entries", after: .number(after), limit: limit) { json ? $0.text : text.line($0) }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold every entry against the chain: nothing was edited, removed or moved.",
            discussion: """
                Exits with 65 if the log is not what was written, and says from which entry on.

                EXAMPLES:
                  vicinityctl audit verify
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "The daemon's answer as it is.")
        var json = false

        func run() throws {
            var isIntact = true
            try global.ask("audit.verify") { answer throws(ClientFault) in
                isIntact = answer["intact"]?.bool == true
                Console.standard.say(json ? answer.text : AuditText.verdict(answer))
            }
            if !isIntact { throw ExitCode(65) }
        }
    }
}
