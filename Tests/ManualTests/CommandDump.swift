import Foundation

/// A program's command line, as it tells it itself with `--experimental-dump-help`.
struct CommandDump: Decodable {
    let commandName: String
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [CommandDump]?

    struct Argument: Decodable {
        let kind: Kind
        let names: [Name]?
        let valueName: String?
        let isOptional: Bool
        let isRepeating: Bool
        let defaultValue: String?
        let allValues: [String]?
        let abstract: String?
        let shouldDisplay: Bool
        let completionKind: Completion?
    }

    struct Completion: Decodable {
        let list: List?

        struct List: Decodable { let values: [String] }
    }

    enum Kind: String, Decodable {
        case positional
        case option
        case flag
    }

    struct Name: Decodable {
        let kind: String
        let name: String
    }

    /// Asks the program of this name that was built beside the tests.
    init(of program: String) throws {
        struct Answer: Decodable { let command: CommandDump }
        let products = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = products.appending(path: program)
        process.arguments = ["--experimental-dump-help"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        self = try JSONDecoder().decode(Answer.self, from: data).command
    }

    /// The commands that do something, each with its words from the program's name on; without the parser's own `help`.
    var leaves: [(words: [String], command: CommandDump)] { leaves(after: []) }

    private func leaves(after words: [String]) -> [(words: [String], command: CommandDump)] {
        let inner = (subcommands ?? []).filter { $0.commandName != "help" }
        guard !inner.isEmpty else { return [(words + [commandName], self)] }
        return inner.flatMap { $0.leaves(after: words + [commandName]) }
    }

    func argument(_ name: String) -> Argument? { (arguments ?? []).first { ($0.names ?? []).contains { $0.name == name } } }

    /// What is its own: not what every command takes.
    var ownArguments: [Argument] {
        (arguments ?? []).filter { argument in
            argument.shouldDisplay && !(argument.names ?? []).contains { ["socket-dir", "help", "version"].contains($0.name) }
        }
    }
}
