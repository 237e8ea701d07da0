// What the daemon measures, as `metrics` tells it: the text format of OpenMetrics 1.0.0, read.
//
//     # TYPE vicinity_fixes counter
//     vicinity_fixes_total{result="accepted"} 115088
//     # EOF
//
// https://prometheus.io/docs/specs/om/open_metrics_spec/#text-format
//
// Only samples are kept. Whoever asks for one knows what it is, so that comments say nothing here; a timestamp and an exemplar behind a
// value are passed over.

/// Why a text is no exposition.
package struct MetricsFault: Error, Equatable, Sendable {
    /// A clause: "expected a value".
    package let why: String
    /// From 1.
    package let line: Int
}

/// All samples of one exposition.
package struct MetricsSample: Equatable, Sendable {
    package struct Label: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    /// One number, with what tells it from the others of its name.
    package struct Series: Equatable, Sendable {
        package let labels: [Label]
        package let value: Double

        /// The value of a label; `nil` if it has none of this name.
        package subscript(_ label: String) -> String? { labels.first { $0.name == label }?.value }
    }

    private let series: [String: [Series]]

    /// - Throws: ``MetricsFault`` for a text that is cut off, too: half of the truth is none.
    package init(parsing text: String) throws(MetricsFault) {
        var reader = MetricsReader(bytes: Array(text.utf8))
        series = try reader.series()
    }

    /// All series of a name as it stands in the text, `_total` and the like included; in the order of the text.
    package func all(_ name: String) -> [Series] { series[name] ?? [] }

    /// The only series of a name; `nil` if there is none.
    package func value(_ name: String) -> Double? { series[name]?.first?.value }

    /// The histogram of a name; `nil` if there is none, or it does not reach up to infinity.
    package func histogram(_ name: String) -> LatencyBuckets? {
        let buckets = all("\(name)_bucket").compactMap { bucket in
            bucket["le"].flatMap { Double($0) }.map { (bound: $0, count: bucket.value) }
        }.sorted { $0.bound < $1.bound }
        guard let last = buckets.last, last.bound == .infinity else { return nil }
        // In the text each bucket counts what is in the ones before it, too.
        let counts = zip(buckets, [0] + buckets.map(\.count)).map { $0.count - $1 }
        return LatencyBuckets(bounds: buckets.dropLast().map(\.bound), counts: counts)
    }
}

/// Bytes to samples, in one pass.
private struct MetricsReader {
    let bytes: [UInt8]
    var position = 0
    var line = 1

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func series() throws(MetricsFault) -> [String: [MetricsSample.Series]] {
        var series: [String: [MetricsSample.Series]] = [:]
        var hasEnded = false
        while position < bytes.count {
            guard !hasEnded else { throw fault("something follows # EOF") }
            if bytes[position] == UInt8(ascii: "#") {
                hasEnded = restOfLine() == "# EOF"
            } else {
                let (name, sample) = try sample()
                series[name, default: []].append(sample)
            }
            line += 1
        }
        guard hasEnded else { throw fault("the text ends without # EOF") }
        return series
    }

    private mutating func sample() throws(MetricsFault) -> (name: String, MetricsSample.Series) {
        let name = name()
        guard !name.isEmpty else { throw fault("expected a name") }
        var labels: [MetricsSample.Label] = []
        if skip("{"), !skip("}") {
            repeat { labels.append(try label()) } while skip(",")
            guard skip("}") else { throw fault("expected a comma or a brace after a label") }
        }
        guard skip(" ") else { throw fault("expected a space before the value") }
        let words = restOfLine().prefix { $0 != " " }
        guard let value = Double(words) else { throw fault("expected a value") }
        return (name, MetricsSample.Series(labels: labels, value: value))
    }

    private mutating func label() throws(MetricsFault) -> MetricsSample.Label {
        let name = name()
        guard !name.isEmpty, skip("="), skip("\"") else { throw fault("expected a label") }
        var value: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\n") { break }
            position += 1
            if byte == UInt8(ascii: "\"") { return MetricsSample.Label(name: name, value: String(decoding: value, as: UTF8.self)) }
            value.append(contentsOf: byte == UInt8(ascii: "\\") ? escaped() : [byte])
        }
        throw fault("a label's value has no end")
    }

    /// What stands behind a backslash. One that escapes nothing is a backslash.
    private mutating func escaped() -> [UInt8] {
        for (letter, meaning) in [("n", "\n"), ("\\", "\\"), ("\"", "\"")] where skip(letter) { return Array(meaning.utf8) }
        return [UInt8(ascii: "\\")]
    }

    /// Letters, digits, underlines and colons; empty if there is none.
    private mutating func name() -> String {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                position += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9") where position > start: position += 1
            default: return String(decoding: bytes[start..<position], as: UTF8.self)
            }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Takes one character of ASCII, if it is there.
    private mutating func skip(_ character: String) -> Bool {
        guard position < bytes.count, bytes[position] == character.utf8.first else { return false }
        position += 1
        return true
    }

    /// Up to the newline, which is taken too.
    private mutating func restOfLine() -> String {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        defer { position = min(bytes.count, end + 1) }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    private func fault(_ why: String) -> MetricsFault { MetricsFault(why: why, line: line) }
}
