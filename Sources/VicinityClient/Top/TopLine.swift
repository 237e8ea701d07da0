/// One line of the screen: pieces of text, each in its style.
///
/// There is no way to put a control character into it, whoever the text is from.
package struct TopLine: Equatable, Sendable {
    package enum Style: Equatable, Sendable {
        case plain
        case heading
        case faint
        case inverse
        case good
        case warning
        case bad
        /// Of the map: where users are, halos, and subjects.
        case density
        case halo
        case subject

        /// Parameters of the terminal's sequence SGR; ECMA-48, section 8.3.117.
        fileprivate var parameters: String {
            switch self {
            case .plain: ""
            case .heading: "1"
            case .faint: "2"
            case .inverse: "7"
            case .good: "32"
            case .warning: "33"
            case .bad: "1;31"
            case .density: "36"
            case .halo: "35"
            case .subject: "1;33"
            }
        }
    }

    private struct Piece: Equatable, Sendable {
        var text: String
        var style: Style
    }

    private var pieces: [Piece] = []
    /// Columns of the terminal that it takes.
    package private(set) var columns = 0

    package init(_ text: String = "", _ style: Style = .plain) { add(text, style) }

    package mutating func add(_ text: String, _ style: Style = .plain) {
        guard !text.isEmpty else { return }
        pieces.append(Piece(text: text.terminalSafe, style: style))
        columns += text.terminalSafe.columns
    }

    /// Puts another line behind it, which begins at a column.
    package mutating func add(_ line: TopLine, at column: Int) {
        self = clipped(to: column)
        add(String(repeating: " ", count: column - columns))
        pieces += line.pieces
        columns += line.columns
    }

    /// What of it fits into so many columns.
    package func clipped(to width: Int) -> TopLine {
        guard columns > width else { return self }
        var line = TopLine()
        for piece in pieces {
            line.add(piece.text.clipped(toColumns: width - line.columns), piece.style)
            if line.columns >= width { break }
        }
        return line
    }

    /// Whether something in it stands out as bad.
    package var isBad: Bool { pieces.contains { $0.style == .bad } }

    /// All of it in one style.
    package func styled(_ style: Style) -> TopLine { TopLine(text(isStyled: false), style) }

    /// - Parameter isStyled: with sequences for colours and the like, for a terminal.
    package func text(isStyled: Bool) -> String {
        pieces.map { piece in
            isStyled && piece.style != .plain ? "\u{1B}[\(piece.style.parameters)m\(piece.text)\u{1B}[0m" : piece.text
        }.joined()
    }
}
