// The relay's half of the conversation on `events.sock`, without the socket: what to ask for, what an answer means, and from where to go on
// after a cut.

package struct Subscription: Sendable {
    package struct Filters: Equatable, Sendable {
        package var types: [String] = []
        package var kinds: [String] = []
        package var users: [String] = []

        package init(types: [String] = [], kinds: [String] = [], users: [String] = []) {
            self.types = types
            self.kinds = kinds
            self.users = users
        }
    }

    /// What a line of the daemon means to the owner of the socket.
    package enum Message: Equatable, Sendable {
        /// To be shown; its `seq` is new.
        case event(JSONValue)
        /// Something the reader of the events should know, as a sentence.
        case note(String)
        /// The subscription is refused and the connection will be closed.
        case refused(code: String, message: String)
        /// The log behind the socket is another one: subscribe again, on a new connection.
        case startOver(String)
        /// Nothing to show.
        case nothing
    }

    private let name: String?
    private let filters: Filters
    private let wantsSnapshot: Bool
    /// The last `seq` that counts as delivered; `nil` before the first answer, if none was asked for.
    package private(set) var after: Int64?
    private var log: String?
    /// The head of the last heartbeat: whatever was to come up to it has come, so that the ack goes on although a filter leaves nothing to show.
    private var passed: Int64 = 0
    /// The greatest `seq` that a named subscriber has been told to have taken.
    private var acked: Int64 = 0
    private var isSubscribed = false

    /// - Parameters:
    ///   - after: `nil` is live (or, with a name, where it left off).
    ///   - name: makes the cursor durable.
    package init(after: Int64? = nil, name: String? = nil, filters: Filters = Filters(), wantsSnapshot: Bool = false) {
        self.after = after
        self.name = name
        self.filters = filters
        self.wantsSnapshot = wantsSnapshot
    }

    /// The first line of a connection, with its newline. On a later connection it goes on where the last one ended.
    package mutating func request() -> [UInt8] {
        var members: [JSONValue.Member] = []
        if let name { members.append(JSONValue.Member("name", .string(name))) }
        // A second snapshot after a cut would show again what was shown.
        if wantsSnapshot, log == nil {
            members.append(JSONValue.Member("snapshot", .bool(true)))
        } else if let after {
            members.append(JSONValue.Member("after", .number(after)))
        }
        for (key, values) in [("types", filters.types), ("kinds", filters.kinds), ("users", filters.users)] where !values.isEmpty {
            members.append(JSONValue.Member(key, .array(values.map { .string($0) })))
        }
        isSubscribed = false
        return Array((JSONValue.object([JSONValue.Member("subscribe", .object(members))]).text + "\n").utf8)
    }

    /// Takes one line of the daemon.
    package mutating func take(_ message: JSONValue) -> Message {
        if message["type"] != nil { return event(message) }
        if let answer = message["subscribed"] { return subscribed(answer) }
        if let error = message["error"] { return refusal(error) }
        if let gap = message["gap"] { return .note(Self.sentence(gap: gap)) }
        if let snapshot = message["snapshot"] {
            after = max(after ?? 0, snapshot["at"]?.integer ?? 0)
            return .note("\(counted(snapshot["pairs"]?.integer ?? 0, "pair")) inside; what follows is live")
        }
        if let head = message["heartbeat"]?["head"]?.integer { passed = max(passed, head) }
        return .nothing
    }

    /// The ack that is due for what was taken; `nil` if none is.
    package mutating func ack() -> [UInt8]? {
        guard name != nil, let after, max(after, passed) > acked else { return nil }
        acked = max(after, passed)
        return Array("{\"ack\":\(acked)}\n".utf8)
    }

    private mutating func event(_ event: JSONValue) -> Message {
        if event["type"]?.string == "inside" { return .event(event) }
        guard let seq = event["seq"]?.integer else { return .event(event) }
        // At least once on the wire, exactly once on the screen.
        if let after, seq <= after { return .nothing }
        after = seq
        return .event(event)
    }

    private mutating func subscribed(_ answer: JSONValue) -> Message {
        isSubscribed = true
        let newLog = answer["log"]?.string
        if let log, let newLog, log != newLog {
            self.log = newLog
            after = name == nil ? 0 : nil
            acked = 0
            passed = 0
            return .startOver("the log was replaced by another one; starting at its beginning")
        }
        let begins = answer["after"]?.integer ?? 0
        // Where the first connection begins is what counts, whatever was asked for; after a cut the daemon may begin at an older ack.
        after = log == nil ? begins : max(after ?? 0, begins)
        acked = max(acked, begins)
        log = newLog ?? log ?? ""
        return answer["gap"].map { .note(Self.sentence(gap: $0)) } ?? .nothing
    }

    private mutating func refusal(_ error: JSONValue) -> Message {
        let code = error["code"]?.string ?? "error"
        let text = error["message"]?.string ?? error.text
        if isSubscribed { return .note("the daemon says \(code): \(text)") }
        if code == "after_head", log != nil, name == nil {
            // What was durable has vanished: only another log explains that.
            after = 0
            log = nil
            return .startOver("the log was replaced by another one; starting at its beginning")
        }
        return .refused(code: code, message: text)
    }

    private static func sentence(gap: JSONValue) -> String {
        let from = gap["from"]?.integer ?? 0
        let to = gap["to"]?.integer ?? 0
        return "events \(from) to \(to) are gone: the retention has removed them"
    }
}
