// The map as a picture, SVG 1.1 in one file that needs no other: https://www.w3.org/TR/SVG11/
//
// Shades are four of the blues of ColorBrewer, which are told apart in print and by most who see colours otherwise: https://colorbrewer2.org/#type=sequential&scheme=Blues

internal import Glibc

package struct MapSVG {
    private static let shades = ["#c6dbef", "#6baed6", "#2171b5", "#08306b"]
    /// Pixels of the map, at the most.
    private static let greatest = (width: 960.0, height: 720.0)
    private static let margin = 20.0
    /// For the legend, at the right.
    private static let legendWidth = 240.0
    private static let titleHeight = 34.0

    private let model: MapModel
    private let printer: EventPrinter
    private let bounds: MapBounds
    /// Pixels for the whole width of the world.
    private let scale: Double

    package init(_ model: MapModel, printer: EventPrinter = EventPrinter { Clock.localOffset(at: $0) }) {
        self.model = model
        self.printer = printer
        bounds = model.answer.bounds
        scale = min(Self.greatest.width / bounds.width, Self.greatest.height / bounds.height)
    }

    private var width: Double { bounds.width * scale }
    private var height: Double { bounds.height * scale }

    package var text: String {
        let legend = legend
        let whole = (
            width: width + Self.legendWidth + 3 * Self.margin, height: max(height, legend.height) + Self.titleHeight + 2 * Self.margin
        )
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(whole.width))" height="\(Self.number(whole.height))" \
            viewBox="0 0 \(Self.number(whole.width)) \(Self.number(whole.height))" font-family="sans-serif" font-size="12">
            <title>\(Self.escaped(title))</title>
            <desc>\(Self.escaped(description))</desc>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="\(Self.number(Self.margin))" y="\(Self.number(Self.margin + 12))" font-size="16">\(Self.escaped(title))</text>
            <g transform="translate(\(Self.number(Self.margin)) \(Self.number(Self.margin + Self.titleHeight)))">
            <clipPath id="map"><rect width="\(Self.number(width))" height="\(Self.number(height))"/></clipPath>
            <rect width="\(Self.number(width))" height="\(Self.number(height))" fill="#f7f7f4" stroke="#999999"/>
            <g clip-path="url(#map)">
            \((model.answer.cells.map(cell) + model.halos.flatMap(halo) + model.answer.cells.compactMap(mark)).joined(separator: "\n"))
            </g>
            \(scaleBar)
            </g>
            <g transform="translate(\(Self.number(width + 2 * Self.margin)) \(Self.number(Self.margin + Self.titleHeight)))">
            \(legend.lines.joined(separator: "\n"))
            </g>
            </svg>

            """
    }

    // MARK: - Words

    private var title: String {
        let center = (bounds.y + bounds.height / 2, bounds.width)
        let metres = Mercator.width(at: Mercator.latitude(center.0)) * center.1
        return "Users and subjects, \(MapScreen.length(metres)) wide"
    }

    private var description: String {
        let edges = [
            ("west", model.answer.west), ("south", model.answer.south), ("east", model.answer.east), ("north", model.answer.north),
        ]
        let places = edges.map { "\($0.0) \(JSONValue.degrees($0.1).text)" }.joined(separator: ", ")
        return "\(places); level \(model.answer.level); counted \(String(printer.time(model.answer.time).dropLast(4)))"
    }

    private static func escaped(_ text: String) -> String {
        text.terminalSafe.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    /// To a tenth of a pixel.
    private static func number(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }

    // MARK: - The map

    /// Pixels from the left edge, of the turn that is on the map.
    private func left(_ x: Double) -> Double { (x - bounds.x - (x - bounds.x + 1e-12).rounded(.down)) * scale }

    private func top(_ y: Double) -> Double { (y - bounds.y) * scale }

    private var side: Double { scale / Double(1 << model.answer.level) }

    private func corner(_ cell: MapAnswer.Cell) -> (x: Double, y: Double) {
        let cells = Double(1 << model.answer.level)
        return (left(Double(cell.x) / cells), top(Double(cell.y) / cells))
    }

    private func cell(_ cell: MapAnswer.Cell) -> String {
        let (x, y) = corner(cell)
        let kinds = cell.kinds.map { "\(Self.name($0.kind)): \(grouped($0.count))" }
        let words = (cell.users.map { ["\(grouped($0)) users or more"] } ?? []) + kinds
        let fill = cell.users.map { Self.shades[MapShade.of($0)] } ?? "none"
        return "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(side))\" height=\"\(Self.number(side))\" "
            + "fill=\"\(fill)\" pointer-events=\"all\"><title>\(Self.escaped(words.joined(separator: "; ")))</title></rect>"
    }

    private func mark(_ cell: MapAnswer.Cell) -> String? {
        guard let most = cell.kinds.max(by: { ($0.count, $1.kind) < ($1.count, $0.kind) }) else { return nil }
        let (x, y) = corner(cell)
        let size = max(7, min(16, side * 0.6))
        let count = cell.kinds.count > 1 ? "&" : most.count > 1 ? "\(most.count)" : ""
        return Self.letter("\(model.letters[most.kind])\(count)", x + side / 2, y + side / 2 + size * 0.35, size: size, anchor: "middle")
    }

    /// Dark on light and light on dark.
    private static func letter(_ text: String, _ x: Double, _ y: Double, size: Double, anchor: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\" font-weight=\"bold\" text-anchor=\"\(anchor)\" "
            + "fill=\"#7f2704\" stroke=\"#ffffff\" stroke-width=\"2\" paint-order=\"stroke\">\(escaped(text))</text>"
    }

    private func halo(_ halo: MapHalo) -> [String] {
        let points = Mercator.circle(round: halo.center, radius: halo.radius, count: 180).filter { abs($0.latitude) < Mercator.edge }
        // Beside the middle, whatever turn a point is of.
        let x = left(Mercator.x(halo.center.longitude))
        let path = points.map { point in
            let dx = (Mercator.x(point.longitude) - Mercator.x(halo.center.longitude)) * scale
            return "\(Self.number(x + dx)),\(Self.number(top(Mercator.y(point.latitude))))"
        }.joined(separator: " ")
        let name = Self.escaped("\(halo.user), \(MapScreen.length(halo.radius))")
        let y = Self.number(top(Mercator.y(halo.center.latitude)))
        return [
            "<polygon points=\"\(path)\" fill=\"none\" stroke=\"#d7301f\" stroke-width=\"1.5\" stroke-dasharray=\"1.5 3\" "
                + "stroke-linecap=\"round\"><title>\(name)</title></polygon>",
            "<circle cx=\"\(Self.number(x))\" cy=\"\(y)\" r=\"3\" fill=\"#d7301f\"><title>\(name)</title></circle>",
        ]
    }

    private var scaleBar: String {
        let metres = Mercator.width(at: Mercator.latitude(bounds.y + bounds.height / 2)) / scale
        var length = 1.0
        while length * 10 <= metres * width / 4 { length *= 10 }
        length *= [5.0, 2, 1].first { length * $0 <= metres * width / 4 } ?? 1
        let (end, y) = (8 + length / metres, height - 10)
        // Over whatever is there.
        return "<rect x=\"2\" y=\"\(Self.number(height - 22))\" width=\"\(Self.number(end + 60))\" height=\"20\" fill=\"#ffffff\" "
            + "fill-opacity=\"0.75\"/><path d=\"M8 \(Self.number(y - 5)) V\(Self.number(y)) H\(Self.number(end)) V\(Self.number(y - 5))\" fill=\"none\" "
            + "stroke=\"#333333\" stroke-width=\"1.5\"/>"
            + "<text x=\"\(Self.number(end + 5))\" y=\"\(Self.number(y))\" fill=\"#333333\">\(MapScreen.length(length))</text>"
    }

    // MARK: - The legend

    private static func name(_ kind: String) -> String { kind.isEmpty ? "no kind" : kind }

    private var legend: (lines: [String], height: Double) {
        var lines: [String] = []
        var y = 12.0
        func text(_ words: String, x: Double = 0, isHeading: Bool = false) -> String {
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(isHeading ? " font-weight=\"bold\"" : "")>\(Self.escaped(words))</text>"
        }
        lines.append(text("Users in a cell", isHeading: true))
        if model.answer.floor == 0 {
            y += 20
            lines.append(text("are not told of"))
        }
        for (shade, least) in model.answer.floor > 0 ? MapShade.all(floor: model.answer.floor) : [] {
            y += 20
            lines.append(
                "<rect y=\"\(Self.number(y - 11))\" width=\"22\" height=\"14\" fill=\"\(Self.shades[shade])\" stroke=\"#999999\"/>")
            lines.append(text("\(grouped(least)) or more", x: 30))
        }
        y += 32
        lines.append(text("Subjects", isHeading: true))
        let totals = model.answer.totals
        for kind in totals.prefix(20) {
            y += 18
            lines.append(Self.letter(String(model.letters[kind.kind]), 11, y, size: 13, anchor: "middle"))
            lines.append(text("\(Self.name(kind.kind).clipped(toColumns: 22)) \(grouped(kind.count))", x: 30))
        }
        if totals.count > 20 || totals.isEmpty {
            y += 18
            lines.append(text(totals.isEmpty ? "none" : "and \(totals.count - 20) kinds more", x: 30))
        }
        guard !model.halos.isEmpty else { return (lines, y + 12) }
        y += 32
        lines.append(text("Halos", isHeading: true))
        for halo in model.halos {
            y += 18
            lines.append("<circle cx=\"11\" cy=\"\(Self.number(y - 4))\" r=\"3\" fill=\"#d7301f\"/>")
            lines.append(text("\(halo.user.clipped(toColumns: 22)) \(MapScreen.length(halo.radius))", x: 30))
        }
        return (lines, y + 12)
    }
}
