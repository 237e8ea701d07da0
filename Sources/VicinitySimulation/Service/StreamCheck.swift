import VicinityCore
import VicinityStore
import VicinityWire

// What one connection of a relay has asked for and got. Every line that it reads is held against the durable log: none is missing but what
// the filter and declared gaps leave out, and none differs by a byte.

/// What a relay asks for.
struct RelayRequest {
    var name: String?
    var after: Int64?
    var wantsSnapshot = false
    var types: [String]?
    var kinds: [[UInt8]]?
    var users: [[UInt8]]?

    /// The first line of the connection.
    var line: [UInt8] {
        var writer = JSONWriter()
        func list(_ key: String, _ values: [[UInt8]]?, _ writer: inout JSONWriter) {
            guard let values else { return }
            writer.key(key)
            writer.array { writer in for value in values { writer.value(utf8: value) } }
        }
        writer.object { writer in
            writer.key("subscribe")
            writer.object { writer in
                if let name { writer.member("name", name) }
                if let after { writer.member("after", after) }
                if wantsSnapshot { writer.member("snapshot", true) }
                list("types", types?.map { Array($0.utf8) }, &writer)
                list("kinds", kinds, &writer)
                list("users", users, &writer)
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Whether the filter lets an event through.
    func admits(_ event: Event) -> Bool {
        switch event.change {
        case .enter: if let types, !types.contains("enter") { return false }
        case .leave: if let types, !types.contains("leave") { return false }
        case .report: if let types, !types.contains("report") { return false }
        case .following: if types?.contains("following") != true { return false }
        }
        return admitsPair(event)
    }

    func admitsPair(_ event: Event) -> Bool {
        if let kinds, !kinds.contains(event.kind ?? []) { return false }
        if let users, !users.contains(event.user ?? []) { return false }
        return true
    }
}

/// The account of one relay's connection.
struct StreamCheck {
    /// What a line was.
    enum Taken {
        case subscribed(after: Int64)
        case event(Int64)
        case inside
        case snapshot
        case gap(ClosedRange<Int64>)
        case heartbeat
        case error(String)
    }

    private enum Phase {
        case asking
        case cutting(at: Int64)
        case streaming
    }

    let request: RelayRequest
    /// What the writer said where the stream begins, once it has.
    var opening: Opening?
    /// What had been announced, and the oldest event, when the relay asked.
    let before: (head: Int64, oldest: Int64)
    private var phase = Phase.asking
    private var inside: [Int64] = []
    /// Everything up to this seq was received, filtered, or declared as gone.
    private(set) var cursor: Int64 = 0

    init(_ request: RelayRequest, head: Int64, oldest: Int64) {
        self.request = request
        before = (head, oldest)
    }

    var isStreaming: Bool { if case .streaming = phase { true } else { false } }

    private static let eventMark = Array("{\"seq\":".utf8)

    /// Takes a line that the relay has read, without its end.
    mutating func take(
        _ line: [UInt8], _ oracle: Oracle, _ disk: SimulatedDisk, _ parser: JSONParser
    ) throws(Violation) -> Taken {
        if line.starts(with: Self.eventMark) {
            guard case .cutting(let at) = phase else { return .event(try takeEvent(line, oracle)) }
            try takeInside(line, at: at, oracle)
            return .inside
        }
        let oldest = oldest(of: disk)
        return try parser.read(line, sentTo: "a relay") { root throws(Violation) in
            if let answer = root[key: "subscribed"] { return try takeAnswer(answer, oracle, oldest, logID: disk.identity.logID) }
            if let end = root[key: "snapshot"] { return try takeSnapshot(end, oracle) }
            if let gap = root[key: "gap"] { return try takeGap(gap, oldest: oldest, oracle) }
            if let beat = root[key: "heartbeat"] { return try takeHeartbeat(beat, oracle) }
            if let error = root[key: "error"] { return .error(error[key: "code"]?.string ?? "") }
            throw Violation("a relay is sent what it cannot understand: \(Self.text(line))")
        }
    }

    private func oldest(of disk: SimulatedDisk) -> Int64 {
        do {
            return try disk.oldest()
        } catch {
            return 1
        }
    }

    private static func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }

    /// The number behind the mark of an event.
    private static func seq(of line: [UInt8]) -> Int64 {
        var seq: Int64 = 0
        for byte in line.dropFirst(eventMark.count) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
            seq = seq * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return seq
    }

    private static func number(_ element: JSONElement, _ key: StaticString) -> Int64 { element[key: key]?.integer ?? -1 }

    private mutating func takeAnswer(
        _ answer: JSONElement, _ oracle: Oracle, _ oldest: Int64, logID: String
    ) throws(Violation) -> Taken {
        guard case .asking = phase else { throw Violation("a relay is told twice that it has subscribed") }
        let after = Self.number(answer, "after")
        let told = (oldest: Self.number(answer, "oldest"), head: Self.number(answer, "head"))
        try demand(answer[key: "log"]?.string == logID, "the log has another identity than before")
        if let opening {
            try demand(opening == .after(after), "the stream begins after \(after), expected \(opening)")
        } else if let asked = request.after {
            try demand(after == asked, "the stream begins after \(after), asked for was \(asked)")
        } else {
            try demand((before.head...oracle.head).contains(after), "now is \(after), not within \(before.head) and \(oracle.head)")
        }
        try demand(
            (before.head...oracle.head).contains(told.head), "the head is \(told.head), not within \(before.head) and \(oracle.head)")
        try demand((before.oldest...oldest).contains(told.oldest), "oldest is \(told.oldest), not within \(before.oldest) and \(oldest)")
        cursor = after
        let gap = answer[key: "gap"]
        try demand((gap != nil) == (after < told.oldest - 1), "a gap is declared where there is none, or the other way round")
        if let gap {
            try demand(
                Self.number(gap, "from") == after + 1 && Self.number(gap, "to") == told.oldest - 1,
                "the gap is not what lies between \(after) and \(told.oldest)")
            cursor = told.oldest - 1
        }
        phase = request.wantsSnapshot ? .cutting(at: after) : .streaming
        return .subscribed(after: after)
    }

    private mutating func takeEvent(_ line: [UInt8], _ oracle: Oracle) throws(Violation) -> Int64 {
        guard isStreaming else { throw Violation("an event comes before the answer: \(Self.text(line))") }
        let seq = Self.seq(of: line)
        try demand(seq <= oracle.head, "event \(seq) is sent, but only \(oracle.head) are durable")
        try demand(seq > cursor, "event \(seq) is sent after event \(cursor)")
        try skip(to: seq - 1, oracle)
        let expected = oracle.lines[Int(seq) - 1]
        try demand(
            expected.count == line.count + 1 && expected.starts(with: line), "expected \(Self.text(expected))got      \(Self.text(line))")
        try demand(request.admits(oracle.event(seq)), "event \(seq) passes a filter that keeps it back")
        cursor = seq
        return seq
    }

    /// Moves the cursor over events that the filter keeps back.
    private mutating func skip(to seq: Int64, _ oracle: Oracle) throws(Violation) {
        while cursor < seq {
            cursor += 1
            try demand(!request.admits(oracle.event(cursor)), "event \(cursor) is missing in the stream")
        }
    }

    private mutating func takeGap(_ gap: JSONElement, oldest: Int64, _ oracle: Oracle) throws(Violation) -> Taken {
        let (from, to) = (Self.number(gap, "from"), Self.number(gap, "to"))
        try demand(isStreaming, "a gap comes before the stream")
        try demand(from > cursor && to >= from, "the gap \(from) to \(to) does not follow event \(cursor)")
        try skip(to: from - 1, oracle)
        try demand(to < oldest, "the gap \(from) to \(to) holds events that are kept: the oldest is \(oldest)")
        cursor = to
        return .gap(from...to)
    }

    private mutating func takeHeartbeat(_ beat: JSONElement, _ oracle: Oracle) throws(Violation) -> Taken {
        let head = Self.number(beat, "head")
        try demand(isStreaming, "a heartbeat comes before the stream")
        try demand(head <= oracle.head, "a heartbeat speaks of event \(head), but only \(oracle.head) are durable")
        if head > cursor { try skip(to: head, oracle) }
        return .heartbeat
    }

    // MARK: - Snapshots

    private mutating func takeInside(_ line: [UInt8], at: Int64, _ oracle: Oracle) throws(Violation) {
        let seq = Self.seq(of: line)
        try demand(seq >= 1 && seq <= at, "a snapshot at \(at) shows a pair of event \(seq)")
        try demand(
            EventText.isInside(line, oracle.event(seq)), "a snapshot shows another pair than that of event \(seq): \(Self.text(line))")
        inside.append(seq)
    }

    private mutating func takeSnapshot(_ end: JSONElement, _ oracle: Oracle) throws(Violation) -> Taken {
        guard case .cutting(let at) = phase else { throw Violation("a snapshot ends that was not begun") }
        let told = (pairs: Self.number(end, "pairs"), at: Self.number(end, "at"))
        try demand(told.at == at, "a snapshot of event \(at) says that it is one of event \(told.at)")
        try demand(told.pairs == Int64(inside.count), "a snapshot of \(inside.count) pairs says that it has \(told.pairs)")
        var expected: [Int64] = []
        for seq in 1..<(at + 1) {
            let event = oracle.event(seq)
            let left = oracle.leftAt[Int(seq) - 1]
            guard case .enter = event.change, left == 0 || left > at, request.admitsPair(event) else { continue }
            expected.append(seq)
        }
        try demand(inside.sorted() == expected, "a snapshot at \(at) shows the pairs \(inside.sorted()), inside were \(expected)")
        inside = []
        phase = .streaming
        return .snapshot
    }
}
