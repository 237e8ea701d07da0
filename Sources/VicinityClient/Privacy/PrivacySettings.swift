// What a privacy check needs of the settings, read from the answer to `config.get`, which a file that is looked at without a daemon is
// brought into too.

package struct PrivacySettings: Sendable {
    /// A limit as it is written: `20/1h`.
    package struct Limit: Equatable, Sendable {
        package let count: Int64
        /// Milliseconds.
        package let span: Int64
        package let text: String

        /// How many a day come to.
        package var perDay: Double { span > 0 ? Double(count) * 86_400_000 / Double(span) : .infinity }
    }

    /// The account or group that a role is given to, as `group vicinity-relay`.
    package typealias Principal = String

    private let values: [String: JSONValue]

    /// - Parameter answer: of `config.get`; a key that is missing, as with a daemon of another version, is what the caller says.
    package init(_ answer: JSONValue) {
        values = Dictionary(ConfigText.settings(answer).map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    package func text(_ key: String) -> String? { values[key]?.string }

    package func number(_ key: String) -> Double? { values[key]?.double }

    package func texts(_ key: String) -> [String] { values[key]?.array?.compactMap(\.string) ?? [] }

    package func numbers(_ key: String) -> [Double] { values[key]?.array?.compactMap(\.double) ?? [] }

    /// Milliseconds.
    package func span(_ key: String) -> Double? { text(key).flatMap(Self.milliseconds) }

    /// - Returns: `nil` if there is no limit.
    package func limit(_ key: String) -> Limit? {
        guard let text = text(key) else { return nil }
        let parts = text.split(separator: "/").map(String.init)
        guard parts.count == 2, let count = Int64(parts[0]), let span = Self.milliseconds(parts[1]) else { return nil }
        return Limit(count: count, span: Int64(span), text: text)
    }

    /// Whether following is watched for.
    package var watchesFollowing: Bool { values["privacy.follow"]?.members != nil }

    package var isAboutPeople: Bool { text("privacy.profile") != "places" }

    /// Metres, for subjects that bring none.
    package var precision: Double { number("privacy.precision") ?? 0 }

    /// Who has a role.
    package func principals(_ key: String) -> [Principal] {
        let names = { (list: JSONValue?) in (list?.array ?? []).map { $0.string ?? $0.text } }
        return names(values[key]?["users"]).map { "user \($0)" } + names(values[key]?["groups"]).map { "group \($0)" }
    }

    /// A span as the daemon writes it: `1min 30s`.
    private static func milliseconds(_ text: String) -> Double? {
        let units: [String: Double] = [
            "us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "month": 2_629_800_000,
            "y": 31_557_600_000,
        ]
        var total = 0.0
        for part in text.split(separator: " ") {
            let number = part.prefix { $0.isNumber || $0 == "." }
            guard let value = Double(number), let unit = units[String(part.dropFirst(number.count))] else { return nil }
            total += value * unit
        }
        return total
    }
}
