package import VicinityCore

// The conversation of `events.sock` as far as it is words: what a client asks for, and the daemon's first answer.

/// What a client wants to read.
package struct Subscription: Sendable, Equatable {
    /// The seq after which to begin; `nil` is now, or the name's cursor.
    package var after: Int64?
    /// The durable cursor to use.
    package var name: String?
    package var filter = SubscriptionFilter()
    /// First the pairs that are inside.
    package var wantsSnapshot = false

    /// Every event that need not be named, live.
    package static let everything = Subscription()

    /// Whether the subscriber names nothing, so that lines can be shared.
    package var isEverything: Bool { filter == .everything }
}

/// Which events a subscriber wants; an absent list lets all through (but of types, `following` must be named), an empty one nothing.
package struct SubscriptionFilter: Sendable, Equatable {
    package var types: Set<EventType>?
    package var kinds: Set<[UInt8]>?
    package var users: Set<[UInt8]>?

    package init() {}

    /// Of a subscriber that names nothing.
    package static let everything = SubscriptionFilter()

    /// Whether the subscriber wants this event.
    package func admits(_ event: EventView) -> Bool { admits(EventType(event.change)) && admitsPair(event) }

    private func admits(_ type: EventType) -> Bool {
        guard let types else { return type != .following }
        return types.contains(type)
    }

    /// Whether the subscriber wants to hear of this event's pair at all.
    package func admitsPair(_ event: EventView) -> Bool {
        // Who is forgotten is in no list.
        if let users, event.user.isEmpty || !users.contains([UInt8](event.user)) { return false }
        return admitsKind(event)
    }

    /// Whether the subscriber wants this event, whoever it names, as one of this user.
    package func admits(_ event: EventView, ofUser user: [UInt8]) -> Bool {
        admits(EventType(event.change)) && admitsKind(event) && (users.map { $0.contains(user) } ?? true)
    }

    private func admitsKind(_ event: EventView) -> Bool {
        // A kind that there is not is in no list.
        if let kinds, event.kind.isEmpty || !kinds.contains([UInt8](event.kind)) { return false }
        return true
    }
}

/// The types of events that a subscription may name.
package enum EventType: String, Sendable, CaseIterable {
    case enter
    case leave
    case report
    case following

    package init(_ change: Event.Change) {
        switch change {
        case .enter: self = .enter
        case .leave: self = .leave
        case .report: self = .report
        case .following: self = .following
        }
    }
}

/// Why a line of a subscriber was refused.
package struct SubscriptionRefusal: Error, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case badJSON = "bad_json"
        case badRequest = "bad_request"
        case nameInUse = "name_in_use"
        case afterHead = "after_head"
        case lineTooLong = "line_too_long"
        case forbidden
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The answer, as a line.
    package var line: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("error")
            writer.object { writer in
                writer.member("code", code.rawValue)
                writer.member("message", message)
            }
        }
        return writer.bytes + [Byte.newline]
    }
}

/// The daemon's first answer to a subscriber.
package struct Subscribed: Sendable {
    package var log: String
    package var after: Int64
    package var oldest: Int64
    package var head: Int64
    package var gap: (from: Int64, to: Int64)?

    package init(log: String, after: Int64, oldest: Int64, head: Int64) {
        self.log = log
        self.after = after
        self.oldest = oldest
        self.head = head
    }

    package var line: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("subscribed")
            writer.object { writer in
                writer.member("log", log)
                writer.member("after", after)
                writer.member("oldest", oldest)
                writer.member("head", head)
                if let gap {
                    writer.key("gap")
                    writer.object { writer in
                        writer.member("from", gap.from)
                        writer.member("to", gap.to)
                    }
                }
            }
        }
        return writer.bytes + [Byte.newline]
    }
}
