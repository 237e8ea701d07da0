import Testing

@testable import VicinityClient

@Suite struct MapViewTests {
    private static let area = MapView.Area(columns: 80, rows: 20)
    private static let beijing = MapPlace(latitude: 39.9042, longitude: 116.4074)

    private func view(_ center: MapPlace = beijing, width: Double = 10_000) -> MapView {
        MapView(center: center, width: MapWidth(metres: width), area: Self.area)
    }

    @Test("As much as was asked for is to be seen, and not twice as much", arguments: [100.0, 2_000, 10_000, 500_000, 5_000_000])
    func width(metres: Double) {
        let view = view(width: metres)
        let shown = view.columnWidth * 80
        #expect(shown >= metres * 0.999)
        #expect(shown < metres * 2.001 || view.zoom == MapView.zooms.upperBound)
        #expect(abs(view.center.longitude - 116.4074) < 1e-8 && abs(view.center.latitude - 39.9042) < 1e-8)
    }

    @Test("What a request asks for is what is to be seen, and no more cells than there may be", arguments: 0..<200)
    func requests(seed: Int) throws {
        var state = UInt64(seed)
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let area = MapView.Area(columns: 1 + next(400), rows: 1 + next(120))
        let place = MapPlace(latitude: Double(next(180) - 90), longitude: Double(next(360) - 180))
        var view = MapView(center: place, width: MapWidth(metres: 1000), area: area)
        view.zoom(by: -next(20))
        view.pan(columns: next(1000) - 500, rows: next(1000) - 500)
        let (west, south, east, north) = view.bounds.degrees
        #expect((-180...180).contains(west) && (-180...180).contains(east) && south < north && north <= 85.06 && south >= -85.06)
        let answer = try MapDaemon().map((west, south, east, north), level: view.level)
        let side = Double(1 << answer.level)
        let columns = (answer.bounds.width * side).rounded()
        let rows = (answer.bounds.height * side).rounded()
        #expect(columns * rows <= 4096, "\(columns) × \(rows) at \(view)")
        #expect(answer.level <= view.zoom && answer.level <= 14)
    }

    @Test("Zooming keeps the middle, and ends somewhere")
    func zoom() {
        var view = view()
        let center = view.center
        for _ in 0..<30 { view.zoom(by: 1) }
        #expect(view.zoom == MapView.zooms.upperBound)
        #expect(view.center == center)
        for _ in 0..<30 { view.zoom(by: -1) }
        #expect(view.zoom == MapView.zooms.lowerBound)
        // The whole world is narrower than the screen, and in its middle.
        #expect(view.bounds.degrees == (-180, view.bounds.degrees.south, 180, view.bounds.degrees.north))
        #expect(view.left == -24 && view.top == -2)
    }

    @Test("To the east one comes back from the west; in the north it ends")
    func pan() {
        var view = view(width: 5_000_000)
        let start = view
        for _ in 0..<view.worldColumns / 8 { view.take(.right, start: start) }
        #expect(view == start)
        for _ in 0..<100 { view.take(.up, start: start) }
        #expect(view.top == 0 && view.bounds.degrees.north > 85.05)
        for _ in 0..<100 { view.take(.farDown, start: start) }
        #expect(view.top == view.worldRows - 20)
        view.take(.start, start: start)
        #expect(view == start)
        for (there, back) in [(MapKey.left, MapKey.right), (.farLeft, .farRight), (.down, .up), (.farDown, .farUp), (.zoomIn, .zoomOut)] {
            view.take(there, start: start)
            #expect(view != start)
            view.take(back, start: start)
            #expect(view == start, "\(there)")
        }
    }

    @Test("Across the antimeridian a view is one, and says its edges as the daemon does")
    func antimeridian() throws {
        let view = view(MapPlace(latitude: 0, longitude: 180), width: 1_000_000)
        let (west, _, east, _) = view.bounds.degrees
        #expect(west > 170 && east < -170)
        let one = try #require(view.character(x: Mercator.x(179.9), y: 0.5))
        let other = try #require(view.character(x: Mercator.x(-179.9), y: 0.5))
        #expect(one.column < other.column && other.column - one.column < 4)
    }

    @Test("Another size keeps the middle; help goes away by any key")
    func resize() {
        var view = view()
        let center = view.center
        view.resize(to: MapView.Area(columns: 132, rows: 39))
        #expect(view.center == center)
        let start = view
        view.take(.help, start: start)
        #expect(view.showsHelp)
        view.take(.right, start: start)
        #expect(view == start)
    }

    @Test(
        arguments: [
            ("q", [.quit]), ("\u{3}", [.quit]), ("?", [.help]), ("hjkl", [.left, .down, .up, .right]),
            ("HJKL", [.farLeft, .farDown, .farUp, .farRight]), ("+=-_", [.zoomIn, .zoomIn, .zoomOut, .zoomOut]),
            ("r0", [.refresh, .start]),
            ("\u{1B}[A\u{1B}[B\u{1B}OC\u{1B}[D", [.up, .down, .right, .left]), ("\u{1B}[5~\u{1B}[6~\u{1B}[H", [.farUp, .farDown, .start]),
            ("\u{1A}x\u{1B}[1;5A\u{1B}[Z", [.suspend, .other, .other, .other]),
        ] as [(String, [MapKey])])
    func keys(bytes: String, keys: [MapKey]) {
        var presses = KeyPresses()
        #expect(presses.take(bytes.utf8).map { MapKey($0) } == keys)
        var pieces = KeyPresses()
        #expect(bytes.utf8.flatMap { pieces.take([$0]) }.map { MapKey($0) } == keys)
    }

    @Test(
        arguments: [
            ("39.9042,116.4074", 39.9042, 116.4074), ("-33.9, 18.4", -33.9, 18.4), ("90,-180", 90, -180), ("91,0", nil, nil),
            ("0,181", nil, nil), ("1", nil, nil), ("1,2,3", nil, nil), ("", nil, nil), ("nan,0", nil, nil), ("a,b", nil, nil),
        ] as [(String, Double?, Double?)])
    func places(text: String, latitude: Double?, longitude: Double?) {
        let place = MapPlace(text)
        #expect(place?.latitude == latitude && place?.longitude == longitude)
    }

    @Test(
        arguments: [
            ("10km", 10_000), ("2.5 km", 2_500), ("800m", 800), ("300", 300), ("99m", nil), ("50000km", nil), ("km", nil), ("-5km", nil),
            ("10mi", nil), ("", nil),
        ] as [(String, Double?)])
    func widths(text: String, metres: Double?) { #expect(MapWidth(text)?.metres == metres) }
}
