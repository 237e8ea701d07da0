// The map as characters: a rectangle of them, painted from below: where users are, then halos, then subjects.

struct MapCanvas {
    private struct Spot {
        var character: Character = " "
        var style = TopLine.Style.plain
    }

    /// What stands for what.
    struct Glyphs {
        /// By ``MapShade``.
        let shades: [Character]
        let ring: Character
        let user: Character
        let scale: (left: Character, middle: Character, right: Character)

        static let unicode = Glyphs(shades: ["░", "▒", "▓", "█"], ring: "•", user: "@", scale: ("├", "─", "┤"))
        /// Where the terminal knows no others.
        static let ascii = Glyphs(shades: [".", ":", "%", "#"], ring: "o", user: "@", scale: ("|", "-", "|"))
    }

    private let view: MapView
    private let glyphs: Glyphs
    private var characters: [Spot]

    /// - Complexity: O(characters, cells, and 720 for each halo).
    init(_ model: MapModel, _ view: MapView, _ glyphs: Glyphs) {
        self.view = view
        self.glyphs = glyphs
        characters = Array(repeating: Spot(), count: view.area.columns * view.area.rows)
        for cell in model.answer.cells { if let users = cell.users { shade(cell, of: model.answer.level, users) } }
        for halo in model.halos { draw(halo) }
        for cell in model.answer.cells where !cell.kinds.isEmpty { mark(cell, of: model.answer.level, model.letters) }
    }

    /// The rows, each as wide as the area.
    var lines: [TopLine] {
        (0..<view.area.rows).map { row in
            let row = characters[row * view.area.columns..<(row + 1) * view.area.columns]
            var line = TopLine()
            var start = row.startIndex
            while start < row.endIndex {
                let end = row[start...].firstIndex { $0.style != row[start].style } ?? row.endIndex
                line.add(String(row[start..<end].map(\.character)), row[start].style)
                start = end
            }
            return line
        }
    }

    /// The columns and rows of the world that a cell takes; of one that is smaller than a character, that one.
    private func extent(_ cell: MapAnswer.Cell, of level: Int) -> (x: Int, y: Int, columns: Int, rows: Int) {
        let shift = view.zoom - level
        guard shift >= 0 else { return (cell.x * 2 >> -shift, cell.y >> -shift, max(1, 2 >> -shift), 1) }
        return (cell.x << (shift + 1), cell.y << shift, 2 << shift, 1 << shift)
    }

    private mutating func put(_ character: Character, _ style: TopLine.Style, column: Int?, row: Int) {
        guard let column, (0..<view.area.rows).contains(row) else { return }
        characters[row * view.area.columns + column] = Spot(character: character, style: style)
    }

    private mutating func shade(_ cell: MapAnswer.Cell, of level: Int, _ users: Int64) {
        let (x, y, columns, rows) = extent(cell, of: level)
        let glyph = glyphs.shades[MapShade.of(users)]
        // What is not on the screen is not gone through: one cell may be thousands of characters wide.
        for row in max(0, y - view.top)..<max(0, y - view.top, min(view.area.rows, y - view.top + rows)) {
            for column in 0..<view.area.columns {
                let world = ((view.left + column) % view.worldColumns + view.worldColumns) % view.worldColumns
                guard (x..<x + columns).contains(world), isInWorld(column) else { continue }
                put(glyph, .density, column: column, row: row)
            }
        }
    }

    /// Whether a column of the screen shows something: a narrow world is shown once.
    private func isInWorld(_ column: Int) -> Bool {
        view.worldColumns > view.area.columns || (0..<view.worldColumns).contains(view.left + column)
    }

    /// A circle of dots, the user in the middle.
    private mutating func draw(_ halo: MapHalo) {
        for point in Mercator.circle(round: halo.center, radius: halo.radius, count: 720) where abs(point.latitude) < Mercator.edge {
            let x = Mercator.x(point.longitude)
            guard let place = view.character(x: x - x.rounded(.down), y: Mercator.y(point.latitude)) else { continue }
            put(glyphs.ring, .halo, column: place.column, row: place.row)
        }
        if let place = view.character(x: Mercator.x(halo.center.longitude), y: Mercator.y(halo.center.latitude)) {
            put(glyphs.user, .halo, column: place.column, row: place.row)
        }
    }

    /// A letter in the middle of the cell, and how many: a digit, `+` for ten and more, `&` where there are other kinds too. Where there is room for
    /// two characters only, the second one is left to users who are there.
    private mutating func mark(_ cell: MapAnswer.Cell, of level: Int, _ letters: MapLetters) {
        let (x, y, columns, rows) = extent(cell, of: level)
        guard let most = cell.kinds.max(by: { ($0.count, $1.kind) < ($1.count, $0.kind) }) else { return }
        let row = y + rows / 2 - view.top
        let column = x + columns / 2 - (columns > 1 ? 1 : 0)
        put(letters[most.kind], .subject, column: view.column(of: column), row: row)
        guard columns > (cell.users == nil ? 1 : 2) else { return }
        let count: Character? = cell.kinds.count > 1 ? "&" : most.count > 9 ? "+" : most.count > 1 ? Character("\(most.count)") : nil
        if let count { put(count, .subject, column: view.column(of: column + 1), row: row) }
    }
}
