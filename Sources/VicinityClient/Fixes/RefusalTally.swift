// Refused lines, counted by code, with the first few of each as examples. Bounded, whatever is sent.

package struct RefusalTally: Equatable, Sendable {
    package struct Example: Equatable, Sendable {
        /// Of the whole input, from 1.
        package let line: UInt64
        package let message: String
    }

    package struct Entry: Equatable, Sendable {
        package let code: String
        package fileprivate(set) var count: UInt64
        package fileprivate(set) var examples: [Example]
    }

    /// Examples kept of one code.
    static let exampleLimit = 3

    /// In the order in which the codes came.
    package private(set) var entries: [Entry] = []
    /// Lines that the daemon summed up without naming each.
    package private(set) var summedUp: UInt64 = 0

    package var total: UInt64 { entries.reduce(summedUp) { $0 + $1.count } }

    mutating func count(line: UInt64, code: String, message: String) {
        let index = entries.firstIndex { $0.code == code } ?? entries.count
        if index == entries.count { entries.append(Entry(code: code, count: 0, examples: [])) }
        entries[index].count += 1
        if entries[index].examples.count < Self.exampleLimit {
            entries[index].examples.append(Example(line: line, message: message))
        }
    }

    mutating func sumUp(_ count: UInt64) { summedUp += count }
}
