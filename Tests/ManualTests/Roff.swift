/// Writes a page in the macros of man(7), as systemd's own pages are written. It is ASCII.
struct Roff {
    private(set) var text: String
    /// Whether nothing has been written since the heading or the indentation, where a paragraph needs no macro to begin.
    private var isFresh = true

    init(_ page: PageSource, version: String) {
        text = """
            .\\" Made by scripts/man from docs/man/\(page.name).\(page.section).md; change that.
            .TH "\(Self.plain(page.name.uppercased()))" "\(page.section)" "\(page.date)" "vicinity \(version)" "\(Self.plain(page.name))"
            .nh
            .ad l

            """
    }

    mutating func write(_ blocks: [Block]) {
        for block in blocks { write(block) }
    }

    private mutating func write(_ block: Block) {
        switch block {
        case .section(let title): heading("SH", title)
        case .subsection(let title): heading("SS", title)
        case .paragraph(let text):
            begin()
            line(Self.sentences(Self.inline(text)))
        case .code(let lines):
            begin()
            indented {
                $0.line(".EX")
                for line in lines { $0.line(Self.guarded(Self.code(line))) }
                $0.line(".EE")
                // .EE lets words be hyphenated again.
                $0.line(".nh")
            }
        case .bullet(let text):
            line(".IP \\(bu 2")
            line(Self.sentences(Self.inline(text)))
            isFresh = false
        case .term(let labels, let body):
            begin()
            line(labels.map { Self.inline($0) }.joined(separator: ", "))
            indented { $0.write(body) }
        case .directive(let words, _): preconditionFailure("<!-- \(words.joined(separator: " ")) --> is for Expansion to replace")
        }
    }

    private mutating func heading(_ macro: String, _ title: String) {
        line(".\(macro) \"\(Self.plain(title))\"")
        isFresh = true
    }

    private mutating func begin() {
        if !isFresh { line(".PP") }
        isFresh = false
    }

    private mutating func indented(_ body: (inout Roff) -> Void) {
        line(".RS 4")
        isFresh = true
        body(&self)
        line(".RE")
        isFresh = false
    }

    private mutating func line(_ line: String) { text += line + "\n" }

    // MARK: - Text

    /// One sentence a line, so that a change of one is a change of a line.
    private static func sentences(_ text: String) -> String {
        text.replacing(/(?<end>[.!?:]\)?) (?<next>[A-Z\\])/) { "\($0.output.end)\n\($0.output.next)" }
            .split(separator: "\n").map { guarded(String($0)) }.joined(separator: "\n")
    }

    /// A line that is text, even if it begins like a macro.
    private static func guarded(_ line: String) -> String { line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line }

    /// The marks become fonts; names of options and of other pages are strong by themselves.
    static func inline(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        var isWord = false
        while let character = rest.first {
            if let (inner, after) = quoted(rest, "`") {
                result += "\\fB\(code(String(inner)))\\fR"
                rest = after
            } else if let (inner, after) = quoted(rest, "**") {
                result += "\\fB\(code(String(inner)))\\fR"
                rest = after
            } else if let (inner, after) = quoted(rest, "*") {
                result += "\\fI\(plain(String(inner)))\\fR"
                rest = after
            } else if !isWord, let option = rest.prefixMatch(of: /--[a-z][a-z-]*/) {
                result += "\\fB\(code(String(option.output)))\\fR"
                rest = rest[option.range.upperBound...]
            } else if !isWord, let page = rest.prefixMatch(of: /(?<name>[a-z][a-z0-9._-]*)(?<section>\([1-8]\))/) {
                result += "\\fB\(code(String(page.output.name)))\\fR\(page.output.section)"
                rest = rest[page.range.upperBound...]
            } else {
                result += plain(String(character))
                rest.removeFirst()
            }
            isWord = character.isLetter || character.isNumber || character == "-"
        }
        return result
    }

    /// What stands between two marks at the beginning, and what follows.
    private static func quoted(_ text: Substring, _ mark: String) -> (Substring, Substring)? {
        guard text.hasPrefix(mark) else { return nil }
        let inner = text.dropFirst(mark.count)
        guard let end = inner.firstRange(of: mark), end.lowerBound > inner.startIndex else { return nil }
        return (inner[..<end.lowerBound], inner[end.upperBound...])
    }

    /// Text in which every sign is to be copied to a shell.
    static func code(_ text: String) -> String { text.map { exact[$0] ?? plain(String($0)) }.joined() }

    private static func plain(_ text: String) -> String {
        text.map { character in
            if let name = names[character] { return name }
            precondition(character.isASCII, "\(character) has no name in Roff.names")
            return String(character)
        }.joined()
    }

    private static let exact: [Character: String] = ["-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"]

    private static let names: [Character: String] = [
        "\\": "\\e", "…": "...", "≤": "\\(<=", "≥": "\\(>=", "°": "\\(de", "→": "\\(->", "←": "\\(<-", "×": "\\(mu", "±": "\\(+-",
        "−": "\\-",
    ]
}
