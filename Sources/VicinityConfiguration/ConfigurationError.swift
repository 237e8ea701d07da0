/// One mistake in the configuration, worded for the operator.
///
/// Its text is one line: `FILE:LINE: section.key: why`, or `VARIABLE: section.key: why` for the environment.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where the value came from; a line of the file, a variable.
    package let place: ConfigurationOrigin
    /// The key's path; `yaml` where the text is no YAML, `--config` where there is no text.
    package let path: String
    /// What is wrong and what was expected.
    package let why: String

    package var description: String { "\(place): \(path): \(why)" }
}

/// Where a value came from.
package enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
    case builtIn
    /// A default that another profile has otherwise.
    case profile(Configuration.Privacy.Profile)
    /// The line is counted from 1.
    case file(path: String, line: Int)
    /// A variable of the environment, or an argument of the command line: its name.
    case named(String)

    package var description: String {
        switch self {
        case .builtIn: "default"
        case .profile(let profile): "default (profile \(profile.rawValue))"
        case .file(let path, let line): "\(path):\(line)"
        case .named(let name): name
        }
    }

    var isDefault: Bool {
        switch self {
        case .builtIn, .profile: true
        case .file, .named: false
        }
    }
}
