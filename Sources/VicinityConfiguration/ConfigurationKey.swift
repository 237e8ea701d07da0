/// One key of the configuration: what is known of it, in one place.
///
/// Reading the file and the environment, ranges, names of variables, `--check-config`, `config.get`, and the tests of the manual and the
/// sample all go through ``all``.
package struct ConfigurationKey: Sendable {
    /// `halo.radius`.
    package let path: String
    /// One line for the sample and the manual.
    package let meaning: String
    /// What a value must be: the end of "must be …".
    package let expected: String
    package let takesEffect: Moment
    /// Reads a node into the configuration, unless it appends a mistake.
    let read: @Sendable (SourceNode, inout Configuration, inout [SourceMistake]) -> Void
    /// The value in a configuration.
    package let value: @Sendable (Configuration) -> ConfigurationValue
    /// Copies the value from the first configuration to the second.
    let copy: @Sendable (Configuration, inout Configuration) -> Void

    /// When a changed value is obeyed.
    package enum Moment: Sendable {
        case atReload
        case atRestart
    }

    init<Value: Sendable & Equatable>(
        _ path: String, _ keyPath: any WritableKeyPath<Configuration, Value> & Sendable, _ form: ConfigurationForm<Value>,
        _ meaning: String, takesEffect: Moment = .atReload
    ) {
        self.path = path
        self.meaning = meaning
        self.expected = form.expected
        self.takesEffect = takesEffect
        read = { node, configuration, mistakes in
            if let value = form.read(node, path, &mistakes) { configuration[keyPath: keyPath] = value }
        }
        value = { form.write($0[keyPath: keyPath]) }
        copy = { $1[keyPath: keyPath] = $0[keyPath: keyPath] }
    }

    /// `VICINITY_HALO_RADIUS` for `halo.radius`.
    package var variable: String { Self.variablePrefix + path.uppercased().split(separator: ".").joined(separator: "_") }

    package static let variablePrefix = "VICINITY_"

    /// The path's parts: sections, and the key's own name last.
    var components: [Substring] { path.split(separator: ".") }

    /// The value where nothing sets it.
    package func defaultValue(for profile: Configuration.Privacy.Profile) -> ConfigurationValue { value(.defaults(for: profile)) }

    /// Whether the profiles have different defaults for it.
    package var dependsOnProfile: Bool {
        self.path != Self.profilePath && defaultValue(for: .people) != defaultValue(for: .places)
    }

    static let profilePath = "privacy.profile"

    package static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })
}
