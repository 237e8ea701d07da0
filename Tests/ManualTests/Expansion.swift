import VicinityClient
import VicinityConfiguration
import VicinityServer

/// Puts what the programs say of themselves in the place of a page's directives.
struct Expansion {
    let daemon: CommandDump
    let tool: CommandDump

    struct Mistake: Error, CustomStringConvertible { let description: String }

    init() throws {
        daemon = try CommandDump(of: "vicinityd")
        tool = try CommandDump(of: "vicinityctl")
    }

    func expand(_ blocks: [Block]) throws(Mistake) -> [Block] {
        var expanded: [Block] = []
        for block in blocks {
            switch block {
            case .directive(let words, let body): expanded += try replacement(words, try expand(body))
            case .term(let labels, let body): expanded.append(.term(labels, try expand(body)))
            case .section, .subsection, .paragraph, .code, .bullet: expanded.append(block)
            }
        }
        return expanded
    }

    /// - Parameter body: what was written beneath, which comes after what the programs say.
    private func replacement(_ words: [String], _ body: [Block]) throws(Mistake) -> [Block] {
        let unknown = Mistake(description: "<!-- \(words.joined(separator: " ")) --> means nothing")
        guard words.count > 1 else { throw unknown }
        switch words[0] {
        case "synopsis" where words[1] == "vicinityd":
            return [.paragraph(CommandBlocks.synopsis(["vicinityd"], (daemon.arguments ?? []).filter { $0.names?.last?.name != "help" }))]
        case "options" where words[1] == "vicinityd": return CommandBlocks.options(daemon.arguments ?? [])
        case "options" where words[1] == "vicinityctl":
            let shared = tool.leaves.lazy.compactMap { $0.command.argument("socket-dir") }.prefix(1)
            return CommandBlocks.options(Array(shared) + (tool.arguments ?? []))
        case "command":
            let leaves = tool.leaves.filter { $0.words.dropFirst().starts(with: words.dropFirst()) }
            guard !leaves.isEmpty else { throw unknown }
            return leaves.map { CommandBlocks.command($0.words, $0.command) } + body
        case "key":
            guard let key = ConfigurationKey.byPath[words[1]] else { throw unknown }
            return [SettingBlocks.setting(key, body)]
        case "status" where words.count == 3:
            let meanings =
                words[1] == "vicinityd"
                ? ExitStatus.allCases.map { ($0.rawValue, $0.meaning) } : CommandStatus.allCases.map { ($0.rawValue, $0.meaning) }
            guard let meaning = meanings.first(where: { "\($0.0)" == words[2] })?.1 else { throw unknown }
            let sentence = meaning.prefix(1).uppercased() + meaning.dropFirst() + "."
            return [.term(["`\(words[2])`"], [.paragraph(sentence)] + body)]
        default: throw unknown
        }
    }
}
