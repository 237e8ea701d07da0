/// How values of one kind are read, checked and shown.
///
/// A form is the only place that knows its range; the text of the range is made from the same numbers.
struct ConfigurationForm<Value: Sendable & Equatable>: Sendable {
    /// What a value must be, as the end of "must be …".
    let expected: String
    /// The value of a node, or nil after at least one mistake was appended. `path` is the key's.
    let read: @Sendable (_ node: SourceNode, _ path: String, _ mistakes: inout [SourceMistake]) -> Value?
    let write: @Sendable (Value) -> ConfigurationValue
}

extension ConfigurationForm {
    /// A form of single values.
    ///
    /// - Parameter parse: nil means that the value is not what is expected.
    static func scalar(
        _ expected: String, write: @escaping @Sendable (Value) -> ConfigurationValue,
        parse: @escaping @Sendable (_ text: String, _ isQuoted: Bool) -> Value?
    ) -> Self {
        Self(
            expected: expected,
            read: { node, path, mistakes in
                if case .scalar(let text, let isQuoted) = node.content, let value = parse(text, isQuoted) { return value }
                mistakes.append(.unexpected(node, path, expected))
                return nil
            },
            write: write)
    }
}

extension SourceMistake {
    static func unexpected(_ node: SourceNode, _ path: String, _ expected: String) -> SourceMistake {
        SourceMistake(line: node.line, path: path, why: "is \(node.shown), must be \(expected)")
    }
}

// MARK: - Numbers

extension ConfigurationForm where Value == Double {
    /// A number without quotes, decimal, within `range`.
    static func number(_ what: String, _ range: ClosedRange<Double>) -> Self {
        let lower = ConfigurationValue.text(of: range.lowerBound)
        let isOpen = range.upperBound == .greatestFiniteMagnitude
        let expected = "\(what), " + (isOpen ? "\(lower) or more" : "\(lower) to \(ConfigurationValue.text(of: range.upperBound))")
        return scalar(
            expected, write: { .number($0) },
            parse: { text, isQuoted in
                guard !isQuoted, let number = decimal(text), range.contains(number) else { return nil }
                return number == 0 ? 0 : number  // -0 is 0
            })
    }

    static func metres(_ range: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude) -> Self { number("metres", range) }

    /// Digits with a sign, a point and an exponent, as YAML and JSON have in common. Not `0x10`, `nan` or `inf`, which Swift would take.
    private static func decimal(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }), let number = Double(text), number.isFinite else { return nil }
        return number
    }
}

extension ConfigurationForm where Value == Int {
    static func count(_ range: ClosedRange<Int>) -> Self {
        scalar(
            "a whole number, \(range.lowerBound) to \(range.upperBound)", write: { .integer($0) },
            parse: { text, isQuoted in
                guard !isQuoted, let number = Int(text), range.contains(number) else { return nil }
                return number
            })
    }
}

// MARK: - Spans, limits, words

extension ConfigurationForm where Value == TimeSpan {
    static var span: Self {
        scalar(
            "a span of time like 10, 500ms, 1h 30min, from 0 to 10y", write: { .text("\($0)") }, parse: { text, _ in try? TimeSpan(text) })
    }
}

extension ConfigurationForm where Value == Limit {
    static var limit: Self {
        let expected = "count/span like 20/1h (count 0 to \(Limit.largestCount), span above 0, to 10y), or unlimited"
        return scalar(expected, write: { .text("\($0)") }, parse: { text, _ in try? Limit(text) })
    }
}

extension ConfigurationForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the names of an enumeration.
    static var choice: Self {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return scalar("one of \(names)", write: { .text($0.rawValue) }, parse: { text, _ in Value(rawValue: text) })
    }
}

extension ConfigurationForm where Value == String {
    /// A name by the contract's rule for ids.
    static var name: Self {
        scalar(
            "a name of 1 to 128 bytes without control characters", write: { .text($0) },
            parse: { text, _ in
                let isGood =
                    (1...128).contains(text.utf8.count) && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
                return isGood ? text : nil
            })
    }
}
