// What a page of the manual is made of, whether it was written by hand or made from the programs.

/// A piece of a page. Texts hold the marks of ``PageSource``: `code` in back quotes, **strong**, *placeholder*.
indirect enum Block: Equatable {
    case section(String)
    case subsection(String)
    case paragraph(String)
    /// Lines as they are.
    case code([String])
    case bullet(String)
    /// One label or more, and what is said of them.
    case term([String], [Block])
    /// `<!-- key halo.radius -->`: its words, and what was written by hand beneath it. Not in a page that is made.
    case directive([String], [Block])
}

extension Block {
    /// The labels of terms among these blocks and within them, without their marks, in order.
    static func labels(in blocks: [Block]) -> [String] {
        blocks.flatMap { block -> [String] in
            switch block {
            case .term(let labels, let body): labels.map { $0.filter { !"`*".contains($0) } } + Self.labels(in: body)
            case .directive(_, let body): Self.labels(in: body)
            case .section, .subsection, .paragraph, .code, .bullet: []
            }
        }
    }

    /// What stands under a heading, up to the next section; `nil` where there is no such heading.
    static func section(_ title: String, of blocks: [Block]) -> [Block]? {
        guard let start = blocks.firstIndex(where: { $0 == .section(title) || $0 == .subsection(title) }) else { return nil }
        let rest = blocks[blocks.index(after: start)...]
        let isSection = blocks[start] == .section(title)
        return Array(
            rest.prefix { block in
                switch block {
                case .section: false
                case .subsection: isSection
                case .paragraph, .code, .bullet, .term, .directive: true
                }
            })
    }
}
