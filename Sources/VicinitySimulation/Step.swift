package import VicinityCore

/// One line of a gateway, as its meaning and not yet as bytes.
package struct Line: Sendable, Equatable {
    package var kind: Fix.Kind
    /// 1 to 128 bytes of UTF-8.
    package var id: [UInt8]
    package var position: Coordinate
    /// Unix milliseconds; `nil` if the line brings no `ts`.
    package var time: Int64?
    /// Metres; `nil` if the line brings no `acc`.
    package var accuracy: Double?
    /// Metres; `nil` if the line brings no `radius`.
    package var radius: Double?

    package init(
        _ kind: Fix.Kind, _ id: [UInt8], at position: Coordinate, time: Int64?, accuracy: Double? = nil, radius: Double? = nil
    ) {
        self.kind = kind
        self.id = id
        self.position = position
        self.time = time
        self.accuracy = accuracy
        self.radius = radius
    }
}

/// One thing that happens to the daemon; the model and the engine are given the same.
package enum Step: Sendable {
    /// Lines of one connection that come together.
    case lines([Line])
    /// One request; no id twice.
    case put([SubjectPlacement])
    /// One request.
    case remove([[UInt8]])
    /// One request.
    case edition(EditionStep)
    /// One request, of a subject that the register need not have.
    case suspend([UInt8], SuspensionSources)
    /// One request, likewise.
    case resume([UInt8], SuspensionSources)
    /// Cells follow from another key, and all subjects go to their new centres.
    case rotate(SipHashKey)
    /// An operator wishes that a user be forgotten, who need not be known.
    case forget([UInt8])
    /// A reload of the settings.
    case rules(Rules)
    /// Both clocks go on by so many milliseconds, at least 0.
    case clock(Int64)
    /// The system clock alone steps by so many milliseconds, back if they are negative.
    case jump(Int64)
}

extension Line: CustomStringConvertible {
    package var description: String {
        var keys = [kind == .subject ? "\"subject\":\(Text.quoted(id))" : "\"user\":\(Text.quoted(id))"]
        if kind == .gone {
            keys.append("\"gone\":true")
        } else {
            keys.append("\"lat\":\(Text.degrees(position.latitude)),\"lon\":\(Text.degrees(position.longitude))")
        }
        if let time { keys.append("\"ts\":\(time)") }
        if let accuracy { keys.append("\"acc\":\(accuracy)") }
        if let radius { keys.append("\"radius\":\(radius)") }
        return "{\(keys.joined(separator: ","))}"
    }
}

extension Step: CustomStringConvertible {
    package var description: String {
        switch self {
        case .lines(let lines): lines.map(\.description).joined(separator: "\n")
        case .put(let subjects): "put\n" + subjects.map { "  \(Text.subject($0))" }.joined(separator: "\n")
        case .remove(let ids): "remove \(ids.map(Text.quoted).joined(separator: " "))"
        case .edition(.begin): "begin an edition"
        case .edition(.put(let subjects)): "put into the edition\n" + subjects.map { "  \(Text.subject($0))" }.joined(separator: "\n")
        case .edition(.commit): "swap the editions"
        case .edition(.abort): "give the edition up"
        case .suspend(let id, let sources): "suspend \(Text.quoted(id)) by \(sources.rawValue)"
        case .resume(let id, let sources): "resume \(Text.quoted(id)) by \(sources.rawValue)"
        case .rotate: "rotate the key of the cells"
        case .forget(let id): "forget \(Text.quoted(id))"
        case .rules(let rules): "rules \(rules)"
        case .clock(let span): "clock \(span) ms"
        case .jump(let span): "jump \(span) ms"
        }
    }
}
