// What is near a user, as people read it.

package enum NearbyText {
    /// The answer to `nearby`, a line each.
    package static func list(_ answer: JSONValue) -> String {
        let subjects = answer.array ?? []
        return subjects.isEmpty ? "nothing" : subjects.map { line($0).terminalSafe }.joined(separator: "\n")
    }

    private static func line(_ subject: JSONValue) -> String {
        var words = [subject["subject"]?.string ?? "?"]
        if let kind = subject["kind"]?.string { words[0] += " (\(kind))" }
        if let name = subject["name"]?.string { words.append(name) }
        if let within = subject["within"]?.double { words.append("within \(EventPrinter.metres(within)) m") }
        if let distance = subject["distance"]?.double { words.append("at \(EventPrinter.metres(distance)) m") }
        return words.joined(separator: "  ")
    }
}
