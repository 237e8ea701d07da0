// Reports of users, and details of subjects, as people read them:
//
//     #17  2024-11-22 15:40:00.123  dispute  s-9  user u-17  open  "It is not there any more"
//     #18  2024-11-22 15:41:00.456  tip  s-2  user unknown  resolved: kept (looked at it)

package struct ReportText: Sendable {
    private let printer: EventPrinter

    /// - Parameter printer: knows what local time is.
    package init(_ printer: EventPrinter = EventPrinter { Clock.localOffset(at: $0) }) { self.printer = printer }

    /// A report of `reports.list`, without a newline.
    package func line(_ report: JSONValue) -> String {
        var words = [report["report"]?.integer.map { "#\($0)" } ?? "#?", report["ts"]?.integer.map(printer.time) ?? "no time"]
        words.append(report["kind"]?.string ?? "?")
        words.append(report["subject"]?.string ?? "?")
        words.append("user \(report["user"]?.string ?? "unknown")")
        if let outcome = report["outcome"]?.string {
            words.append("resolved: \(outcome)" + (report["note"]?.string.map { " (\($0))" } ?? ""))
        } else {
            words.append(report["state"]?.string ?? "?")
        }
        if let text = report["text"]?.string, !text.isEmpty { words.append("\"\(text)\"") }
        return words.joined(separator: "  ").terminalSafe
    }

    /// The answer to `details`, a field a line.
    package static func details(_ answer: JSONValue) -> String {
        let fields = answer["fields"]?.members ?? []
        if fields.isEmpty { return "no field that may be shown" }
        return fields.map { "\($0.key): \($0.value.string ?? $0.value.text)".terminalSafe }.joined(separator: "\n")
    }
}
