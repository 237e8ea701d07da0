import Testing

@testable import VicinityClient

@Suite struct TopReaderTests {
    @Test func samples() throws {
        let sample = try MetricsSample(
            parsing: """
                # TYPE a counter
                # HELP a What "a" is\\n: b{c="d"} 7
                a_total{x="1",y="two"} 12
                a_total{x="2",y=""} 1.5e3
                # TYPE b gauge
                b 0.25
                b_with_braces{} -3
                # EOF

                """)
        let all = sample.all("a_total")
        #expect(all.map(\.value) == [12, 1500])
        #expect(all.map { $0["x"] } == ["1", "2"])
        #expect(all.map { $0["y"] } == ["two", ""])
        #expect(all[0]["z"] == nil)
        #expect(sample.value("b") == 0.25)
        #expect(sample.value("b_with_braces") == -3)
        #expect(sample.value("a") == nil && sample.all("c").isEmpty)
    }

    @Test(arguments: [
        (#"a\"b"#, "a\"b"), (#"a\\b"#, "a\\b"), (#"a\nb"#, "a\nb"), (#"a\\nb"#, "a\\nb"), (#"a\tb"#, "a\\tb"), ("收费站, {x}", "收费站, {x}"),
    ])
    func escapes(written: String, meant: String) throws {
        let sample = try MetricsSample(parsing: "m{l=\"\(written)\",k=\"v\"} 1\n# EOF\n")
        #expect(sample.all("m").first?["l"] == meant)
        #expect(sample.all("m").first?["k"] == "v")
    }

    @Test func numbers() throws {
        let sample = try MetricsSample(parsing: "a +Inf\nb -Inf\nc NaN\nd 9007199254740993\n# EOF\n")
        #expect(sample.value("a") == .infinity)
        #expect(sample.value("b") == -.infinity)
        #expect(sample.value("c")?.isNaN == true)
        #expect(sample.value("d") == 9_007_199_254_740_992)
    }

    /// We send neither, but another version might.
    @Test func timestampsAndExemplarsArePassedOver() throws {
        let text = "a_bucket{le=\"+Inf\"} 4 1732290000.123 # {trace=\"x} 9\"} 0.5 1732290000.1\nb 2 1732290000\n# EOF\n"
        let sample = try MetricsSample(parsing: text)
        #expect(sample.value("a_bucket") == 4)
        #expect(sample.value("b") == 2)
    }

    @Test func histogram() throws {
        let sample = try MetricsSample(
            parsing: """
                t_seconds_bucket{le="0.5"} 3
                t_seconds_bucket{le="1.0"} 3
                t_seconds_bucket{le="+Inf"} 10
                t_seconds_count 10
                t_seconds_sum 12.5
                half_bucket{le="1.0"} 1
                # EOF

                """)
        #expect(sample.histogram("t_seconds") == LatencyBuckets(bounds: [0.5, 1], counts: [3, 0, 7]))
        #expect(sample.histogram("half") == nil)
        #expect(sample.histogram("none") == nil)
    }

    @Test(arguments: [
        ("", "the text ends without # EOF", 1), ("a 1\n", "the text ends without # EOF", 2), ("\n# EOF\n", "expected a name", 1),
        ("a 1\nb x\n# EOF\n", "expected a value", 2), ("a\n# EOF\n", "expected a space before the value", 1),
        ("a{b} 1\n# EOF\n", "expected a label", 1), ("a{b=\"c} 1\n# EOF\n", "a label's value has no end", 1),
        ("a{b=\"c\" 1\n# EOF\n", "expected a comma or a brace after a label", 1), ("a{b=\"c\\", "a label's value has no end", 1),
        ("9a 1\n# EOF\n", "expected a name", 1), ("a 1\n# EOF\nb 2\n", "something follows # EOF", 3), ("a ", "expected a value", 1),
    ])
    func faults(text: String, why: String, line: Int) {
        #expect(throws: MetricsFault(why: why, line: line)) { try MetricsSample(parsing: text) }
    }
}
