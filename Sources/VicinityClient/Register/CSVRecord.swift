// RFC 4180: fields between commas; one in quotes may hold commas, newlines, and quotes written twice.

/// Takes the lines of one CSV record and cuts them into fields.
struct CSVRecord {
    private(set) var fields: [String] = []
    /// Bytes taken so far.
    private(set) var size = 0
    /// There was nothing but white space.
    private(set) var isBlank = true

    private var field: [UInt8] = []
    private var state = State.start
    private var fault: BadRecord?

    private enum State {
        case start
        case plain
        case quoted
        /// After a quote in a quoted field: its end, or the first half of a quote written twice.
        case closed
    }

    /// Takes a line, without its `\n`.
    ///
    /// - Returns: whether the record is complete; if not, a quoted field goes on in the next line. A quote that stands in a wrong place
    ///   makes the record bad and goes no further than the line.
    mutating func add(_ line: [UInt8]) -> Bool {
        if state == .quoted { field.append(0x0A) }
        for (index, byte) in line.enumerated() {
            if !byte.isSpace { isBlank = false }
            if byte == 0x0D, index == line.count - 1, state != .quoted { continue }
            take(byte)
        }
        size += line.count + 1
        return state != .quoted
    }

    /// The record has ended: ``fields`` are what it holds.
    mutating func finish() throws(BadRecord) {
        if state == .quoted { throw BadRecord(why: "a quoted field is not closed") }
        finishField()
        if let fault { throw fault }
    }

    private mutating func take(_ byte: UInt8) {
        let quote = UInt8(ascii: "\"")
        switch state {
        case .quoted where byte == quote: state = .closed
        case .quoted: field.append(byte)
        case .start where byte == quote: state = .quoted
        case .closed where byte == quote:
            field.append(byte)
            state = .quoted
        case .start, .plain, .closed:
            guard byte != UInt8(ascii: ",") else { return finishField() }
            if state == .closed { fail("text after the closing quote of a field") }
            if byte == quote { fail("a quote in the middle of a field that does not begin with one") }
            field.append(byte)
            state = .plain
        }
    }

    private mutating func finishField() {
        if let text = String(validating: field, as: UTF8.self) {
            fields.append(text)
        } else {
            fail("field \(fields.count + 1) is not UTF-8")
        }
        field.removeAll(keepingCapacity: true)
        state = .start
    }

    /// The first fault is the one that is told.
    private mutating func fail(_ why: String) {
        if fault == nil { fault = BadRecord(why: why) }
    }
}

/// The first line of a CSV register: which column means what.
struct CSVHeader {
    /// For each column, the key of the subject, or `nil` if the column goes into `details` under its own name.
    private let keys: [String?]
    private let names: [String]

    private static let aliases = ["latitude": "lat", "longitude": "lon", "lng": "lon"]
    private static let numbers = ["lat", "lon", "precision", "valid_from", "valid_until"]

    init(_ fields: [String]) throws(BadRecord) {
        names = fields.map(\.trimmed)
        keys = names.map { name in
            let lower = name.lowercased()
            let key = Self.aliases[lower] ?? lower
            return Subject.keys.contains(key) && key != "details" ? key : nil
        }
        for required in ["id", "lat", "lon"] where !keys.contains(required) {
            throw BadRecord(why: "the header has no column \(required) (it has: \(names.joined(separator: ", ")))")
        }
        var seen: Set<String> = []
        for (key, name) in zip(keys, names) where !seen.insert(key ?? " \(name)").inserted {
            throw BadRecord(why: "the header has the column \(name) twice")
        }
    }

    /// The subject that a record describes, not checked yet. Empty cells are as if absent.
    func record(_ fields: [String]) throws(BadRecord) -> JSONValue {
        guard fields.count == names.count else {
            throw BadRecord(why: "the record has \(fields.count) fields, the header \(names.count)")
        }
        var members: [JSONValue.Member] = []
        var details: [JSONValue.Member] = []
        for (index, field) in fields.enumerated() {
            guard let key = keys[index] else {
                if !field.isEmpty { details.append(JSONValue.Member(names[index], .string(field))) }
                continue
            }
            if Self.numbers.contains(key) {
                let text = field.trimmed
                if !text.isEmpty { members.append(JSONValue.Member(key, try Self.number(text, key))) }
            } else if !field.isEmpty {
                members.append(JSONValue.Member(key, .string(field)))
            }
        }
        if !details.isEmpty { members.append(JSONValue.Member("details", .object(details))) }
        return .object(members)
    }

    /// A cell as a JSON number, in its own spelling where JSON allows it (`+5` and `.5` it does not).
    private static func number(_ text: String, _ key: String) throws(BadRecord) -> JSONValue {
        if case .number(let spelled)? = try? JSONValue(parsing: text) { return .number(spelled) }
        guard let value = Double(text), value.isFinite else { throw BadRecord(why: "\(key) is \"\(text)\", must be a number") }
        return .number("\(value)")
    }
}

extension String {
    /// Without spaces and tabs at either end.
    var trimmed: String {
        func isSpace(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 }
        guard isSpace(utf8.first) || isSpace(utf8.last) else { return self }
        var bytes = Array(utf8)[...]
        while isSpace(bytes.first) { bytes.removeFirst() }
        while isSpace(bytes.last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
