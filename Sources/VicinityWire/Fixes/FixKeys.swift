/// A key that means something in a line of a gateway.
enum FixKey: Int, CaseIterable {
    case user
    case subject
    case latitude
    case longitude
    case time
    case accuracy
    case radius
    case gone

    /// The key on the wire.
    var word: StaticString {
        switch self {
        case .user: "user"
        case .subject: "subject"
        case .latitude: "lat"
        case .longitude: "lon"
        case .time: "ts"
        case .accuracy: "acc"
        case .radius: "radius"
        case .gone: "gone"
        }
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let key = Self.allCases.first(where: { bytes.equals($0.word) }) else { return nil }
        self = key
    }
}

/// The known members of one line's object.
struct FixKeys {
    private struct Member {
        /// `nil` for a `null`, which is as if absent.
        let value: JSONElement?
        /// Among all members of the object, from 0.
        let place: Int
    }

    private var members = [8 of Member?](repeating: nil)

    /// The key's value; `nil` if it is absent.
    subscript(key: FixKey) -> JSONElement? { members[key.rawValue]?.value }

    /// Where the key stands among all members of the object, from 0.
    func place(of key: FixKey) -> Int { members[key.rawValue]?.place ?? 0 }

    /// Takes what is known.
    ///
    /// - Returns: the key that came a second time, if one did.
    mutating func collect(_ object: JSONElement) -> StaticString? {
        var place = 0
        for (name, value) in object.members {
            if let key = FixKey(name) {
                if members[key.rawValue] != nil { return key.word }
                members[key.rawValue] = Member(value: value.isNull ? nil : value, place: place)
            }
            place += 1
        }
        return nil
    }

    func check(_ key: FixKey, is kind: JSONElement.Kind) throws(FixProblem) {
        if let value = self[key], value.kind != kind { throw .type(key, place(of: key), kind) }
    }

    /// A number that must lie in a range; `nil` if it is absent.
    func number(_ key: FixKey, in range: ClosedRange<Double>, _ radii: ClosedRange<Double>) throws(FixProblem) -> Double? {
        guard let value = self[key]?.double else { return nil }
        guard range.contains(value) else { throw .range(key, place(of: key), radii) }
        return value
    }
}
