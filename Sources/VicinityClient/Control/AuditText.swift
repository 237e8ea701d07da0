// The audit log as people read it:
//
//     #1201  2024-11-22 15:40:00.123  uid 0, pid 4711  explain  user 8f3a0c…  subject s-9  shown

package struct AuditText: Sendable {
    private let printer: EventPrinter

    /// - Parameter printer: knows what local time is.
    package init(_ printer: EventPrinter = EventPrinter { Clock.localOffset(at: $0) }) { self.printer = printer }

    /// An entry of `audit.list`, without a newline.
    package func line(_ entry: JSONValue) -> String {
        var words = [entry["entry"]?.integer.map { "#\($0)" } ?? "#?", entry["ts"]?.integer.map(printer.time) ?? "no time"]
        words.append("uid \(entry["uid"]?.integer ?? 0)" + (entry["pid"]?.integer.map { ", pid \($0)" } ?? ""))
        words.append(entry["method"]?.string ?? "?")
        if let user = entry["user"]?.string { words.append("user \(user)") }
        if let subject = entry["subject"]?.string { words.append("subject \(subject)") }
        if let purpose = entry["purpose"]?.string { words.append("for \"\(purpose)\"") }
        words.append(entry["outcome"]?.string ?? "?")
        if let fields = entry["fields"]?.array { words.append("(" + fields.compactMap(\.string).joined(separator: ", ") + ")") }
        if let detail = entry["detail"]?.string { words.append(detail) }
        return words.joined(separator: "  ").terminalSafe
    }

    /// The answer to `audit.verify`.
    package static func verdict(_ answer: JSONValue) -> String {
        let count = answer["entries"]?.integer ?? 0
        let entries = "\(grouped(count)) \(count == 1 ? "entry" : "entries")"
        if answer["intact"]?.bool == true { return "\(entries): nothing was edited, removed or moved" }
        return "\(entries), and not what was written: \(answer["reason"]?.string ?? "?")".terminalSafe
    }
}
