// The answer to `status` on one screen.

package struct StatusText {
    private let status: JSONValue

    package init(_ status: JSONValue) {
        self.status = status
    }

    /// Whether the daemon calls itself degraded; scripts see it in the exit status.
    package var isDegraded: Bool { status["health"]?["state"]?.string == "degraded" }

    /// - Parameter isColoured: whether the terminal shall show what is well and what is not.
    package func text(isColoured: Bool = false) -> String {
        let lines = plainLines
        guard isColoured else { return lines.joined(separator: "\n") }
        // The health, which is the second line; nothing else.
        return lines.enumerated().map { index, line in
            guard index == 1 else { return line }
            let colour = isDegraded ? "\u{1B}[1;31m" : "\u{1B}[32m"
            return "\(line.prefix(14))\(colour)\(line.dropFirst(14))\u{1B}[0m"
        }.joined(separator: "\n")
    }

    private var plainLines: [String] {
        var rows: [(String, String)] = [("daemon", daemon), ("health", health)]
        rows.append(("users", "\(number("users")) with a position"))
        rows.append(("subjects", number("subjects")))
        rows.append(("pairs inside", number("pairs_inside")))
        rows.append(("connections", counts("connections", ["ingest", "events", "control"])))
        rows.append(("fixes", counts("fixes", ["accepted", "stale", "inaccurate", "implausible", "invalid"])))
        if let withheld = status["withheld"]?.integer { rows.append(("withheld", grouped(withheld))) }
        rows.append(("events", events))
        if let log { rows.append(("log", log)) }
        if let rates = status["rates"] {
            rows.append(("rates", "\(Self.rate(rates["fixes_per_s"])) fixes/s, \(Self.rate(rates["events_per_s"])) events/s"))
        }
        let lines = rows.map { label, text in "\(label.padded(to: 14))\(text)" }
        return (lines + subscribers).joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0).terminalSafe }
    }

    private var daemon: String {
        var words = ["vicinityd \(status["version"]?.string ?? "?")"]
        if let pid = status["pid"]?.integer { words.append("pid \(pid)") }
        if let uptime = status["uptime_ms"]?.integer { words.append("up \(spanText(milliseconds: uptime))") }
        if status["ready"]?.bool == false { words.append("not ready") }
        return words.joined(separator: ", ")
    }

    private var health: String {
        let state = status["health"]?["state"]?.string ?? "unknown"
        let reasons = (status["health"]?["reasons"]?.array ?? []).map { $0.string ?? $0.text }
        return reasons.isEmpty ? state : "\(state): \(reasons.joined(separator: "; "))"
    }

    private var events: String {
        let head = status["events"]?["head"]?.integer ?? 0
        let oldest = status["events"]?["oldest"]?.integer ?? 0
        return head == 0 ? "none yet" : "head #\(head), oldest #\(oldest)"
    }

    private var log: String? {
        guard let bytes = status["log"]?["bytes"]?.integer else { return nil }
        let free = status["log"]?["free_bytes"]?.integer ?? 0
        return byteText(bytes) + (free > 0 ? ", \(byteText(free)) of it free" : "")
    }

    private var subscribers: [String] {
        let lines = SubscribersText.lines(status)
        return lines.isEmpty ? [] : ["", "subscribers"] + lines.map { "  \($0)" }
    }

    private func number(_ key: String) -> String { status[key]?.integer.map { grouped($0) } ?? "?" }

    private func counts(_ key: String, _ names: [String]) -> String {
        names.map { "\(status[key]?[$0]?.integer.map { grouped($0) } ?? "?") \($0)" }.joined(separator: ", ")
    }

    private static func rate(_ value: JSONValue?) -> String {
        guard let value = value?.double else { return "?" }
        return value >= 100 ? grouped(Int64(value.rounded())) : String((value * 10).rounded() / 10)
    }
}
