import Testing

@testable import VicinityClient

@Suite struct TextTests {
    @Test func status() throws {
        let status = try StatusText(JSONValue(parsing: Fixture.text("status.json")))
        #expect(status.isDegraded)
        try Fixture.expect(status.text() + "\n", equals: "status.txt")
        try Fixture.expect(status.text(isColoured: true) + "\n", equals: "status-coloured.txt")
    }

    /// A daemon of another version may leave things out; that is no reason to fail.
    @Test func emptyStatus() throws {
        let status = StatusText(.object([]))
        #expect(!status.isDegraded)
        try Fixture.expect(status.text() + "\n", equals: "status-empty.txt")
    }

    @Test func config() throws {
        let answer = try JSONValue(parsing: Fixture.text("config.json"))
        let all = try #require(ConfigText.text(answer, keys: []))
        try Fixture.expect(all + "\n", equals: "config.txt")
        #expect(ConfigText.text(answer, keys: ["halo.radius"]) == "halo.radius  500  (default)")
        #expect(ConfigText.text(answer, keys: ["halo"])?.split(separator: "\n").count == 2)
        #expect(ConfigText.text(answer, keys: ["hal"]) == nil)
    }

    @Test func subjects() throws {
        let subject = try JSONValue(
            parsing:
                #"{"id":"s-9","kind":"toll","lat":39.90,"lon":116.4,"name":"Gate 9","details":{"fee":2.50},"suspended":true,"moving":false}"#
        )
        #expect(SubjectText.line(subject) == "s-9  toll  39.90,116.4  Gate 9  (suspended)")
        try Fixture.expect(SubjectText.record(subject) + "\n", equals: "subject.txt")
    }

    @Test func reports() throws {
        let text = ReportText(EventPrinter { _ in 0 })
        let open = try JSONValue(
            parsing:
                #"{"report":17,"user":"u-17","subject":"s-9","kind":"dispute","text":"gone\nsince May","ts":1732290000123,"state":"open"}"#)
        #expect(text.line(open) == "#17  2024-11-22 15:40:00.123  dispute  s-9  user u-17  open  \"gone\u{FFFD}since May\"")
        let resolved = try JSONValue(
            parsing:
                #"{"report":18,"user":null,"subject":"s","kind":"tip","text":null,"ts":0,"state":"resolved","outcome":"kept","note":"n"}"#)
        #expect(text.line(resolved) == "#18  1970-01-01 00:00:00.000  tip  s  user unknown  resolved: kept (n)")
        #expect(
            ReportText.details(try JSONValue(parsing: #"{"fields":{"phone":"1 2","open":{"mo":[8,18]}}}"#))
                == "phone: 1 2\nopen: {\"mo\":[8,18]}")
        #expect(ReportText.details(try JSONValue(parsing: #"{"fields":{}}"#)) == "no field that may be shown")
    }

    @Test func spans() {
        #expect(
            [450, 31_333, 303_000, 8_040_000, 273_600_000].map { spanText(milliseconds: $0) } == [
                "450 ms", "31.3 s", "5 min 3 s", "2 h 14 min", "3 d 4 h",
            ])
        #expect(TimeSpan("30s")?.milliseconds == 30_000)
        #expect(TimeSpan("1h 30min")?.milliseconds == 5_400_000)
        #expect(TimeSpan("0.5")?.milliseconds == 500)
        #expect(TimeSpan("0")?.milliseconds == 0)
        for text in ["", "s", "-1s", "5 parsecs", "1..5s", "1e30", "11000d", "NaN"] { #expect(TimeSpan(text) == nil, "\(text)") }
    }

    @Test func numbers() {
        #expect([0, 999, 1000, -1_234_567].map { grouped($0) } == ["0", "999", "1,000", "-1,234,567"])
        #expect(counted(1, "line") == "1 line")
        #expect(counted(0, "line") == "0 lines")
    }

    @Test func sizes() {
        #expect(
            [0, 999, 1000, 185_144, 5_000_000, 1_503_238_553].map { byteText($0) } == [
                "0 B", "999 B", "1.0 KiB", "181 KiB", "4.8 MiB", "1.4 GiB",
            ])
    }

    @Test func subscribers() throws {
        #expect(SubscribersText.list(.object([])) == "no named subscribers")
        let answer = try JSONValue(parsing: #"{"subscribers":[{"name":"relay-1","acked":4,"lag":1234,"connected":true}]}"#)
        #expect(SubscribersText.list(answer) == "relay-1  acked #4, 1,234 behind, connected")
    }

    @Test func progress() {
        func text(_ done: Int64, _ total: Int64?, width: Int) -> String {
            ProgressBar.text(label: "sending", done: done, of: total, count: 52_000, unit: "lines", elapsed: 2_000, width: width)
        }
        #expect(text(45, 100, width: 80) == "sending  [############................]  45%  52,000 lines  26,000/s  0:02 left")
        #expect(text(0, nil, width: 80) == "sending  52,000 lines  26,000/s")
        #expect(text(200, 100, width: 80).contains("100%"))
        for width in 0..<200 { #expect(text(45, 100, width: width).count <= max(0, width - 1)) }
    }

    /// Nothing in the first second, then ten times a second; and it takes away what it has drawn.
    @Test func progressIsPatient() throws {
        let terminal = try PseudoTerminal()
        var bar = ProgressBar("listing", counting: "rows", on: terminal.console, now: 5_000)
        bar.update(done: 0, of: nil, count: 900, now: 5_999)
        bar.clear()
        #expect(terminal.shown().isEmpty)
        for now: Int64 in [6_000, 6_050, 6_099, 6_100] { bar.update(done: 0, of: nil, count: now, now: now) }
        #expect(terminal.shown() == "\r" + "listing  6,000 rows  6,000/s\u{1B}[K\r" + "listing  6,100 rows  5,545/s\u{1B}[K")
        bar.clear()
        bar.clear()
        #expect(terminal.shown() == "\r\u{1B}[K")
        bar.update(done: 0, of: nil, count: 1, now: 6_150)
        #expect(terminal.shown().isEmpty)

        var late = ProgressBar("listing", counting: "rows", on: terminal.console, now: 5_000, patience: 0)
        late.update(done: 0, of: nil, count: 1, now: 5_000)
        #expect(terminal.shown() == "\r" + "listing  1 rows  0/s\u{1B}[K")
    }

    @Test func sendSummary() {
        var refusals = RefusalTally()
        for line in UInt64(1)...5 { refusals.count(line: line * 10, code: "bad_latitude", message: "lat is 91.2") }
        refusals.count(line: 7, code: "future_fix", message: "ts is 11 s past now")
        refusals.sumUp(7_311)
        let summary = SendSummary(
            dealtWith: 115_088, unknown: 12, sentAgain: 1_234, reconnects: 2, refusals: refusals, milliseconds: 3_200, shiftsToNow: true)
        #expect(
            summary.text { "a.ndjson:\($0)" } == """
                115,088 lines dealt with in 3.2 s (35,965/s), 7,317 refused
                  bad_latitude: 5
                    a.ndjson:10: lat is 91.2
                    a.ndjson:20: lat is 91.2
                    a.ndjson:30: lat is 91.2
                  future_fix: 1
                    a.ndjson:7: ts is 11 s past now
                  summed up by the daemon: 7,311
                  (--now dates the first line to the present, and the others lie after it: add --speed 1x)
                2 reconnects, 1,234 lines sent again
                12 lines without an ack; to go on, send again from a.ndjson:115089 on
                """)
    }
}
