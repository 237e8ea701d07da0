import Testing

@testable import VicinityClient

@Suite struct TopScreenTests {
    private static let sizes = [TopScreen.Size(columns: 80, rows: 24), .init(columns: 132, rows: 43)]

    private func screen(
        _ daemon: TopDaemon = TopDaemon(), keys: [TopKey] = [], trouble: TopScreen.Trouble? = nil,
        size: TopScreen.Size? = TopScreen.smallest
    ) throws -> TopScreen {
        let model = try daemon.model()
        var view = TopView()
        func made() -> TopScreen {
            TopScreen(model, view: view, trouble: trouble, size: size, interval: 1_000, printer: EventPrinter { _ in 0 })
        }
        for key in keys { view.take(key, in: made().room) }
        return made()
    }

    private func expect(_ screen: TopScreen, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
        if let size = screen.size {
            #expect(screen.lines.count == size.rows, sourceLocation: location)
            #expect(screen.lines.allSatisfy { $0.columns <= size.columns }, sourceLocation: location)
        }
        let suffix = screen.size.map { "-\($0.columns)x\($0.rows)" } ?? ""
        try Fixture.expect(screen.plainText + "\n", equals: "top/\(name)\(suffix).txt", location)
    }

    private static var degraded: TopDaemon {
        var daemon = TopDaemon()
        daemon.reasons = [
            "store_slow: a commit takes 2.3 s", "subscriber_lag: night-relay is 90,000 events behind",
            "disk: the file system of /var/lib/vicinity has 41 MiB left, which is less than the 512 MiB that limits.disk_free wants",
        ]
        daemon.codes = ["bad_json": 7, "bad_latitude": 2, "bad_longitude": 1, "future_fix": 4_000, "missing_user": 31, "too_long": 5]
        daemon.unnamedLag = 12_345
        daemon.subscribers += [
            .init(name: "a-relay-with-a-name-that-is-longer-than-its-column", isConnected: false, lag: 90_000),
            .init(name: "收费站的中继", isConnected: true, lag: 3), .init(name: "evil\u{1B}[31m", isConnected: true, lag: 2),
        ]
        daemon.gateways += [.init(id: 12, pid: 901, lines: 250_000, age: 31.25), .init(id: 13, pid: 902, lines: 9, age: 2.5)]
        return daemon
    }

    private static var forlorn: TopDaemon {
        var daemon = TopDaemon()
        daemon.reasons = (1...6).map { "part\($0): it is not as it should be, and this sentence is longer than the window is wide" }
        daemon.queues[0].1 = 8_000_000
        return daemon
    }

    private static var crowded: TopDaemon {
        var daemon = TopDaemon()
        daemon.gateways = (1...120).map { .init(id: $0, pid: 2_000 + $0 * 7 % 120, lines: $0 * 37 % 100, age: Double($0 % 10) / 1000) }
        return daemon
    }

    @Test(arguments: sizes) func healthy(size: TopScreen.Size) throws { try expect(screen(size: size), "healthy") }

    @Test(arguments: sizes) func degraded(size: TopScreen.Size) throws { try expect(screen(Self.degraded, size: size), "degraded") }

    @Test func forlorn() throws { try expect(screen(Self.forlorn), "forlorn") }

    @Test(arguments: sizes) func scrolled(size: TopScreen.Size) throws {
        try expect(screen(Self.crowded, keys: [.gateways, .reverse, .pageDown, .down, .pause], size: size), "scrolled")
    }

    @Test(arguments: sizes) func help(size: TopScreen.Size) throws { try expect(screen(keys: [.help], size: size), "help") }

    @Test(arguments: sizes) func away(size: TopScreen.Size) throws {
        let fault = ClientFault.unreachable(socket: "/run/vicinity/control.sock", why: "connection refused")
        try expect(screen(keys: [.subscribers], trouble: .away(12_345, fault), size: size), "away")
    }

    @Test func silent() throws { try expect(screen(trouble: .silent(7_890)), "silent") }

    /// For a ticket: nothing is cut off, and nothing is said that only an eye at a terminal could use.
    @Test func plain() throws {
        try expect(screen(Self.degraded, size: nil), "plain")
        #expect(try screen(Self.crowded, size: nil).lines.count > 130)
    }

    @Test func nothingIsThere() throws {
        let nothing = try TopReading(status: .object([]), metrics: MetricsSample(parsing: "# EOF\n"), time: 0, wall: 0)
        try expect(TopScreen(TopModel(nothing), size: TopScreen.smallest, interval: 500, printer: EventPrinter { _ in 0 }), "nothing")
    }

    /// What stands out does so in colours.
    @Test func styles() throws {
        let lines = try screen(Self.degraded).lines
        try Fixture.expect(
            lines.map { $0.text(isStyled: true).replacing("\u{1B}", with: "^[") }.joined(separator: "\n") + "\n",
            equals: "top/styled-80x24.txt")
        #expect(lines.allSatisfy { !$0.text(isStyled: false).unicodeScalars.contains { $0.isControl } })
    }

    /// Every window gets as many lines as it has, none of them too wide, and the keys on the last.
    @Test func everySizeIsFilled() throws {
        let model = try Self.degraded.model()
        var help = TopView()
        help.showsHelp = true
        for view in [TopView(), help] {
            for (columns, rows) in [(0, 0), (1, 1), (2, 3), (10, 5), (40, 10), (79, 23), (81, 24), (100, 30), (160, 50), (500, 200)] {
                let screen = TopScreen(model, view: view, size: TopScreen.Size(columns: columns, rows: rows), interval: 1_000)
                #expect(screen.lines.count == rows, "\(columns) × \(rows)")
                #expect(screen.lines.allSatisfy { $0.columns <= columns }, "\(columns) × \(rows)")
                if rows > 0, columns >= 40 { #expect(screen.lines.last?.text(isStyled: false).contains("q") == true) }
            }
        }
    }

    private func rows(_ keys: [TopKey], column: Int) throws -> [String] {
        let lines = try screen(Self.degraded, keys: keys, size: .init(columns: 80, rows: 40)).lines.map { $0.text(isStyled: false) }
        let heading = try #require(lines.firstIndex { $0.contains("GATEWAYS") })
        return lines[(heading + 2)...].prefix(4).map { line in
            line.dropFirst(column).split(separator: " ", omittingEmptySubsequences: true).first.map(String.init) ?? ""
        }
    }

    @Test(
        arguments: [
            ([], ["12", "13", "3", "11"]), ([.reverse], ["11", "3", "13", "12"]), ([.gateways], ["12", "3", "13", "11"]),
            ([.gateways, .gateways], ["3", "11", "12", "13"]), ([.gateways, .gateways, .gateways], ["3", "12", "13", "11"]),
        ] as [([TopKey], [String])])
    func gatewaysAreSorted(keys: [TopKey], ids: [String]) throws { #expect(try rows(keys, column: 0) == ids) }

    @Test(
        arguments: [
            ([], ["a-relay-with-~", "night-relay", "收费站的中继", "evil\u{FFFD}[31m"]),
            ([.reverse], ["relay-1", "evil\u{FFFD}[31m", "收费站的中继", "night-relay"]),
            ([.subscribers], ["a-relay-with-~", "evil\u{FFFD}[31m", "night-relay", "relay-1"]),
            ([.subscribers, .subscribers], ["a-relay-with-~", "night-relay", "evil\u{FFFD}[31m", "relay-1"]),
        ] as [([TopKey], [String])])
    func subscribersAreSorted(keys: [TopKey], names: [String]) throws { #expect(try rows([.subscribers] + keys, column: 42) == names) }

    @Test(
        arguments: [
            (0.0, "0.0"), (7.25, "7.3"), (99.94, "99.9"), (99.96, "100"), (36_512.4, "36,512"), (1e300, "9,223,372,036,854,775,807"),
            (.nan, "-"), (nil, "-"),
        ] as [(Double?, String)])
    func rates(rate: Double?, text: String) { #expect(TopText.rate(rate) == text) }

    @Test(arguments: [
        (0.00042, "0.42 ms"), (0.0048, "4.8 ms"), (0.00996, "10 ms"), (0.048, "48 ms"), (0.9996, "1.0 s"), (1.24, "1.2 s"), (12, "12 s"),
    ])
    func latencies(seconds: Double, text: String) {
        #expect(TopText.latency(.at(seconds)) == text)
        #expect(TopText.latency(.above(seconds)) == ">" + text)
    }

    @Test func bars() {
        #expect([0, 0.001, 0.5, 1, 7].map { TopText.bar($0, width: 4) } == ["....", "#...", "##..", "####", "####"])
        #expect(TopText.pace(1_000) == "1 s" && TopText.pace(500) == "500 ms" && TopText.pace(120_000) == "2 min")
    }

    /// A terminal counts columns, not characters.
    @Test func columns() {
        #expect(["abc", "收费站", "e\u{301}", "🙂", "\u{200B}", "ｱ", "한"].map(\.columns) == [3, 6, 1, 2, 0, 1, 2])
        #expect("收费站".clipped(toColumns: 5) == "收费~")
        #expect("收费站".clipped(toColumns: 4) == "收~")
        #expect("收费站".fitted(toColumns: 4) == "收~ ")
        #expect("ab".fitted(toColumns: 4, alignedRight: true) == "  ab")
        #expect("abc".clipped(toColumns: 0).isEmpty)
        #expect("one two three".wrapped(toColumns: 7) == ["one two", "three"])
        #expect("incomprehensible word".wrapped(toColumns: 6) == ["incom~", "word"])
        #expect("".wrapped(toColumns: 6) == [""])
    }
}
