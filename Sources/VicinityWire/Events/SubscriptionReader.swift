/// Reads what a subscriber says.
package struct SubscriptionReader {
    private let parser = JSONParser()

    /// What a line after the first one means.
    package enum Later: Equatable {
        /// Everything up to this seq counts as delivered.
        case ack(Int64)
        case refused(SubscriptionRefusal)
    }

    package init() {}

    /// Reads the first line of a connection.
    package func first(_ line: UnsafeRawBufferPointer) -> Result<Subscription, SubscriptionRefusal> {
        guard let root = parser.parse(line), root.kind == .object else {
            return .failure(SubscriptionRefusal(.badJSON, "the first line must be one JSON object such as {\"subscribe\":{}}"))
        }
        guard let request = root[key: "subscribe"], request.kind == .object else {
            return .failure(SubscriptionRefusal(.badRequest, "the first line must subscribe: {\"subscribe\":{}}"))
        }
        do throws(SubscriptionRefusal) {
            return .success(try read(request))
        } catch {
            return .failure(error)
        }
    }

    /// Reads a line after the first.
    package func later(_ line: UnsafeRawBufferPointer) -> Later {
        guard let root = parser.parse(line), root.kind == .object else {
            return .refused(SubscriptionRefusal(.badRequest, "not a JSON object"))
        }
        if root[key: "subscribe"] != nil { return .refused(SubscriptionRefusal(.badRequest, "this connection has subscribed already")) }
        guard let ack = root[key: "ack"] else { return .refused(SubscriptionRefusal(.badRequest, "only {\"ack\":SEQ} may follow")) }
        guard let seq = ack.integer, (0...JSONElement.largestInteger).contains(seq) else {
            return .refused(SubscriptionRefusal(.badRequest, "ack must be a seq"))
        }
        return .ack(seq)
    }

    private func read(_ request: JSONElement) throws(SubscriptionRefusal) -> Subscription {
        var subscription = Subscription()
        if let after = request[key: "after"] {
            guard let seq = after.integer, (0...JSONElement.largestInteger).contains(seq) else {
                throw SubscriptionRefusal(.badRequest, "after must be a seq, an integer of 0 or more")
            }
            subscription.after = seq
        }
        if let name = request[key: "name"] {
            guard let text = name.string, let utf8 = name.utf8, Self.isName(utf8) else {
                throw SubscriptionRefusal(.badRequest, "name must be 1 to 128 bytes without control characters")
            }
            subscription.name = text
        }
        if let snapshot = request[key: "snapshot"] {
            guard let wants = snapshot.bool else { throw SubscriptionRefusal(.badRequest, "snapshot must be true or false") }
            subscription.wantsSnapshot = wants
        }
        if subscription.wantsSnapshot, subscription.after != nil {
            throw SubscriptionRefusal(.badRequest, "snapshot and after exclude each other")
        }
        subscription.filter.types = try types(request)
        subscription.filter.kinds = try strings(request[key: "kinds"], "kinds")
        subscription.filter.users = try strings(request[key: "users"], "users")
        return subscription
    }

    private func types(_ request: JSONElement) throws(SubscriptionRefusal) -> Set<EventType>? {
        guard let names = try strings(request[key: "types"], "types") else { return nil }
        var types: Set<EventType> = []
        for name in names {
            guard let type = EventType(rawValue: String(decoding: name, as: UTF8.self)) else {
                throw SubscriptionRefusal(.badRequest, "types may hold enter, leave, report and following")
            }
            types.insert(type)
        }
        return types
    }

    private func strings(_ element: JSONElement?, _ key: String) throws(SubscriptionRefusal) -> Set<[UInt8]>? {
        guard let element else { return nil }
        guard element.kind == .array else { throw SubscriptionRefusal(.badRequest, "\(key) must be a list of strings") }
        var strings: Set<[UInt8]> = []
        for item in element.elements {
            guard let utf8 = item.utf8 else { throw SubscriptionRefusal(.badRequest, "\(key) must be a list of strings") }
            strings.insert([UInt8](utf8))
        }
        return strings
    }

    /// Whether bytes may be an id or a name: 1 to 128 of them, without control characters (Unicode Cc).
    package static func isName(_ utf8: UnsafeRawBufferPointer) -> Bool { FixReader.isID(utf8) }
}
