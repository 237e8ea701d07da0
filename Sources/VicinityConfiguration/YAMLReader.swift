import Yams

/// Text to ``SourceNode``: the only file that knows Yams.
///
/// Yams stops at the first key that is given twice and names its first line, where the contract wants every mistake, each on its own
/// line. So a key that Yams stops at is marked, by characters that the text does not contain, and the text is read again:
/// the tree then has both entries, and the mark is taken off. Each round marks another key; a text with too many is cut short.
enum YAMLReader {
    private static let mostDuplicates = 100

    /// - Returns: the tree; ``SourceNode/Content/empty`` for a text without content.
    static func read(_ text: String) -> Result<SourceNode, SourceMistake> {
        let mark = unusedScalar(in: text)
        var marked = text
        for round in 1...mostDuplicates {
            do {
                // Not the default encoding: Yams takes that from the environment, and prints it. The basic resolver leaves all
                // plain scalars what they are, so that `off` is no truth value and 1e3 no text.
                let node = try Yams.compose(yaml: marked, .basic, .default, .utf8)
                return .success(node.map { sourceNode($0, mark) } ?? SourceNode(line: 1, content: .empty))
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let marks = String(repeating: Character(mark), count: round)
                guard round < mostDuplicates, insert(marks, into: &marked, at: context.mark) else {
                    let name = unmarked(names.first ?? "", mark)
                    return .failure(SourceMistake(line: context.mark.line, path: "yaml", why: "the key \(name) is given twice"))
                }
            } catch {
                return .failure(mistake(from: error))
            }
        }
        return .failure(SourceMistake(line: 1, path: "yaml", why: "too many keys are given twice"))
    }

    private static func sourceNode(_ node: Node, _ mark: Unicode.Scalar) -> SourceNode {
        let line = node.mark?.line ?? 1
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let isEmpty = isPlain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return SourceNode(line: line, content: isEmpty ? .empty : .scalar(scalar.string, isQuoted: !isPlain))
        case .sequence(let sequence):
            return SourceNode(line: line, content: .list(sequence.map { sourceNode($0, mark) }))
        case .mapping(let mapping):
            let entries = mapping.map { key, value in
                SourceNode.Entry(name: name(of: key, mark), line: key.mark?.line ?? line, value: sourceNode(value, mark))
            }
            return SourceNode(line: line, content: .map(entries))
        case .alias:
            // The parser puts the anchored node in its place; an alias is only ever made by hand.
            return SourceNode(line: line, content: .empty)
        }
    }

    private static func name(of key: Node, _ mark: Unicode.Scalar) -> String {
        guard let scalar = key.scalar else { return key.mapping == nil ? "[a list]" : "{a map}" }
        return unmarked(scalar.string, mark)
    }

    // MARK: - Marks

    /// By scalars, not characters: what follows a mark may combine with it.
    private static func unmarked(_ text: String, _ mark: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar != mark { result.append(scalar) }
        return String(result)
    }

    /// A private-use character that the text does not contain. There are 6,400 of them, and a text that contains all has none but the last.
    private static func unusedScalar(in text: String) -> Unicode.Scalar {
        var used: Set<Unicode.Scalar> = []
        for scalar in text.unicodeScalars where ("\u{E000}"..."\u{F8FF}").contains(scalar) { used.insert(scalar) }
        for value in UInt32(0xE000)...0xF8FF {
            if let scalar = Unicode.Scalar(value), !used.contains(scalar) { return scalar }
        }
        return "\u{F8FF}"
    }

    /// Puts `marks` in front of the key at `place`, inside its quotes if it has any.
    ///
    /// - Returns: false if there is no such place.
    private static func insert(_ marks: String, into text: inout String, at place: Mark) -> Bool {
        var scalars = text.unicodeScalars
        var index = scalars.startIndex
        var line = 1
        // YAML's line breaks; \r\n is one of them.
        while line < place.line, index < scalars.endIndex {
            let scalar = scalars[index]
            scalars.formIndex(after: &index)
            if scalar == "\r", index < scalars.endIndex, scalars[index] == "\n" { continue }
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) { line += 1 }
        }
        guard line == place.line, let key = scalars.index(index, offsetBy: place.column - 1, limitedBy: scalars.endIndex),
            key < scalars.endIndex
        else { return false }
        let isQuote = scalars[key] == "\"" || scalars[key] == "'"
        scalars.insert(contentsOf: marks.unicodeScalars, at: isQuote ? scalars.index(after: key) : key)
        text = String(scalars)
        return true
    }

    // MARK: - Errors

    private static func mistake(from error: any Error) -> SourceMistake {
        guard let error = error as? YamlError else { return SourceMistake(line: 1, path: "yaml", why: "\(error)") }
        switch error {
        case .scanner(let context, let problem, let place, _), .parser(let context, let problem, let place, _),
            .composer(let context, let problem, let place, _):
            let within = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            return SourceMistake(line: place.line, path: "yaml", why: problem + within)
        case .reader(let problem, let offset, _, let yaml):
            let line = yaml.prefix(offset ?? 0).count { $0.isNewline } + 1
            return SourceMistake(line: line, path: "yaml", why: problem)
        case .duplicatedKeysInMapping(_, let context):
            return SourceMistake(line: context.mark.line, path: "yaml", why: "a key is given twice")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return SourceMistake(line: 1, path: "yaml", why: "\(error)")
        }
    }
}
