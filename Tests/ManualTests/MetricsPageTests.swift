import Foundation
import Testing
import VicinityMetrics

/// docs/metrics.md says what the code says.
@Suite("The page of the metrics")
struct MetricsPageTests {
    @Test("Every metric is in the table, as it is in the code")
    func table() throws {
        let file = Page.root.appending(path: "docs/metrics.md")
        let page = try String(contentsOf: file, encoding: .utf8)
        let rows = MetricFamily.all.map { family in
            let ending =
                switch family.kind {
                case .counter: "_total"
                case .info: "_info"
                case .gauge, .histogram: ""
                }
            let labels = family.labels.map { "`\($0)`" }.joined(separator: " ")
            return "| `\(family.name)\(ending)` | \(family.kind.rawValue) | \(family.unit ?? "") | \(labels) | \(family.help) |\n"
        }
        let table = "| metric | kind | unit | labels | what it says |\n| --- | --- | --- | --- | --- |\n" + rows.joined()
        let begin = try #require(page.firstRange(of: "<!-- metrics -->\n")).upperBound
        let end = try #require(page.firstRange(of: "<!-- end -->")).lowerBound
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try (page[..<begin] + table + page[end...]).write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(page[begin..<end] == table, "docs/metrics.md is out of date: VICINITY_UPDATE_GOLDEN=1 writes it anew")
    }
}
