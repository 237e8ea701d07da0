/// A page as it is written: `docs/man/NAME.SECTION.md`, in as much of Markdown as a manual needs.
///
///     # vicinityd(8) 2026-11-29            name, section and the day on which the text was looked through
///     ## OPTIONS                           a section; ### is one within it
///     `--config` *FILE*                    labels, a line each,
///     : What it does.                      and what is said of them; what goes on is indented by two
///     - a bullet
///         four spaces: lines as they are
///     <!-- options vicinityd -->           what the programs themselves say; see Expansion
struct PageSource {
    let name: String
    let section: String
    let date: String
    let blocks: [Block]

    struct Mistake: Error, CustomStringConvertible { let description: String }

    init(_ text: String) throws(Mistake) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        let first = lines.popFirst() ?? ""
        guard let title = first.wholeMatch(of: /# (?<name>[a-z.-]+)\((?<section>[1-8])\) (?<date>\d{4}-\d\d-\d\d)/) else {
            throw Mistake(description: "the first line must be like \"# vicinityd(8) 2026-11-29\", and is \"\(first)\"")
        }
        name = String(title.output.name)
        section = String(title.output.section)
        date = String(title.output.date)
        blocks = try Self.parse(lines)
    }

    private static func parse(_ lines: ArraySlice<Substring>) throws(Mistake) -> [Block] {
        var blocks: [Block] = []
        var rest = lines
        while let line = rest.first {
            if line.isEmpty {
                rest.removeFirst()
            } else if line.hasPrefix("### ") {
                blocks.append(.subsection(String(line.dropFirst(4))))
                rest.removeFirst()
            } else if line.hasPrefix("## ") {
                blocks.append(.section(String(line.dropFirst(3))))
                rest.removeFirst()
            } else if line.hasPrefix("<!-- "), line.hasSuffix(" -->") {
                rest.removeFirst()
                blocks.append(.directive(line.dropFirst(5).dropLast(4).split(separator: " ").map(String.init), try body(&rest)))
            } else if line.hasPrefix("    ") {
                blocks.append(.code(indented(by: 4, &rest)))
            } else if line.hasPrefix(" ") {
                throw Mistake(description: "nothing is open that \"\(line)\" could belong to")
            } else if line.hasPrefix("- ") {
                rest.removeFirst()
                blocks.append(.bullet(([line.dropFirst(2)] + indented(by: 2, &rest).map { $0[...] }).joined(separator: " ")))
            } else {
                blocks.append(try text(&rest))
            }
        }
        return blocks
    }

    /// A paragraph, or labels and what is said of them.
    private static func text(_ rest: inout ArraySlice<Substring>) throws(Mistake) -> Block {
        var gathered: [Substring] = []
        while let line = rest.first, !line.isEmpty, !line.hasPrefix(": "), !line.hasPrefix("#"), !line.hasPrefix(" ") {
            gathered.append(line)
            rest.removeFirst()
        }
        guard let line = rest.first, line.hasPrefix(": ") else { return .paragraph(gathered.joined(separator: " ")) }
        rest.removeFirst()
        let inner = [line.dropFirst(2)] + indented(by: 2, &rest).map { $0[...] }
        return .term(gathered.map(String.init), try parse(inner[...]))
    }

    private static func body(_ rest: inout ArraySlice<Substring>) throws(Mistake) -> [Block] {
        try parse(indented(by: 2, &rest).map { $0[...] }[...])
    }

    /// Takes the lines that are indented, without their indentation, and the empty ones between them.
    private static func indented(by width: Int, _ rest: inout ArraySlice<Substring>) -> [String] {
        let indentation = String(repeating: " ", count: width)
        var taken = rest.prefix { $0.isEmpty || $0.hasPrefix(indentation) }
        rest = rest[taken.endIndex...]
        while taken.last?.isEmpty == true { taken.removeLast() }
        return taken.map { String($0.dropFirst(width)) }
    }
}
