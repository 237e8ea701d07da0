// Durable cursors as people read them.

package enum SubscribersText {
    /// The answer to `subscribers.list`, a line each.
    package static func list(_ answer: JSONValue) -> String {
        let lines = lines(answer)
        return lines.isEmpty ? "no named subscribers" : lines.map(\.terminalSafe).joined(separator: "\n")
    }

    /// The lines for the `subscribers` of an answer.
    static func lines(_ answer: JSONValue) -> [String] {
        let all = answer["subscribers"]?.array ?? []
        let names = all.map { $0["name"]?.string ?? "?" }
        let width = (names.map(\.count).max() ?? 0) + 2
        return zip(names, all).map { name, subscriber in
            let acked = subscriber["acked"]?.integer.map { "acked #\($0)" } ?? "nothing acked"
            let lag = grouped(subscriber["lag"]?.integer ?? 0)
            return "\(name.padded(to: width))\(acked), \(lag) behind, \(subscriber["connected"]?.bool == true ? "connected" : "away")"
        }
    }
}
