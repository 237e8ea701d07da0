// The map as GeoJSON, RFC 7946: positions are longitude before latitude (3.1.1), the ring of a polygon is closed and goes with its inside to the
// left (3.1.6), what crosses the antimeridian is cut there (3.1.9), a bounding box that crosses it has its west east of its east (5.2).

package struct MapGeoJSON {
    private let model: MapModel

    package init(_ model: MapModel) { self.model = model }

    /// Points of a halo's circle: it is off by a five-hundredth of the radius between them.
    private static let corners = 64

    /// One FeatureCollection over several lines, a feature each.
    package var text: String {
        let answer = model.answer
        let bounds = JSONValue.array([answer.west, answer.south, answer.east, answer.north].map { .degrees($0) })
        let about = JSONValue.object([
            JSONValue.Member("level", .number(Int64(answer.level))), JSONValue.Member("floor", .number(answer.floor)),
            JSONValue.Member("ts", .number(answer.time)),
        ])
        let features = answer.cells.map(feature) + model.halos.map(feature)
        let lines = features.map { "\n" + $0.text }.joined(separator: ",")
        return "{\"type\":\"FeatureCollection\",\"bbox\":\(bounds.text),\"vicinity\":\(about.text),\"features\":[\(lines)\n]}\n"
    }

    private func feature(_ cell: MapAnswer.Cell) -> JSONValue {
        let (west, south, east, north) = model.answer.edges(of: cell)
        let ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        var properties = [
            JSONValue.Member("level", .number(Int64(model.answer.level))), JSONValue.Member("x", .number(Int64(cell.x))),
            JSONValue.Member("y", .number(Int64(cell.y))),
        ]
        if let users = cell.users { properties.append(JSONValue.Member("users", .number(users))) }
        properties.append(JSONValue.Member("kinds", .object(cell.kinds.map { JSONValue.Member($0.kind, .number($0.count)) })))
        return Self.feature("Polygon", .array([Self.ring(ring)]), properties)
    }

    private func feature(_ halo: MapHalo) -> JSONValue {
        let parts = Self.parts(of: Mercator.circle(round: halo.center, radius: halo.radius, count: Self.corners))
        let rings = parts.map { JSONValue.array([Self.ring($0)]) }
        let properties = [
            JSONValue.Member("user", .string(halo.user)), JSONValue.Member("radius", .number("\(halo.radius)")),
            JSONValue.Member("lat", .degrees(halo.center.latitude)), JSONValue.Member("lon", .degrees(halo.center.longitude)),
            JSONValue.Member("ts", .number(halo.time)),
        ]
        if rings.count == 1 { return Self.feature("Polygon", rings[0], properties) }
        return Self.feature("MultiPolygon", .array(rings), properties)
    }

    private static func feature(_ type: String, _ coordinates: JSONValue, _ properties: [JSONValue.Member]) -> JSONValue {
        .object([
            JSONValue.Member("type", .string("Feature")),
            JSONValue.Member(
                "geometry", .object([JSONValue.Member("type", .string(type)), JSONValue.Member("coordinates", coordinates)])),
            JSONValue.Member("properties", .object(properties)),
        ])
    }

    private static func ring(_ points: [(Double, Double)]) -> JSONValue {
        .array(points.map { .array([.degrees($0.0), .degrees($0.1)]) })
    }

    // MARK: - Circles

    /// A circle as closed rings within ±180°, counterclockwise.
    static func parts(of circle: [MapPlace]) -> [[(Double, Double)]] {
        // Clockwise as it comes, from the north by the east.
        var points = circle.reversed().map { ($0.longitude, $0.latitude) }
        if let first = points.first, let last = points.last, abs(last.0 - first.0) > 180 {
            // Once round a pole, which is an edge in these coordinates: along it and back.
            let pole = circle.reduce(0) { $0 + $1.latitude } < 0 ? -90.0 : 90
            let turn = last.0 > first.0 ? 360.0 : -360
            points += [(first.0 + turn, first.1), (first.0 + turn, pole), (first.0, pole)]
        }
        return [-360.0, 0, 360].compactMap { turn in
            let moved = points.map { ($0.0 + turn, $0.1) }
            let cut = clipped(clipped(moved, to: 180, isUpper: true), to: -180, isUpper: false)
            guard cut.count > 2, cut.contains(where: { $0.0 != cut[0].0 }) else { return nil }
            return cut + [cut[0]]
        }
    }

    /// What of a polygon lies on one side of a meridian; I. Sutherland, G. Hodgman, Reentrant polygon clipping (1974).
    private static func clipped(_ points: [(Double, Double)], to limit: Double, isUpper: Bool) -> [(Double, Double)] {
        func isInside(_ point: (Double, Double)) -> Bool { isUpper ? point.0 <= limit : point.0 >= limit }
        var kept: [(Double, Double)] = []
        for (place, point) in points.enumerated() {
            let last = points[place > 0 ? place - 1 : points.count - 1]
            if isInside(point) != isInside(last) {
                kept.append((limit, last.1 + (point.1 - last.1) * (limit - last.0) / (point.0 - last.0)))
            }
            if isInside(point) { kept.append(point) }
        }
        return kept
    }
}
