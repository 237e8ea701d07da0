// A record of a register, whatever file it came from, as `subjects.put` takes it. What the daemon would refuse is refused
// here first, so that a bad record is named by its file and line before anything is sent.

/// One entry of the register, checked and encoded.
package struct Subject: Equatable, Sendable {
    package let id: String
    /// The JSON object for `subjects.put`, on one line.
    package let json: [UInt8]
}

/// Why a record is no subject.
package struct BadRecord: Error, Equatable, Sendable {
    /// A clause that names the key and the value: "lat is 91.2, must be within -90 and 90".
    package let why: String
}

extension Subject {
    /// The keys of a subject, in the order in which they are sent.
    static let keys = ["id", "kind", "lat", "lon", "precision", "name", "details", "valid_from", "valid_until"]

    /// Bytes of one subject at most, so that it fits in a request with its envelope (a line holds 4 MiB).
    static let maximumSize = (4 << 20) - 256

    /// Checks a record by the contract's words.
    ///
    /// Keys that the contract does not know are left out, as the daemon would ignore them. An empty `kind` or `name` is as if
    /// absent: real registers are full of them.
    package init(checking record: JSONValue) throws(BadRecord) {
        guard let members = record.members else { throw BadRecord(why: "must be an object, is \(record.kindName)") }
        // A table of nine beats a dictionary: this runs for each record of registers of millions.
        var found = [JSONValue?](repeating: nil, count: Self.keys.count)
        for member in members {
            guard let index = Self.keys.firstIndex(of: member.key) else { continue }
            guard found[index] == nil else { throw BadRecord(why: "the key \(member.key) is there twice") }
            found[index] = member.value
        }
        var present: [JSONValue.Member] = []
        for (key, value) in zip(Self.keys, found) {
            guard let value, value != .null, !(value == .string("") && ["kind", "name"].contains(key)) else { continue }
            try Self.check(value, key)
            present.append(JSONValue.Member(key, value))
        }
        for key in ["id", "lat", "lon"] where !present.contains(where: { $0.key == key }) {
            throw BadRecord(why: "there is no \(key)")
        }
        var json: [UInt8] = []
        JSONValue.object(present).encode(into: &json)
        guard json.count <= Self.maximumSize else {
            throw BadRecord(why: "the record has \(json.count) bytes, at most \(Self.maximumSize) fit in a request")
        }
        id = present.first?.value.string ?? ""
        self.json = json
    }

    private static func check(_ value: JSONValue, _ key: String) throws(BadRecord) {
        switch key {
        case "id", "kind": try checkName(value, key)
        case "lat": try checkNumber(value, key, -90...90)
        case "lon": try checkNumber(value, key, -180...180)
        case "precision": try checkNumber(value, key, 0...100_000)
        case "valid_from", "valid_until": try checkTime(value, key)
        case "name":
            guard value.string != nil else { throw BadRecord(why: "name must be a string, is \(value.kindName)") }
        case "details":
            guard value.members != nil else { throw BadRecord(why: "details must be an object, is \(value.kindName)") }
        default: break
        }
    }

    private static func checkName(_ value: JSONValue, _ key: String) throws(BadRecord) {
        guard let text = value.string else { throw BadRecord(why: "\(key) must be a string, is \(value.kindName)") }
        guard (1...128).contains(text.utf8.count) else {
            throw BadRecord(why: "\(key) has \(text.utf8.count) bytes, must have 1 to 128")
        }
        guard !text.unicodeScalars.contains(where: \.isControl) else {
            throw BadRecord(why: "\(key) holds a control character")
        }
    }

    private static func checkNumber(
        _ value: JSONValue, _ key: String, _ range: ClosedRange<Double>
    ) throws(BadRecord) {
        guard case .number(let text) = value else { throw BadRecord(why: "\(key) must be a number, is \(value.kindName)") }
        guard let number = value.double, range.contains(number) else {
            throw BadRecord(why: "\(key) is \(text), must be within \(Int(range.lowerBound)) and \(Int(range.upperBound))")
        }
    }

    private static func checkTime(_ value: JSONValue, _ key: String) throws(BadRecord) {
        guard case .number(let text) = value else { throw BadRecord(why: "\(key) must be a number, is \(value.kindName)") }
        guard let time = value.integer, (0...(1 << 53) - 1).contains(time) else {
            throw BadRecord(why: "\(key) is \(text), must be Unix milliseconds, an integer from 0 to 2^53-1")
        }
    }
}
