package import VicinityCore

/// How ids, positions and subjects are written, in NDJSON as the contract has it.
package enum Text {
    /// A JSON string of an id, which holds no control characters.
    package static func quoted(_ id: [UInt8]) -> String {
        var text = "\""
        for scalar in String(decoding: id, as: UTF8.self).unicodeScalars {
            if scalar == "\"" || scalar == "\\" { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }

    /// Units of 1e-7 degree as decimal degrees, exactly.
    package static func degrees(_ units: Int32) -> String {
        let magnitude = units.magnitude
        let fraction = String(magnitude % 10_000_000)
        let zeros = String(repeating: "0", count: 7 - fraction.utf8.count)
        return "\(units < 0 ? "-" : "")\(magnitude / 10_000_000).\(zeros)\(fraction)"
    }

    /// A subject as a line of a register.
    package static func subject(_ subject: SubjectPlacement) -> String {
        let kind = subject.kind.map { ",\"kind\":\(quoted($0))" } ?? ""
        let from = subject.validFrom.map { ",\"valid_from\":\($0)" } ?? ""
        let until = subject.validUntil.map { ",\"valid_until\":\($0)" } ?? ""
        let precision = subject.precision.map { ",\"precision\":\($0)" } ?? ""
        let position = "\"lat\":\(degrees(subject.position.latitude)),\"lon\":\(degrees(subject.position.longitude))"
        return "{\"id\":\(quoted(subject.id)),\(position)\(kind)\(precision)\(from)\(until)}"
    }

    /// An event for a human who looks for a difference.
    package static func event(_ event: Event) -> String {
        let user = event.user.map(quoted) ?? "null"
        let kind = event.kind.map(quoted) ?? "-"
        return "seq \(event.seq) ts \(event.time) user \(user) subject \(quoted(event.subject)) kind \(kind) \(change(event.change))"
    }

    private static func change(_ change: Event.Change) -> String {
        switch change {
        case .enter(let cause, .nothing): "enter cause \(cause.word)"
        case .enter(let cause, .within(let metres)): "enter cause \(cause.word) within \(metres)"
        case .enter(let cause, .distance(let metres)): "enter cause \(cause.word) distance \(metres)"
        case .leave(let cause, let encounter, let lasted): "leave cause \(cause.word) encounter \(encounter) lasted \(lasted)"
        case .report(let number, let kind): "report \(number) kind \(kind)"
        case .following: "following"
        }
    }
}
