// Subjects and users from `control.sock`, for people.

package enum SubjectText {
    /// One subject on one line: id, kind, place, name.
    package static func line(_ subject: JSONValue) -> String {
        var words = [subject["id"]?.string ?? "?", subject["kind"]?.string ?? "-"]
        words.append("\(subject["lat"]?.text ?? "?"),\(subject["lon"]?.text ?? "?")")
        if let name = subject["name"]?.string { words.append(name) }
        if subject["suspended"]?.bool == true { words.append("(suspended)") }
        if subject["moving"]?.bool == true { words.append("(moving)") }
        return words.joined(separator: "  ").terminalSafe
    }

    /// One record, a key a line.
    package static func record(_ record: JSONValue) -> String {
        let members = record.members ?? []
        let width = members.map(\.key.count).max() ?? 0
        return members.map { member in
            let value =
                if let elements = member.value.array, elements.allSatisfy({ $0.string != nil }) {
                    elements.isEmpty ? "-" : elements.compactMap(\.string).joined(separator: ", ")
                } else {
                    member.value.string ?? member.value.text
                }
            return "\(member.key.padded(to: width))  \(value)".terminalSafe
        }.joined(separator: "\n")
    }
}
