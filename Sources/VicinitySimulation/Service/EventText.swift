import VicinityCore
import VicinityWire

/// What subscribers are to read, written down once more, without any haste.
enum EventText {
    /// An event's line, with the line feed.
    static func line(_ event: Event) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("seq", event.seq)
            switch event.change {
            case .enter: writer.member("type", "enter")
            case .leave: writer.member("type", "leave")
            case .report(let number, let kind):
                writer.member("type", "report")
                writer.member("report", number)
                writer.member("report_kind", kind)
            case .following: writer.member("type", "following")
            }
            pair(event, &writer)
            if let kind = event.kind { writer.member("kind", utf8: kind) }
            writer.member("ts", event.time)
            switch event.change {
            case .enter(let cause, let disclosed):
                writer.member("cause", "\(cause.word)")
                switch disclosed {
                case .nothing: break
                case .within(let metres): writer.member("within", metres)
                case .distance(let metres): writer.member("distance", metres)
                }
            case .leave(let cause, let encounter, let lasted):
                writer.member("cause", "\(cause.word)")
                writer.member("encounter", encounter)
                writer.member("lasted", lasted)
            case .report, .following: break
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Whether a line of a snapshot is that of this enter, as far as it says what never changes.
    static func isInside(_ line: [UInt8], _ enter: Event) -> Bool {
        guard case .enter(let cause, _) = enter.change else { return false }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("seq", enter.seq)
            writer.member("type", "inside")
            pair(enter, &writer)
        }
        let text = String(decoding: line, as: UTF8.self)
        return line.starts(with: writer.bytes.dropLast()) && text.contains(",\"ts\":\(enter.time),\"cause\":\"\(cause.word)\"")
    }

    private static func pair(_ event: Event, _ writer: inout JSONWriter) {
        if let user = event.user { writer.member("user", utf8: user) }
        writer.member("subject", utf8: event.subject)
    }
}
