/// The text of the OpenMetrics exposition, version 1.0.0.
///
/// https://prometheus.io/docs/specs/om/open_metrics_spec/#text-format
package struct Exposition {
    /// As HTTP names it.
    package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private var text = ""
    private var begun: String?

    package init() {}

    /// A value of a counter or a gauge.
    ///
    /// - Parameter labels: values in the order of the family's names.
    /// - Precondition: all samples of a family come one after the other.
    package mutating func add(_ family: MetricFamily, _ labels: [String], _ value: some SampleValue) {
        begin(family)
        let ending =
            switch family.kind {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: ""
            }
        sample(family.name + ending, family, labels, value.text)
    }

    /// The value of a family without labels.
    package mutating func add(_ family: MetricFamily, _ value: some SampleValue) { add(family, [], value) }

    package mutating func add(_ family: MetricFamily, _ reading: LatencyHistogram.Reading) {
        begin(family)
        var count: UInt64 = 0
        for (index, found) in reading.counts.enumerated() {
            count += found
            let bound = index < LatencyHistogram.bounds.count ? Self.seconds(LatencyHistogram.bounds[index]) : "+Inf"
            text += "\(family.name)_bucket{le=\"\(bound)\"} \(count)\n"
        }
        text += "\(family.name)_count \(count)\n\(family.name)_sum \(Self.seconds(Int64(clamping: reading.sum)))\n"
    }

    /// Says that a family has no sample now, as one with labels may have.
    package mutating func addNone(of family: MetricFamily) { begin(family) }

    /// The whole text.
    package func finished() -> String { text + "# EOF\n" }

    private mutating func begin(_ family: MetricFamily) {
        guard begun != family.name else { return }
        begun = family.name
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
        if let unit = family.unit { text += "# UNIT \(family.name) \(unit)\n" }
        text += "# HELP \(family.name) \(Self.escaped(family.help))\n"
    }

    private mutating func sample(_ name: String, _ family: MetricFamily, _ labels: [String], _ value: String) {
        precondition(labels.count == family.labels.count, "\(name) has \(family.labels.count) labels")
        text += name
        if !labels.isEmpty {
            text += "{" + zip(family.labels, labels).map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// Backslash, quote and newline, as the format wants them.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Exactly, without an exponent.
    static func seconds(_ nanoseconds: Int64) -> String {
        let whole = nanoseconds / 1_000_000_000
        let rest = nanoseconds % 1_000_000_000
        guard rest > 0 else { return "\(whole).0" }
        let digits = String(repeating: "0", count: 9 - String(rest).count) + String(rest)
        return "\(whole)." + digits.prefix(digits.lastIndex { $0 != "0" }.map { digits.distance(from: digits.startIndex, to: $0) + 1 } ?? 1)
    }
}

/// What a sample may be.
package protocol SampleValue {
    var text: String { get }
}

extension Int: SampleValue { package var text: String { description } }
extension Int64: SampleValue { package var text: String { description } }
extension Bool: SampleValue { package var text: String { self ? "1" : "0" } }

/// A span of time, which is told in seconds.
package struct Seconds: SampleValue {
    private let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package init(milliseconds: Int64) { nanoseconds = milliseconds * 1_000_000 }

    package var text: String { Exposition.seconds(nanoseconds) }
}
