// What `vicinityctl map` shows, as lines. No terminal is known here.
//
//     39.90420 N 116.40740 E, 25 km wide, cells of 1.9 km                            counted 15:40:00
//     …
//     users  ░ 10+  ▒ 50+  ▓ 500+  █ 5,000+                                          ├──────┤ 5 km
//     @ u-17 500 m  T toll 12  B bus 3
//      q quit  ? help …

package struct MapScreen {
    /// Lines that are not the map: the title, two of legend, the keys.
    private static let others = 4

    let model: MapModel
    let view: MapView
    let trouble: TopScreen.Trouble?
    /// `nil` is no terminal: no key is named.
    let size: TopScreen.Size?
    /// Whether characters may be used that are not in ASCII.
    let isUnicode: Bool
    let printer: EventPrinter

    /// - Parameters:
    ///   - view: its area is ``area(of:)``.
    ///   - size: of the terminal; `nil` if there is none.
    package init(
        _ model: MapModel, view: MapView, trouble: TopScreen.Trouble? = nil, size: TopScreen.Size?, isUnicode: Bool,
        printer: EventPrinter = EventPrinter { Clock.localOffset(at: $0) }
    ) {
        self.model = model
        self.view = view
        self.trouble = trouble
        self.size = size
        self.isUnicode = isUnicode
        self.printer = printer
    }

    /// What is left for the map itself.
    ///
    /// - Parameter size: `nil` if there is no terminal: as on the smallest.
    package static func area(of size: TopScreen.Size?) -> MapView.Area {
        let size = size ?? TopScreen.smallest
        return MapView.Area(columns: size.columns, rows: size.rows - others)
    }

    /// As many as the terminal has rows, none of them wider than it.
    package var lines: [TopLine] {
        let (width, rows) = (size?.columns ?? TopScreen.smallest.columns, size?.rows ?? TopScreen.smallest.rows - 1)
        guard rows > 0 else { return [] }
        var body = [title] + canvas.lines + [users, subjects]
        if let trouble {
            let sentences = trouble.text.flatMap { $0.wrapped(toColumns: max(1, width)) }.map { TopLine($0, .bad) }
            body = sentences + body.map { $0.styled(.faint) }.dropFirst(sentences.count)
        }
        if view.showsHelp { body = Self.help }
        let isShort = size == nil
        let kept = body.prefix(isShort ? rows : rows - 1)
        let filled = kept + Array(repeating: TopLine(), count: max(0, (isShort ? rows : rows - 1) - kept.count))
        return (filled + (isShort ? [] : [keys])).map { isShort ? $0 : $0.clipped(to: width) }
    }

    /// The lines as text that may be put into a file.
    package var plainText: String {
        lines.map { line in
            let text = line.text(isStyled: false)
            return String(text.prefix(text.count - text.reversed().prefix { $0 == " " }.count))
        }.joined(separator: "\n")
    }

    private var glyphs: MapCanvas.Glyphs { isUnicode ? .unicode : .ascii }
    private var canvas: MapCanvas { MapCanvas(model, view, glyphs) }
    private var width: Int { view.area.columns }

    // MARK: - Where it is

    private var title: TopLine {
        let center = view.center
        let place = "\(Self.degrees(center.latitude, "N", "S")) \(Self.degrees(center.longitude, "E", "W"))"
        let shown = Double(min(view.area.columns, view.worldColumns)) * view.columnWidth
        let cell = Mercator.width(at: center.latitude) / Double(1 << model.answer.level)
        // Milliseconds are no help to people, nor is the day to who looks on.
        let moment = String(printer.time(model.answer.time).dropLast(4))
        let time = "counted \(size == nil ? moment : String(moment.suffix(8)))"
        let left = "\(place), \(Self.length(shown)) wide, cells of \(Self.length(cell))"
        var line = TopLine(size == nil ? left : left.clipped(toColumns: max(0, width - time.columns - 2)), .heading)
        line.add(TopLine(time), at: max(width - time.columns, size == nil ? left.columns + 2 : 0))
        return line
    }

    /// To the hundred-thousandth, which is a metre.
    private static func degrees(_ value: Double, _ positive: String, _ negative: String) -> String {
        let units = Int64((abs(value) * 1e5).rounded())
        let fraction = String(String(100_000 + units % 100_000).dropFirst())
        return "\(units / 100_000).\(fraction) \(value < 0 ? negative : positive)"
    }

    /// "800 m", "1.9 km", "40,075 km".
    static func length(_ metres: Double) -> String {
        switch metres {
        case ..<999.5: return "\(Int64(metres.rounded())) m"
        case ..<9_950:
            let hectometres = Int64((metres / 100).rounded())
            return hectometres % 10 == 0 ? "\(hectometres / 10) km" : "\(hectometres / 10).\(hectometres % 10) km"
        default: return "\(grouped(Int64((metres / 1000).rounded()))) km"
        }
    }

    // MARK: - The legend

    private var users: TopLine {
        var line = TopLine("users")
        if model.answer.floor == 0 { line.add("  are not told of: privacy.map_floor is 0") }
        for (shade, least) in model.answer.floor > 0 ? MapShade.all(floor: model.answer.floor) : [] {
            line.add("  ")
            line.add(String(glyphs.shades[shade]), .density)
            line.add(" \(grouped(least))+")
        }
        let scale = scale
        line = line.clipped(to: max(0, width - scale.columns - 1))
        line.add(scale, at: max(0, width - scale.columns))
        return line
    }

    /// A length that is easy to say, a quarter of the width at most.
    private var scale: TopLine {
        let greatest = view.columnWidth * Double(width) / 4
        var length = 1.0
        while length * 10 <= greatest { length *= 10 }
        length *= [5.0, 2, 1].first { length * $0 <= greatest } ?? 1
        let columns = max(2, Int((length / view.columnWidth).rounded()))
        let (left, middle, right) = glyphs.scale
        return TopLine("\(left)\(String(repeating: middle, count: columns - 2))\(right) \(Self.length(length))")
    }

    private var subjects: TopLine {
        var entries = model.halos.map { halo in
            (mark: String(glyphs.user), style: TopLine.Style.halo, text: "\(safe(halo.user)) \(Self.length(halo.radius))")
        }
        entries += model.silent.map { (String(glyphs.user), .warning, "\(safe($0)) has no position") }
        entries += model.answer.totals.map { (String(model.letters[$0.kind]), .subject, "\(name(of: $0)) \(grouped($0.count))") }
        guard !entries.isEmpty else { return TopLine("no subjects here", .faint) }
        var line = TopLine()
        for (place, entry) in entries.enumerated() {
            let rest = "and \(entries.count - place) more"
            let isLast = place == entries.count - 1
            guard line.columns + entry.text.columns + 4 + (isLast ? 0 : rest.columns) <= width else {
                line.add(rest)
                break
            }
            line.add(entry.mark, entry.style)
            line.add(" \(entry.text)\(isLast ? "" : "  ")")
        }
        return line
    }

    private func name(of kind: MapAnswer.KindCount) -> String { kind.kind.isEmpty ? "no kind" : safe(kind.kind) }

    /// A name as the terminal can show it.
    private func safe(_ name: String) -> String { isUnicode ? name : String(name.map { $0.isASCII ? $0 : "?" }) }

    // MARK: - The last line

    private var keys: TopLine {
        let text = view.showsHelp ? " any key goes back   q quit" : " q quit  ? help  arrows pan  + - zoom  r refresh  0 back to the start"
        return TopLine(text.fitted(toColumns: width), .inverse)
    }

    static let help: [TopLine] = [
        TopLine("vicinityctl map", .heading),
        TopLine(),
        TopLine("q, Ctrl-C     quit                      Ctrl-Z       stop, until fg"),
        TopLine("?             this page"),
        TopLine("arrows, h j k l                         pan by a few columns or rows"),
        TopLine("page up, page down, H J K L             by half of the screen"),
        TopLine("+, -          zoom by two               0, home      back to where it began"),
        TopLine("r             ask again now, for the users of --user too"),
        TopLine(),
        TopLine("What it shows", .heading),
        TopLine("shades        users with a position, by cell: at least so many. Where fewer"),
        TopLine("              than privacy.map_floor are, it looks as if nobody were; they"),
        TopLine("              count in the larger cells of a lower zoom. The daemon counts"),
        TopLine("              again after 10 seconds at the least, as this page does"),
        TopLine("letters       active subjects by kind, in the middle of their cell: T3 are"),
        TopLine("              three, T+ ten or more, T& others too, * has no kind. Where users"),
        TopLine("              are too, numbers show from the next zoom on"),
        TopLine("@             a user of --user, in the middle of a halo. Their positions"),
        TopLine("              are asked for at the beginning and by r only, which is audited"),
    ]
}
