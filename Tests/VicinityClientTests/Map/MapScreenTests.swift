import Testing

@testable import VicinityClient

@Suite struct MapScreenTests {
    private static let sizes = [TopScreen.Size(columns: 80, rows: 24), .init(columns: 132, rows: 43)]
    private static let beijing = MapPlace(latitude: 39.9042, longitude: 116.4074)

    /// What an operator sees who has pressed some keys and got the answers.
    private func screen(
        _ daemon: MapDaemon = MapDaemon(), at center: MapPlace? = beijing, width: Double = 20_000, users: [String] = [],
        keys: [MapKey] = [], trouble: TopScreen.Trouble? = nil, size: TopScreen.Size? = TopScreen.smallest, isUnicode: Bool = true
    ) throws -> MapScreen {
        let area = MapScreen.area(of: size)
        let all = try daemon.map().bounds
        let start =
            center.map { MapView(center: $0, width: MapWidth(metres: width), area: area) }
            ?? MapView(fitting: all, atLeast: MapRun.standardWidth, area: area)
        var view = start
        for key in keys { view.take(key, start: start) }
        let model = try daemon.model(view.bounds.degrees, level: view.level, users: users)
        return MapScreen(
            model, view: view, trouble: trouble, size: size, isUnicode: isUnicode, printer: EventPrinter { _ in 0 })
    }

    private func expect(_ screen: MapScreen, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
        if let size = screen.size {
            #expect(screen.lines.count == size.rows, sourceLocation: location)
            #expect(screen.lines.allSatisfy { $0.columns <= size.columns }, sourceLocation: location)
        }
        let suffix = screen.size.map { "-\($0.columns)x\($0.rows)" } ?? ""
        try Fixture.expect(screen.plainText + "\n", equals: "map/\(name)\(suffix).txt", location)
    }

    @Test(arguments: sizes) func town(size: TopScreen.Size) throws { try expect(screen(size: size), "town") }

    @Test(arguments: sizes) func fitted(size: TopScreen.Size) throws { try expect(screen(at: nil, size: size), "fitted") }

    @Test func halos() throws { try expect(screen(users: ["u-17", "ю-2", "away"]), "halos") }

    /// Nearer than cells are small: a cell is many characters wide.
    @Test func near() throws { try expect(screen(width: 4_000, users: ["u-17"], keys: [.zoomIn, .up]), "near") }

    @Test func world() throws { try expect(screen(keys: Array(repeating: .zoomOut, count: 20)), "world") }

    /// In a locale that knows no other characters.
    @Test func ascii() throws {
        let screen = try screen(users: ["u-17", "ю-2"], isUnicode: false)
        try expect(screen, "ascii")
        #expect(screen.plainText.allSatisfy { $0.isASCII })
    }

    @Test func plain() throws { try expect(screen(users: ["u-17"], size: nil), "plain") }

    @Test(arguments: sizes) func help(size: TopScreen.Size) throws { try expect(screen(keys: [.help], size: size), "help") }

    @Test func away() throws {
        let fault = ClientFault.unreachable(socket: "/run/vicinity/control.sock", why: "connection refused")
        try expect(screen(trouble: .away(12_345, fault)), "away")
    }

    @Test func nothing() throws {
        var daemon = MapDaemon()
        daemon.places = []
        try expect(screen(daemon), "nothing")
        daemon.places = [.init(latitude: 39.9042, longitude: 116.4074, users: 1000)]
        daemon.floor = 0
        try expect(screen(daemon), "untold")
    }

    @Test func manyKinds() throws {
        var daemon = MapDaemon()
        daemon.places = (0..<40).map { number in
            let (latitude, longitude) = (39.86 + Double(number % 7) / 80, 116.36 + Double(number / 7) / 50)
            return MapDaemon.Place(latitude: latitude, longitude: longitude, kind: "kind \(number)", subjects: Int64(40 - number))
        }
        daemon.places.append(.init(latitude: 39.9, longitude: 116.4, kind: "evil\u{1B}[31m", subjects: 99))
        let screen = try screen(daemon)
        try expect(screen, "kinds")
        #expect(!screen.plainText.unicodeScalars.contains { $0.isControl && $0 != "\n" })
    }

    /// The islands that are on both sides of it, seen as one.
    @Test func antimeridian() throws {
        var daemon = MapDaemon()
        daemon.places = [
            .init(latitude: -17.8, longitude: 178.0, users: 500, subjects: 4),
            .init(latitude: -16.8, longitude: -179.9, users: 20, kind: "bus", subjects: 1),
        ]
        daemon.users = ["u": .init(latitude: -17.3, longitude: 179.9, radius: 100_000)]
        try expect(screen(daemon, at: MapPlace(latitude: -17.3, longitude: 179.5), width: 600_000, users: ["u"]), "antimeridian")
    }

    @Test func styles() throws {
        let lines = try screen(users: ["u-17"]).lines
        try Fixture.expect(
            lines.map { $0.text(isStyled: true).replacing("\u{1B}", with: "^[") }.joined(separator: "\n") + "\n",
            equals: "map/styled-80x24.txt")
    }

    /// Every window gets as many lines as it has, none of them too wide, and the keys on the last.
    @Test func everySizeIsFilled() throws {
        for keys in [[], [MapKey.help], [.zoomOut, .zoomOut, .farUp, .farUp, .farUp]] {
            for (columns, rows) in [(1, 1), (2, 3), (10, 5), (40, 10), (79, 23), (81, 24), (100, 30), (160, 50), (500, 200)] {
                let screen = try screen(keys: keys, size: TopScreen.Size(columns: columns, rows: rows))
                #expect(screen.lines.count == rows, "\(columns) × \(rows)")
                #expect(screen.lines.allSatisfy { $0.columns <= columns }, "\(columns) × \(rows)")
                if columns >= 40 { #expect(screen.lines.last?.text(isStyled: false).contains("q quit") == true) }
            }
        }
    }

    /// A kind keeps its letter, whatever comes into view.
    @Test func letters() {
        var letters = MapLetters()
        letters.learn(["toll", "tram", "", "школа"])
        #expect([letters["toll"], letters["tram"], letters[""], letters["школа"], letters["unknown"]] == ["T", "R", "*", "A", "?"])
        letters.learn(["ananas", "toll", "ttrraa"])
        #expect([letters["toll"], letters["ananas"], letters["ttrraa"]] == ["T", "N", "B"])
        letters.learn((0..<30).map { "\($0)" })
        #expect(letters["21"] == "a" && letters["tram"] == "R" && letters["toll"] == "T")
        letters.learn((30..<90).map { "\($0)" })
        #expect(letters["89"] == "?")
    }

    @Test(
        arguments: [
            (10, [(0, 10), (1, 50), (2, 500), (3, 5000)]), (100, [(1, 100), (2, 500), (3, 5000)]), (6000, [(3, 6000)]),
            (50, [(1, 50), (2, 500), (3, 5000)]),
        ] as [(Int64, [(Int, Int64)])])
    func shades(floor: Int64, all: [(Int, Int64)]) {
        #expect(MapShade.all(floor: floor).map { "\($0)" } == all.map { "(shade: \($0.0), least: \($0.1))" })
    }
}
