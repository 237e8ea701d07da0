import Foundation
import Testing
import VicinitySimulation

@testable import VicinityCore

/// The lattice against the formula as it is published, in floating point, and against itself.
struct MapLatticeTests {
    private static func places(_ seed: UInt64, count: Int = 2_000) -> [Coordinate] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            Coordinate(
                latitude: Int32(random.whole(-900_000_000...900_000_000)), longitude: Int32(random.whole(-1_800_000_000...1_799_999_999)))
        }
    }

    /// Column and row, with their fractions.
    private static func formula(_ place: Coordinate, level: Int) -> (x: Double, y: Double) {
        let side = Double(1 << level)
        let latitude = place.latitudeDegrees * .pi / 180
        return ((place.longitudeDegrees + 180) / 360 * side, (1 - asinh(tan(latitude)) / .pi) / 2 * side)
    }

    @Test("Each position is in the cell that the formula says", arguments: UInt64(0)..<20)
    func formula(seed: UInt64) {
        for place in Self.places(seed) {
            for level in 0...MapCell.finest {
                let (x, y) = Self.formula(place, level: level)
                guard let cell = MapCell(holding: place, level: level) else {
                    #expect(abs(place.latitudeDegrees) > 85.0511, "\(place)")
                    continue
                }
                // On an edge, rounding decides in the formula.
                if abs(x - x.rounded()) > 1e-6 { #expect(cell.x == Int(x), "\(place) at \(level)") }
                if abs(y - y.rounded()) > 1e-6 { #expect(cell.y == Int(y), "\(place) at \(level)") }
            }
        }
    }

    @Test("A place that everybody can look up", arguments: [(0, 0, 0), (1, 1, 0), (7, 105, 48), (12, 3372, 1551), (14, 13489, 6207)])
    func knownTiles(level: Int, x: Int, y: Int) throws {
        // The Forbidden City in Beijing.
        let place = try #require(Coordinate(latitudeDegrees: 39.9163, longitudeDegrees: 116.3972))
        #expect(MapCell(holding: place, level: level) == MapCell(level: level, x: x, y: y))
    }

    @Test("A cell is its four children, and each position of it is in one of them", arguments: UInt64(0)..<20)
    func children(seed: UInt64) throws {
        for place in Self.places(seed) {
            for level in 0..<MapCell.finest {
                guard let cell = MapCell(holding: place, level: level) else { continue }
                let children = try #require(cell.children)
                #expect(Set(children).count == 4 && children.allSatisfy { $0.x / 2 == cell.x && $0.y / 2 == cell.y })
                let child = try #require(MapCell(holding: place, level: level + 1))
                #expect(children.contains(child))
            }
        }
        #expect(MapCell(level: MapCell.finest, x: 0, y: 0).children == nil)
    }

    @Test("A position is in exactly one cell, also on every edge there is")
    func edges() throws {
        #expect(zip(MapEdges.north, MapEdges.north.dropFirst()).allSatisfy { $0 > $1 })
        // As on every map of the web.
        #expect(MapEdges.north[0] == 850_511_287 && MapEdges.north[MapEdges.side / 2] == 0)
        for row in 0..<MapEdges.side {
            let (north, south) = (MapEdges.north[row], MapEdges.north[row + 1])
            #expect(MapEdges.row(of: north) == row)
            #expect(MapEdges.row(of: south + 1) == row)
        }
        for column in 0..<MapEdges.side {
            let edge = Int64((Double(column) * 3.6e9 / Double(MapEdges.side)).rounded(.up)) - 1_800_000_000
            #expect(MapEdges.column(of: Int32(edge)) == column)
            if column > 0 { #expect(MapEdges.column(of: Int32(edge - 1)) == column - 1) }
        }
        #expect(MapEdges.row(of: MapEdges.north[0] + 1) == nil && MapEdges.row(of: MapEdges.north[MapEdges.side]) == nil)
        for latitude in [Int32(900_000_000), -900_000_000, 850_511_288] { #expect(MapEdges.row(of: latitude) == nil) }
        #expect(MapEdges.column(of: -1_800_000_000) == 0 && MapEdges.column(of: 1_799_999_999) == MapEdges.side - 1)
    }

    @Test("No cell is narrower than 600 m up to 75.8°, and none is much wider than high")
    func sizes() {
        for row in 0..<MapEdges.side {
            let (north, south) = (MapEdges.north[row], MapEdges.north[row + 1])
            let farther = max(abs(north), abs(south))
            guard farther < 758_000_000 else { continue }
            let corner = Coordinate(latitude: north > 0 ? north : south, longitude: 0)
            let east = Coordinate(latitude: corner.latitude, longitude: Int32(3_600_000_000 / MapEdges.side))
            let width = Geodesic.distance(from: corner, to: east)
            let height = Geodesic.distance(
                from: Coordinate(latitude: north, longitude: 0), to: Coordinate(latitude: south, longitude: 0))
            #expect(width >= 600, "\(corner): \(width) m")
            #expect((0.98...1.02).contains(height / width), "\(corner): \(height) m by \(width) m")
        }
    }

    @Test("The number of a cell keeps what is in one cell of any level together", arguments: UInt64(0)..<5)
    func codes(seed: UInt64) {
        let codes = Self.places(seed).compactMap { MapCode(of: $0) }.sorted()
        for level in 0...MapCell.finest {
            var seen: Set<MapCell> = []
            var last: MapCell?
            for code in codes where code.cell(at: level) != last {
                let cell = code.cell(at: level)
                #expect(seen.insert(cell).inserted, "\(cell) in two pieces")
                last = cell
            }
        }
    }

    // MARK: - Windows

    @Test("A window holds the cells of all positions between its edges, and its own edges give it again", arguments: UInt64(0)..<40)
    func windows(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let width = random.pick([0.001, 0.1, 5, 90, 350])
        let west = random.real(-180...180)
        var east = west + random.real(0...width)
        if east > 180 { east -= 360 }
        let south = random.real(-89...89)
        let north = min(90, south + random.real(0...width))
        let finest = MapWindow(west: west, south: south, east: east, north: north)
        for level in 0...MapCell.finest {
            let window = finest.coarsened(to: level)
            // Those that are on no edge: of one that is, rounding decides.
            let isWhole = window.columns == 1 << level
            #expect(
                isWhole
                    || window
                        == MapWindow(west: window.west, south: window.south, east: window.east, north: window.north).coarsened(to: level)
            )
            for _ in 0..<50 {
                let span = east >= west ? east - west : east - west + 360
                var longitude = west + random.real(0...span)
                if longitude > 180 { longitude -= 360 }
                guard let place = Coordinate(latitudeDegrees: random.real(south...north), longitudeDegrees: longitude),
                    let cell = MapCell(holding: place, level: level)
                else { continue }
                #expect(window.contains(cell), "\(cell) is not in \(window), \(west) \(south) \(east) \(north)")
            }
            #expect(window.rows >= 1 && window.columns >= 1 && window.y + window.rows <= 1 << level && window.x < 1 << level)
        }
        let fitted = finest.fitted
        #expect(fitted.count <= MapWindow.greatest)
        if fitted.level < MapCell.finest { #expect(finest.coarsened(to: fitted.level + 1).count > MapWindow.greatest) }
    }

    @Test("A window counts each of its cells once")
    func count() {
        for window in [
            MapWindow(west: 170, south: -20, east: -170, north: 20), MapWindow(west: -10, south: 40, east: 20, north: 60), .world,
        ] {
            let window = window.coarsened(to: 6)
            let cells = (0..<64).flatMap { y in (0..<64).map { MapCell(level: 6, x: $0, y: y) } }.filter { window.contains($0) }
            #expect(cells.count == window.count)
        }
    }

    @Test(
        "Edges that mean the antimeridian, the whole world, one point, or what lies beyond the map",
        arguments: [
            (-180.0, 180.0, 0, 64), (170, -170, 62, 4), (180, -170, 0, 2), (170, -180, 62, 2), (10, 9.999, 0, 64), (0, 0, 32, 1),
            (180, 180, 63, 1),
        ])
    func columns(west: Double, east: Double, x: Int, columns: Int) {
        let window = MapWindow(west: west, south: -90, east: east, north: 90).coarsened(to: 6)
        #expect((window.x, window.columns) == (x, columns))
        #expect((window.y, window.rows) == (0, 64))
        #expect(window.north > 85.05 && window.south < -85.05)
    }
}
