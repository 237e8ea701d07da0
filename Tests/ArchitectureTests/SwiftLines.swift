/// One line of a Swift file without comments and without what its string literals say.
struct SwiftLine {
    /// From 1.
    var number: Int
    var code: String
}

/// The lines of a Swift file, reduced to code, so that a rule is not broken by a sentence about it.
///
/// Knows line comments, nested block comments, plain and multi-line string literals and escapes in them; what is interpolated
/// counts as text. Raw literals (`#"…"#`) are taken as plain ones, which is right as long as they hold no odd quote.
func swiftLines(_ source: String) -> [SwiftLine] {
    var lines: [SwiftLine] = []
    var comments = 0
    var isInMultiLine = false
    for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        var code = ""
        var rest = line[...]
        var isInLiteral = false
        scan: while let character = rest.first {
            if comments > 0 {
                if rest.hasPrefix("*/") { comments -= 1 } else if rest.hasPrefix("/*") { comments += 1 }
                rest = rest.dropFirst(rest.hasPrefix("*/") || rest.hasPrefix("/*") ? 2 : 1)
            } else if isInMultiLine || isInLiteral {
                if character == "\\" {
                    rest = rest.dropFirst(2)
                } else if isInMultiLine, rest.hasPrefix("\"\"\"") {
                    isInMultiLine = false
                    rest = rest.dropFirst(3)
                } else {
                    if !isInMultiLine, character == "\"" { isInLiteral = false }
                    rest = rest.dropFirst()
                }
            } else if rest.hasPrefix("//") {
                break scan
            } else if rest.hasPrefix("/*") {
                comments = 1
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("\"\"\"") {
                isInMultiLine = true
                rest = rest.dropFirst(3)
            } else if character == "\"" {
                isInLiteral = true
                code.append("\"")
                rest = rest.dropFirst()
            } else {
                code.append(character)
                rest = rest.dropFirst()
            }
        }
        lines.append(SwiftLine(number: index + 1, code: code))
    }
    return lines
}

/// The modules that a file imports, each with its line.
func imports(in source: String) -> [(module: String, line: Int)] {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    return swiftLines(source).compactMap { line in
        let words = line.code.split(whereSeparator: { $0 == " " || $0 == ";" })
        guard let place = words.firstIndex(of: "import"), words[..<place].allSatisfy({ isModifier($0) }) else { return nil }
        var names = words[(place + 1)...]
        if let first = names.first, kinds.contains(first) { names = names.dropFirst() }
        guard let name = names.first else { return nil }
        return (String(name.prefix { $0 != "." }), line.number)
    }
}

private func isModifier(_ word: Substring) -> Bool {
    word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
}
