/// A unit file of systemd, or a file of sysusers.d, as its lines.
struct UnitFile {
    /// `Key=value` in a section.
    struct Directive: Equatable {
        var section: String
        var key: String
        var value: String
        /// From 1.
        var line: Int
        /// Whether a comment stands above it, or above the directives that stand above it without a gap.
        var hasReason: Bool
    }

    private(set) var directives: [Directive] = []

    init(_ text: String) {
        var section = ""
        var hasReason = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("#") {
                hasReason = true
            } else if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                section = String(line[line.index(after: line.startIndex)..<end])
                hasReason = false
            } else if let equals = line.firstIndex(of: "=") {
                let value = String(line[line.index(after: equals)...])
                directives.append(
                    Directive(section: section, key: String(line[..<equals]), value: value, line: number + 1, hasReason: hasReason))
            } else {
                hasReason = false
            }
        }
    }

    /// The values of a key, in order.
    func values(_ key: String) -> [String] { directives.filter { $0.key == key }.map(\.value) }

    /// The value of a key that stands there once; `nil` if it does not.
    func value(_ key: String) -> String? {
        let values = values(key)
        return values.count == 1 ? values[0] : nil
    }

    /// A value in bytes: `384M`, `4G`.
    static func bytes(_ value: String?) -> Int? {
        guard let value, let unit = value.last else { return nil }
        let factors: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        guard let factor = factors[unit] else { return Int(value) }
        return Int(value.dropLast()).map { $0 * factor }
    }

    /// A span in milliseconds, of those that the units use: `10s`, `500ms`, `0`.
    static func milliseconds(_ value: String?) -> Int? {
        guard let value else { return nil }
        if value.hasSuffix("ms") { return Int(value.dropLast(2)) }
        return value.hasSuffix("s") ? Int(value.dropLast()).map { $0 * 1000 } : Int(value).map { $0 * 1000 }
    }
}
