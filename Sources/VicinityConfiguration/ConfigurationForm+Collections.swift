/// Forms with parts. A mistake in a part is told on the part's own line.

extension ConfigurationForm {
    /// A list of values, none of them twice.
    ///
    /// - Parameter plural: what is listed, as in "a list of …".
    static func list<Element: Sendable & Hashable>(_ plural: String, of element: ConfigurationForm<Element>) -> Self
    where Value == [Element] {
        let expected = "a list of \(plural), like [] or [a, b]"
        return Self(
            expected: expected,
            read: { node, path, mistakes in
                guard case .list(let nodes) = node.content else {
                    mistakes.append(.unexpected(node, path, expected))
                    return nil
                }
                let earlier = mistakes.count
                var values: [Element] = []
                var seen: Set<Element> = []
                for node in nodes {
                    guard let value = element.read(node, path, &mistakes) else { continue }
                    if seen.insert(value).inserted {
                        values.append(value)
                    } else {
                        mistakes.append(SourceMistake(line: node.line, path: path, why: "names \(node.shown) twice"))
                    }
                }
                return mistakes.count == earlier ? values : nil
            },
            write: { .list($0.map(element.write)) })
    }
}

extension ConfigurationForm where Value == [Double] {
    static var bands: Self {
        let metres = ConfigurationForm<Double>.metres()
        let list = ConfigurationForm.list("metres", of: metres)
        let expected = "a list of metres, each 0 or more, ascending, like [100, 250]"
        return Self(
            expected: expected,
            read: { node, path, mistakes in
                guard case .list(let nodes) = node.content else {
                    mistakes.append(.unexpected(node, path, expected))
                    return nil
                }
                guard let values = list.read(node, path, &mistakes) else { return nil }
                for (index, pair) in zip(values, values.dropFirst()).enumerated() where pair.0 >= pair.1 {
                    let why = "has \(nodes[index + 1].shown) after \(nodes[index].shown), must be ascending"
                    mistakes.append(SourceMistake(line: nodes[index + 1].line, path: path, why: why))
                    return nil
                }
                return values
            },
            write: list.write)
    }
}

// MARK: - Records

/// A named part of a record.
struct ConfigurationMember<Record: Sendable>: Sendable {
    let name: String
    let read: @Sendable (SourceNode, _ path: String, inout Record, inout [SourceMistake]) -> Void
    let write: @Sendable (Record) -> ConfigurationValue

    init<Part: Sendable & Equatable>(
        _ name: String, _ keyPath: any WritableKeyPath<Record, Part> & Sendable, _ form: ConfigurationForm<Part>
    ) {
        self.name = name
        read = { node, path, record, mistakes in
            if let part = form.read(node, path, &mistakes) { record[keyPath: keyPath] = part }
        }
        write = { form.write($0[keyPath: keyPath]) }
    }
}

extension ConfigurationForm {
    /// A map of members; those that are left out are as in `initial`.
    static func record(_ expected: String, from initial: Value, _ members: [ConfigurationMember<Value>]) -> Self {
        Self(
            expected: expected,
            read: { node, path, mistakes in
                guard case .map(let entries) = node.content else {
                    mistakes.append(.unexpected(node, path, expected))
                    return nil
                }
                let earlier = mistakes.count
                var record = initial
                var lines: [String: Int] = [:]
                for entry in entries {
                    let inner = "\(path).\(entry.name)"
                    if let first = lines[entry.name] {
                        mistakes.append(.twice(entry, inner, first: first))
                    } else if let member = members.first(where: { $0.name == entry.name }) {
                        member.read(entry.valueOnItsLine, inner, &record, &mistakes)
                    } else {
                        mistakes.append(.unknown(entry, inner, candidates: members.map(\.name)))
                    }
                    lines[entry.name] = lines[entry.name] ?? entry.line
                }
                return mistakes.count == earlier ? record : nil
            },
            write: { record in .map(members.map { .init(name: $0.name, value: $0.write(record)) }) })
    }
}

extension ConfigurationForm where Value == Configuration.FollowGuard? {
    static var follow: Self {
        let expected = "off, or a map of places, apart, within and mute"
        let record = ConfigurationForm<Configuration.FollowGuard>.record(
            expected, from: Configuration.FollowGuard(),
            [
                ConfigurationMember("places", \.places, .count(1...100)),
                ConfigurationMember("apart", \.apart, .metres()),
                ConfigurationMember("within", \.within, .span),
                ConfigurationMember("mute", \.mute, .span),
            ])
        return Self(
            expected: expected,
            read: { node, path, mistakes in
                // Two optionals: the outer nil is a mistake, the inner is "off".
                if case .scalar("off", isQuoted: false) = node.content { return .some(nil) }
                guard let value = record.read(node, path, &mistakes) else { return nil }
                return .some(value)
            },
            write: { $0.map(record.write) ?? .text("off") })
    }
}

extension ConfigurationForm where Value == Configuration.Principals {
    static var principals: Self {
        let expected = "a map of users and groups, each a list of names and numbers, like { groups: [staff, 1000] }"
        return record(
            expected, from: Configuration.Principals(),
            [
                ConfigurationMember("users", \.users, .list("names and numbers", of: .principal)),
                ConfigurationMember("groups", \.groups, .list("names and numbers", of: .principal)),
            ])
    }
}

extension ConfigurationForm where Value == Configuration.Principal {
    static var principal: Self {
        let expected = "the name of a user or group, or its number, 0 to 4294967294"
        let write: @Sendable (Value) -> ConfigurationValue = { principal in
            switch principal {
            case .name(let name): .text(name)
            case .number(let number): .integer(Int(number))
            }
        }
        return scalar(expected, write: write, parse: { text, _ in principal(text) })
    }

    /// A name may have spaces, as those of directories do, but not the colon that ends one in passwd(5).
    private static func principal(_ text: String) -> Configuration.Principal? {
        // All digits are a number, quoted or not: no system has such a name.
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return UInt32(text).flatMap { $0 == .max ? nil : .number($0) }
        }
        let isName =
            (1...256).contains(text.utf8.count) && text.first != "-"
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != ":" }
        return isName ? .name(text) : nil
    }
}

extension SourceNode.Entry {
    /// The value, with the key's line if it is a single value: that is where an operator looks.
    var valueOnItsLine: SourceNode {
        switch value.content {
        case .empty, .scalar: SourceNode(line: line, content: value.content)
        case .list, .map: value
        }
    }
}

extension SourceMistake {
    static func twice(_ entry: SourceNode.Entry, _ path: String, first: Int) -> SourceMistake {
        SourceMistake(line: entry.line, path: path, why: "is given twice, first on line \(first)")
    }
}
