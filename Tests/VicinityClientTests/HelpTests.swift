import ArgumentParser
import Testing
import VicinityClient
import vicinityctl

@Suite struct HelpTests {
    /// Every command, with its words from the program's name on.
    private static let commands = walk(Vicinityctl.self, words: ["vicinityctl"])

    private static func walk(_ command: any ParsableCommand.Type, words: [String]) -> [(words: [String], command: any ParsableCommand.Type)]
    {
        let inner = command.configuration.subcommands.flatMap { sub in
            walk(sub, words: words + [sub.configuration.commandName ?? String(describing: sub).lowercased()])
        }
        return [(words, command)] + inner
    }

    @Test func everyCommandIsThere() {
        #expect(
            Self.commands.map { $0.words.dropFirst().joined(separator: " ") } == [
                "", "status", "top", "map", "metrics", "watch", "send", "subjects", "subjects import", "subjects replace", "subjects list",
                "subjects get",
                "subjects remove", "subjects suspend", "subjects resume", "users",
                "users get", "users forget", "nearby", "details", "report", "reports", "reports list", "reports resolve", "explain",
                "subscribers",
                "subscribers list", "subscribers remove", "audit",
                "audit list", "audit verify", "privacy", "privacy check", "privacy rotate-key", "config", "config get", "config reload",
                "log",
                "log dump",
                "log verify", "log prune", "backup", "doctor", "simulate",
            ])
    }

    @Test func helpIsAsWritten() throws {
        for (words, command) in Self.commands {
            try Fixture.expect(
                Vicinityctl.helpMessage(for: command, columns: 120) + "\n", equals: "help/\(words.joined(separator: "-")).txt")
        }
    }

    /// Every command has examples, and the parser takes each of them.
    @Test func examplesParse() throws {
        for (words, command) in Self.commands {
            let discussion = command.configuration.discussion
            let examples = discussion.split(separator: "\n").filter { $0.contains("vicinityctl ") && $0.hasPrefix("  ") }
            #expect(!examples.isEmpty, "\(words.joined(separator: " ")) has no example")
            for example in examples {
                let pieces = example.split { $0 == "|" || $0 == ">" }.map { $0.split(separator: " ").map(String.init) }
                let arguments = try #require(pieces.first { $0.first == "vicinityctl" })
                #expect(throws: Never.self, "\(example)") { try Vicinityctl.parseAsRoot(Array(arguments.dropFirst())) }
            }
        }
    }

    /// A lone stroke is a file, and a list of files ends at the next option.
    @Test(arguments: [
        ["--register", "-", "--fixes", "a", "b"], ["--register", "r", "--fixes", "-", "--set", "halo.radius=3", "--set", "a=b"],
        ["--fixes", "a", "-", "--explain", "u/s/t", "--register", "r"],
    ])
    func simulateTakesFiles(arguments: [String]) {
        #expect(throws: Never.self) { try Vicinityctl.parseAsRoot(["simulate"] + arguments) }
    }

    @Test(arguments: [
        ["watch", "--after", "-1"], ["watch", "--after", "x"], ["watch", "--snapshot", "--after", "1"], ["send"],
        ["send", "x", "--speed", "0"],
        ["send", "x", "--speed", "fast"], ["send", "x", "--retry", "soon"], ["subjects", "import"],
        ["subjects", "import", "--format", "xml", "x"], ["subjects", "list", "--limit", "0"], ["simulate"],
        ["simulate", "--register", "r.csv"], ["simulate", "--register", "-", "--fixes", "-"],
        ["simulate", "--register", "r", "--fixes", "-", "-"],
        ["simulate", "--register", "r", "--fixes"], ["simulate", "--register", "r", "--fixes", "f", "--explain", "a/"], ["nonsense"],
        ["status", "--nonsense"], ["top", "--interval", "0"], ["top", "--interval", "2h"],
        ["map", "--at", "91,0"], ["map", "--at", "39.9"], ["map", "--at", "x,y"], ["map", "--width", "0"], ["map", "--width", "10mi"],
        ["map", "--json", "--user", "u"], ["map", "--svg", "-", "--geojson", "-"],
        ["subjects", "suspend", "s"], ["details", "u", "s"], ["details", "u", "--purpose", "p"], ["report", "u", "s", "--kind", "tip"],
        ["reports", "list", "--state", "closed"], ["reports", "list", "--limit", "0"], ["reports", "resolve", "x", "--outcome", "kept"],
        ["reports", "resolve", "1"],
    ])
    func wrongUsageExitsWith64(arguments: [String]) {
        do {
            _ = try Vicinityctl.parseAsRoot(arguments)
            Issue.record("was taken")
        } catch {
            #expect(Vicinityctl.exitCode(for: error).rawValue == CommandStatus.usage.rawValue)
        }
    }
}
