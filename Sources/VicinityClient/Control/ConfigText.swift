// The answer to `config.get`: values with their origin, however deep they lie.

package enum ConfigText {
    package struct Setting: Equatable, Sendable {
        /// Dotted: "halo.radius".
        package let key: String
        package let value: JSONValue
        package let origin: String?
    }

    /// All settings in the answer, in its order. An object with a `value` is a setting, any other a section.
    package static func settings(_ answer: JSONValue) -> [Setting] {
        var settings: [Setting] = []
        collect(answer, key: "", into: &settings)
        return settings
    }

    private static func collect(_ value: JSONValue, key: String, into settings: inout [Setting]) {
        guard case .object(let members) = value, !members.isEmpty else {
            return settings.append(Setting(key: key, value: value, origin: nil))
        }
        if let member = members.first(where: { $0.key == "value" }), members.contains(where: { $0.key == "origin" }) {
            return settings.append(Setting(key: key, value: member.value, origin: value["origin"]?.string ?? value["origin"]?.text))
        }
        for member in members { collect(member.value, key: key.isEmpty ? member.key : "\(key).\(member.key)", into: &settings) }
    }

    /// - Parameter keys: settings or sections; all if empty.
    /// - Returns: `nil` if none of the settings is meant.
    package static func text(_ answer: JSONValue, keys: [String]) -> String? {
        let chosen = settings(answer).filter { setting in
            keys.isEmpty || keys.contains { setting.key == $0 || setting.key.hasPrefix("\($0).") }
        }
        guard !chosen.isEmpty else { return nil }
        let rows = chosen.map { (name: $0.key, value: $0.value.string ?? $0.value.text, origin: $0.origin) }
        let width = rows.map(\.name.count).max() ?? 0
        let valueWidth = min(40, rows.map(\.value.count).max() ?? 0)
        return rows.map { row in
            let origin = row.origin.map { "  (\($0))" } ?? ""
            return "\(row.name.padded(to: width))  \(origin.isEmpty ? row.value : row.value.padded(to: valueWidth))\(origin)".terminalSafe
        }.joined(separator: "\n")
    }
}
