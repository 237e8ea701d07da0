// The text of the exposition, to the byte.

import Testing

@testable import VicinityMetrics

@Suite("OpenMetrics")
struct ExpositionTests {
    @Test("Families, labels and values are written as the format wants them")
    func text() {
        var exposition = Exposition()
        exposition.add(MetricFamily("a_build", .info, labels: ["version"], "What runs."), ["1.0"], 1)
        exposition.add(MetricFamily("a_lines", .counter, labels: ["code"], "Back\\slash and\nnewline."), ["x\"y\\z\n"], Int64(7))
        let age = MetricFamily("a_age_seconds", .gauge, unit: "seconds", "An age.")
        exposition.add(age, Seconds(milliseconds: 1500))
        exposition.addNone(of: MetricFamily("a_lag", .gauge, labels: ["name"], "Nobody's."))
        exposition.add(MetricFamily("a_flag", .gauge, "Yes or no."), true)
        #expect(
            exposition.finished() == """
                # TYPE a_build info
                # HELP a_build What runs.
                a_build_info{version="1.0"} 1
                # TYPE a_lines counter
                # HELP a_lines Back\\\\slash and\\nnewline.
                a_lines_total{code="x\\"y\\\\z\\n"} 7
                # TYPE a_age_seconds gauge
                # UNIT a_age_seconds seconds
                # HELP a_age_seconds An age.
                a_age_seconds 1.5
                # TYPE a_lag gauge
                # HELP a_lag Nobody's.
                # TYPE a_flag gauge
                # HELP a_flag Yes or no.
                a_flag 1
                # EOF

                """)
    }

    @Test("A histogram's buckets add up, the last one is all, and the sum is of the times themselves")
    func histogram() {
        let histogram = LatencyHistogram()
        histogram.record(100_000)
        histogram.record(100_001, count: 3)
        histogram.record(-5)
        histogram.record(11_000_000_000)
        histogram.record(1, count: 0)
        var exposition = Exposition()
        exposition.add(MetricFamily("t_seconds", .histogram, unit: "seconds", "Times."), histogram.reading)
        let lines = exposition.finished().split(separator: "\n").map(String.init)
        #expect(lines[3] == "t_seconds_bucket{le=\"0.0001\"} 2")
        #expect(lines[4] == "t_seconds_bucket{le=\"0.00025\"} 5")
        #expect(lines[lines.count - 5] == "t_seconds_bucket{le=\"10.0\"} 5")
        #expect(lines.suffix(4) == ["t_seconds_bucket{le=\"+Inf\"} 6", "t_seconds_count 6", "t_seconds_sum 11.000400003", "# EOF"])
        #expect(lines.count == 3 + LatencyHistogram.bounds.count + 1 + 2 + 1)
    }

    @Test(
        "Times are written exactly, without an exponent",
        arguments: [
            (0, "0.0"), (1, "0.000000001"), (1_000_000_000, "1.0"), (1_500_000_000, "1.5"), (100_000, "0.0001"),
            (Int64.max, "9223372036.854775807"),
        ])
    func seconds(nanoseconds: Int64, text: String) { #expect(Exposition.seconds(nanoseconds) == text) }

    @Test("Names are of the conventions' form, and each is there once")
    func names() {
        let names = MetricFamily.all.map(\.name)
        #expect(Set(names).count == names.count)
        for family in MetricFamily.all {
            #expect(family.name.hasPrefix("vicinity_"))
            #expect(family.name.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_") })
            #expect(!["_total", "_info", "_count", "_sum", "_bucket"].contains { family.name.hasSuffix($0) }, "\(family.name)")
            #expect(family.help.hasSuffix("."))
            #expect(["seconds", "bytes", nil].contains(family.unit))
            #expect(family.kind != .histogram || family.labels.isEmpty)
        }
    }
}
