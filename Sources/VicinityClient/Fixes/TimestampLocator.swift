// Finding, and replacing, the `ts` of a fix without touching any other byte of the line: a replay must send what was recorded, its key
// order, number forms and unknown keys included.

/// Where the `ts` of a line is, and what it says.
package struct Timestamp: Equatable, Sendable {
    /// Bytes of the number in the line.
    package let range: Range<Int>
    /// Unix milliseconds, 0 to 2^53 − 1.
    package let milliseconds: Int64

    /// Finds the `ts` of the outermost object.
    ///
    /// - Returns: `nil` if there is none, it is no valid time, or the line is not understood up to it; such a line is the daemon's to
    ///   judge.
    /// - Complexity: O(length); allocates a few bytes.
    package init?(in line: [UInt8]) {
        var scanner = LineScanner(line: line)
        guard let range = scanner.valueRange(ofKey: "ts"),
            let milliseconds = JSONValue.number(String(decoding: line[range], as: UTF8.self)).integer,
            (0...(1 << 53) - 1).contains(milliseconds)
        else { return nil }
        self.range = range
        self.milliseconds = milliseconds
    }

    /// Writes another time in its place; every other byte stays.
    package func replace(with milliseconds: Int64, in line: inout [UInt8]) {
        line.replaceSubrange(range, with: String(milliseconds).utf8)
    }
}

private struct LineScanner {
    let line: [UInt8]
    var position = 0

    init(line: [UInt8]) {
        self.line = line
    }

    /// The bytes of the scalar that belongs to `key` in the outermost object.
    mutating func valueRange(ofKey key: String) -> Range<Int>? {
        guard take(UInt8(ascii: "{")) else { return nil }
        while let name = string() {
            guard take(UInt8(ascii: ":")), let value = value() else { return nil }
            if isKey(key, at: name) { return value }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }

    private func isKey(_ key: String, at range: Range<Int>) -> Bool {
        let spelled = line[range]
        if spelled.dropFirst().dropLast().elementsEqual(key.utf8) { return true }
        guard spelled.contains(UInt8(ascii: "\\")) else { return false }
        return (try? JSONValue(parsing: Array(spelled))) == .string(key)
    }

    private mutating func skipSpace() {
        while position < line.count, line[position] == 0x20 || line[position] == 0x09 || line[position] == 0x0D { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < line.count, line[position] == byte else { return false }
        position += 1
        return true
    }

    /// The range of a string with its quotes.
    private mutating func string() -> Range<Int>? {
        skipSpace()
        let start = position
        guard take(UInt8(ascii: "\"")) else { return nil }
        while position < line.count {
            let byte = line[position]
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return start..<position }
        }
        return nil
    }

    /// The range of any value.
    private mutating func value() -> Range<Int>? {
        skipSpace()
        let start = position
        var depth = 0
        while position < line.count {
            switch line[position] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return start..<trimmedEnd(from: start) }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return start..<trimmedEnd(from: start)
            default: break
            }
            position += 1
        }
        return nil
    }

    /// ``position`` without the white space before it.
    private func trimmedEnd(from start: Int) -> Int {
        var end = position
        while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
        return end
    }
}
