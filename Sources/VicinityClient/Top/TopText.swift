// Numbers as the screen shows them: few characters, and a stroke for what is not known.

enum TopText {
    /// A second: "7.3", "36,512".
    static func rate(_ rate: Double?) -> String {
        guard let rate, rate.isFinite else { return "-" }
        return rate >= 99.95 ? grouped(Int64(clamping: rate)) : oneDecimal(rate)
    }

    /// A percentile: "0.42 ms", "4.8 ms", "48 ms", "1.2 s", ">10 s".
    static func latency(_ percentile: LatencyBuckets.Percentile?) -> String {
        switch percentile {
        case nil: "-"
        case .at(let seconds): span(seconds)
        case .above(let seconds): ">" + span(seconds)
        }
    }

    private static func span(_ seconds: Double) -> String {
        let milliseconds = seconds * 1000
        switch milliseconds {
        case ..<0.995: return "\((milliseconds * 100).rounded() / 100) ms"
        case ..<9.95: return "\(oneDecimal(milliseconds)) ms"
        case ..<999.5: return "\(Int64(milliseconds.rounded())) ms"
        default: return seconds < 9.95 ? "\(oneDecimal(seconds)) s" : "\(grouped(Int64(clamping: seconds))) s"
        }
    }

    /// How old something is, in seconds: "31.3 s", and a stroke for 0.
    static func age(_ seconds: Double) -> String {
        seconds > 0 ? spanText(milliseconds: Int64(clamping: seconds * 1000)) : "-"
    }

    /// The time between two readings, in milliseconds: "1 s", "500 ms", "2 min".
    static func pace(_ milliseconds: Int64) -> String {
        switch milliseconds {
        case let whole where whole % 60_000 == 0: "\(whole / 60_000) min"
        case let whole where whole % 1000 == 0: "\(whole / 1000) s"
        default: "\(milliseconds) ms"
        }
    }

    static func bytes(_ bytes: Int64?) -> String { bytes.map { byteText($0) } ?? "?" }

    static func whole(_ number: Int64?) -> String { number.map { grouped($0) } ?? "?" }

    /// "12.3%".
    static func percent(_ share: Double?) -> String { share.map { "\(oneDecimal($0 * 100))%" } ?? "-" }

    /// A picture of a share: "###.....". Whatever is above 0 shows.
    static func bar(_ share: Double, width: Int) -> String {
        let filled = share > 0 ? min(width, max(1, Int((min(1, share) * Double(width)).rounded()))) : 0
        return String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    }

    private static func oneDecimal(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}

extension Int64 {
    /// The nearest there is; 0 for what is no number.
    fileprivate init(clamping number: Double) {
        self = number.isNaN ? 0 : Int64(exactly: number.rounded()) ?? (number > 0 ? .max : .min)
    }
}
