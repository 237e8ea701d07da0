// Metrics for those who do not read OpenMetrics: node_exporter's textfile collector, and scrapers that do not ask for it.

package enum PrometheusText {
    /// As HTTP names it.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The same samples in the text format of Prometheus.
    ///
    /// It knows no information and no units, and a counter is called there as its sample is
    /// (https://prometheus.io/docs/instrumenting/exposition_formats/).
    package static func text(ofOpenMetrics text: String) -> String {
        var endings: [Substring: (ending: String, kind: Substring)] = [:]
        var lines: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            switch (words.first, words.count > 1 ? words[1] : "") {
            case ("#", "TYPE") where words.count == 4:
                let ending: (String, Substring) =
                    switch words[3] {
                    case "counter": ("_total", "counter")
                    case "info": ("_info", "gauge")
                    case let kind: ("", kind)
                    }
                endings[words[2]] = ending
                lines.append("# TYPE \(words[2])\(ending.0) \(ending.1)")
            case ("#", "HELP") where words.count == 4:
                lines.append("# HELP \(words[2])\(endings[words[2]]?.ending ?? "") \(words[3])")
            case ("#", _): break
            default: lines.append(String(line))
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
