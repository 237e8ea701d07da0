/// The settings that apply, and where each came from.
package struct EffectiveConfiguration: Sendable, Equatable {
    package let values: Configuration
    /// By path; every key has one.
    package let origins: [String: ConfigurationOrigin]
    /// Sentences for the operator about what was ignored; empty if all was used.
    package let warnings: [String]

    package init(values: Configuration, origins: [String: ConfigurationOrigin], warnings: [String]) {
        self.values = values
        self.origins = origins
        self.warnings = warnings
    }

    /// The defaults of the profile `people`, as if there were no file and no environment.
    package static var defaults: EffectiveConfiguration {
        let origins = ConfigurationKey.all.map { ($0.path, $0.dependsOnProfile ? ConfigurationOrigin.profile(.people) : .builtIn) }
        return EffectiveConfiguration(
            values: Configuration(), origins: Dictionary(uniqueKeysWithValues: origins), warnings: [])
    }

    package func origin(of key: ConfigurationKey) -> ConfigurationOrigin { origins[key.path] ?? .builtIn }

    // MARK: - Text

    /// What `--check-config` prints: YAML that reads back as the same settings, with the origin of each value as a comment.
    package var checkText: String {
        var text = ""
        var open: [Substring] = []
        for key in ConfigurationKey.all {
            let sections = Array(key.components.dropLast())
            let common = zip(open, sections).prefix { $0 == $1 }.count
            for depth in common..<sections.count { text += Self.indent(depth) + sections[depth] + ":\n" }
            open = sections
            let line = Self.indent(sections.count) + "\(key.components.last ?? ""): \(key.value(values).yaml)"
            text += line + String(repeating: " ", count: max(2, Self.originColumn - line.count)) + "# \(origin(of: key))\n"
        }
        return text
    }

    /// What `config.get` answers: one JSON object, a member for each key with its value and its origin.
    package var json: String {
        let members = ConfigurationKey.all.map { key in
            ConfigurationValue.Entry(
                name: key.path,
                value: .map([
                    .init(name: "value", value: key.value(values)),
                    .init(name: "origin", value: .text(origin(of: key).description)),
                ]))
        }
        return ConfigurationValue.map(members).json
    }

    private static let originColumn = 40

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    // MARK: - Reload

    /// What a reload comes to.
    package struct Change: Sendable, Equatable {
        /// What applies from now on: the new settings, except for keys that wait for a restart.
        package let effective: EffectiveConfiguration
        /// Paths of the keys whose effective value is now another, in order.
        package let changed: [String]
        /// Paths of the keys whose new value waits for a restart, in order; none of them is in `changed`.
        package let restartNeeded: [String]
    }

    /// The step from these settings, which are in force, to `loaded`, which were just read.
    package func reloading(_ loaded: EffectiveConfiguration) -> Change {
        var values = loaded.values
        var origins = loaded.origins
        var changed: [String] = []
        var restartNeeded: [String] = []
        for key in ConfigurationKey.all where key.value(self.values) != key.value(loaded.values) {
            switch key.takesEffect {
            case .atReload:
                changed.append(key.path)
            case .atRestart:
                restartNeeded.append(key.path)
                key.copy(self.values, &values)
                origins[key.path] = self.origins[key.path]
            }
        }
        let effective = EffectiveConfiguration(values: values, origins: origins, warnings: loaded.warnings)
        return Change(effective: effective, changed: changed, restartNeeded: restartNeeded)
    }
}
