import Foundation
import FoundationXML
import Testing

@testable import VicinityClient

/// The map as files for other programs.
@Suite struct MapFileTests {
    private static let town = (west: 116.3, south: 39.85, east: 116.5, north: 39.96)

    private static var evil: MapDaemon {
        var daemon = MapDaemon()
        daemon.places.append(.init(latitude: 39.86, longitude: 116.31, kind: "<a href=\"x\">&\u{1B}[31m", subjects: 2))
        return daemon
    }

    @Test func svg() throws {
        let svg = MapSVG(try Self.evil.model(Self.town, level: 13, users: ["u-17"]), printer: EventPrinter { _ in 0 }).text
        try Fixture.expect(svg, equals: "map/town.svg")
        #expect(!svg.contains("<a ") && !svg.contains("\u{1B}"))
        try expectWellFormed(svg)
    }

    @Test func geoJSON() throws {
        let text = MapGeoJSON(try MapDaemon().model(Self.town, level: 13, users: ["u-17"])).text
        try Fixture.expect(text, equals: "map/town.geojson")
        let collection = try JSONValue(parsing: Array(text.utf8))
        #expect(collection["features"]?.array?.count == 6)
    }

    @Test func nothing() throws {
        var daemon = MapDaemon()
        (daemon.places, daemon.floor) = ([], 0)
        let model = try daemon.model(Self.town, level: 12)
        #expect(try JSONValue(parsing: Array(MapGeoJSON(model).text.utf8))["features"]?.array == [])
        let svg = MapSVG(model, printer: EventPrinter { _ in 0 }).text
        #expect(svg.contains("are not told of") && svg.contains(">none<"))
        try expectWellFormed(svg)
    }

    /// The daemon's own answer goes through unchanged.
    @Test func json() throws {
        let daemon = MapDaemon()
        try Fixture.expect(daemon.text(Self.town, level: 12) + "\n", equals: "map/town.json")
    }

    private func expectWellFormed(_ xml: String) throws {
        let parser = XMLParser(data: Data(xml.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
    }

    // MARK: - Circles

    /// Twice the area, positive if it goes with its inside to the left.
    private func area(_ ring: [(Double, Double)]) -> Double {
        zip(ring, ring.dropFirst()).reduce(0) { $0 + $1.0.0 * $1.1.1 - $1.1.0 * $1.0.1 }
    }

    @Test(
        "A circle is closed, counterclockwise, within ±180°, and in as many pieces as it must be",
        arguments: [
            (39.9, 116.4, 500.0, 1), (0, 179.99, 50_000, 2), (0, -179.99, 50_000, 2), (89.5, 10, 200_000, 2), (-89.5, 170, 200_000, 2),
            (60, 180, 1_000_000, 2), (90, 0, 1_000, 2), (84, -179, 900_000, 1),
        ])
    func circles(latitude: Double, longitude: Double, radius: Double, pieces: Int) {
        let center = MapPlace(latitude: latitude, longitude: longitude)
        let parts = MapGeoJSON.parts(of: Mercator.circle(round: center, radius: radius, count: 64))
        #expect(parts.count == pieces)
        for ring in parts {
            #expect(ring.count > 3 && ring[0] == ring[ring.count - 1])
            #expect(ring.allSatisfy { (-180...180).contains($0.0) && (-90...90).contains($0.1) })
            #expect(area(ring) > 0)
        }
    }

    @Test("Each point of a circle is as far from the middle as it should be", arguments: [0.0, 39.9, 75, -60])
    func distance(latitude: Double) {
        let center = MapPlace(latitude: latitude, longitude: 179)
        for point in Mercator.circle(round: center, radius: 5_000, count: 36) {
            let (one, other) = (center.latitude * .pi / 180, point.latitude * .pi / 180)
            let turn = (point.longitude - center.longitude) * .pi / 180
            let half = pow(sin((one - other) / 2), 2) + cos(one) * cos(other) * pow(sin(turn / 2), 2)
            #expect(abs(2 * Mercator.radius * asin(half.squareRoot()) - 5_000) < 0.001)
        }
    }

    @Test("An answer that is none is not taken for one")
    func answers() throws {
        let good = MapDaemon().text(Self.town, level: 12)
        #expect(try MapAnswer(JSONValue(parsing: Array(good.utf8))) != nil)
        for (old, new) in [("\"level\":12", "\"level\":99"), ("\"cells\"", "\"cell\""), ("\"x\":", "\"x\":-"), ("\"ts\":", "\"tz\":")] {
            #expect(try MapAnswer(JSONValue(parsing: Array(good.replacing(old, with: new).utf8))) == nil, "\(new)")
        }
        let toll = try #require(try MapAnswer(JSONValue(parsing: Array(good.utf8)), kinds: ["toll"]))
        #expect(toll.totals == [MapAnswer.KindCount(kind: "toll", count: 3)])
    }
}
