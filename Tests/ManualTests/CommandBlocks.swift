/// What a command line says of itself, as blocks of a page.
enum CommandBlocks {
    /// `vicinityd [--config FILE] …`.
    static func synopsis(_ words: [String], _ arguments: [CommandDump.Argument]) -> String {
        (["`\(words.joined(separator: " "))`"] + arguments.map(usage)).joined(separator: " ")
    }

    private static func usage(_ argument: CommandDump.Argument) -> String {
        var text = argument.kind == .positional ? placeholder(argument) : label(argument, allNames: false)
        if argument.isRepeating { text += "..." }
        return argument.isOptional ? "[\(text)]" : text
    }

    static func options(_ arguments: [CommandDump.Argument]) -> [Block] { arguments.map { .term([label($0, allNames: true)], body($0)) } }

    /// A command that does something, and what it takes.
    static func command(_ words: [String], _ command: CommandDump) -> Block {
        let own = command.ownArguments
        var text = [Block.paragraph(sentence(command.abstract ?? ""))]
        var examples: [Block] = []
        for block in discussion(command.discussion ?? "") {
            if examples.isEmpty, block != .paragraph("Examples:") { text.append(block) } else { examples.append(block) }
        }
        let label = synopsis(Array(words.dropFirst()), own)
        return .term([label], text + options(own.filter { $0.abstract != nil }) + examples)
    }

    private static func label(_ argument: CommandDump.Argument, allNames: Bool) -> String {
        if argument.kind == .positional { return placeholder(argument) }
        // A long name says more than a short one, and comes last, as in --help.
        let names = (argument.names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }
        let shown = (allNames ? names : names.suffix(1)).map { "`\($0)`" }.joined(separator: ", ")
        return argument.kind == .option ? "\(shown) \(placeholder(argument))" : shown
    }

    /// In capitals, unless it is an example of a value.
    private static func placeholder(_ argument: CommandDump.Argument) -> String {
        let name = argument.valueName ?? "value"
        return "*\(name.contains(where: \.isNumber) ? name : name.uppercased())*"
    }

    private static func body(_ argument: CommandDump.Argument) -> [Block] {
        var text = sentence(argument.abstract ?? "")
        if let values = argument.allValues, argument.kind == .option {
            text += " One of " + values.map { "`\($0)`" }.joined(separator: ", ") + "."
        }
        if let value = argument.defaultValue, !value.isEmpty, argument.kind == .option { text += " The default is `\(value)`." }
        return [.paragraph(text)]
    }

    private static func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : "\(text)." }

    // MARK: - The longer help

    /// Paragraphs, and blocks under a heading in capitals: examples as they are, other lists as terms.
    static func discussion(_ text: String) -> [Block] {
        text.split(separator: "\n\n").flatMap { part -> [Block] in
            let lines = part.split(separator: "\n")
            guard let heading = lines.first, heading.hasSuffix(":"), lines.count > 1, lines.dropFirst().allSatisfy({ $0.hasPrefix("  ") })
            else {
                return [.paragraph(lines.joined(separator: " "))]
            }
            let inner = lines.dropFirst().map { $0.dropFirst(2) }
            let isExamples = heading == "EXAMPLES:"
            return [.paragraph(lowercased(heading))] + (isExamples ? [.code(inner.flatMap(folded))] : terms(inner))
        }
    }

    /// `EXIT STATUS:` becomes `Exit status:`.
    private static func lowercased(_ heading: Substring) -> String {
        let words = heading.split(separator: " ").map { $0 == $0.uppercased() ? $0.lowercased() : String($0) }.joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// `label   what it is`; a line that is indented deeper goes on with the one before.
    private static func terms(_ lines: [Substring]) -> [Block] {
        var terms: [(label: Substring, text: String)] = []
        for line in lines {
            if line.hasPrefix(" "), let last = terms.indices.last {
                terms[last].text += " " + line.drop { $0 == " " }
            } else {
                let label = line.prefix { $0 != " " }
                terms.append((label, String(line.dropFirst(label.count).drop { $0 == " " })))
            }
        }
        return terms.map { .term(["`\($0.label)`"], [.paragraph($0.text)]) }
    }

    /// A command that would not fit a line of 80 columns, in two that a shell takes as one.
    private static func folded(_ line: Substring) -> [String] {
        guard line.count > widest else { return [String(line)] }
        let first = line.prefix(widest)
        let places = [" | ", " --"].compactMap { first.ranges(of: $0).last?.lowerBound }.max() ?? first.lastIndex(of: " ")
        guard let place = places, place > line.startIndex else { return [String(line)] }
        return ["\(line[..<place]) \\"] + folded("  " + line[line.index(after: place)...])
    }

    private static let widest = 62
}
