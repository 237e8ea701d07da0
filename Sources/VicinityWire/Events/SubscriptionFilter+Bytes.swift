package import VicinityCore

// A filter as bytes, for a successor in another process.

extension SubscriptionFilter {
    package func write(to bytes: inout [UInt8]) {
        bytes.appendFlag(types != nil)
        if let types { bytes.append(types.reduce(0) { $0 | $1.bit }) }
        for list in [kinds, users] {
            bytes.appendFlag(list != nil)
            guard let list else { continue }
            bytes.appendVarint(UInt64(list.count))
            // In an order of their own, so that one filter has one form.
            for item in list.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes.appendSized(item) }
        }
    }

    package init?(reading reader: inout RawReader) {
        guard let types = reader.optional({ $0.eventTypes() }), let kinds = reader.optional({ $0.strings() }),
            let users = reader.optional({ $0.strings() })
        else { return nil }
        self.types = types
        self.kinds = kinds
        self.users = users
    }
}

extension EventType {
    /// Its place in a byte that stands for several; it is not to change within a version of what is left behind.
    fileprivate var bit: UInt8 {
        switch self {
        case .enter: 1
        case .leave: 2
        case .report: 4
        case .following: 8
        }
    }
}

extension RawReader {
    fileprivate mutating func eventTypes() -> Set<EventType>? {
        guard let bits = byte() else { return nil }
        let types = Set(EventType.allCases.filter { bits & $0.bit != 0 })
        return types.reduce(0) { $0 | $1.bit } == bits ? types : nil
    }

    fileprivate mutating func strings() -> Set<[UInt8]>? {
        guard let count = count() else { return nil }
        var strings: Set<[UInt8]> = []
        // No room is made for what is only said to come.
        while strings.count < count {
            guard let string = sizedArray(), strings.insert(string).inserted else { return nil }
        }
        return strings
    }
}
