package import VicinityClient
internal import VicinityConfiguration
package import VicinityCore

/// The settings of a rehearsal: those of a daemon with the same file, without its environment.
///
/// The environment of whoever types a command is not that of the daemon, so it is left out: the same command says the same
/// everywhere.
package struct RehearsalSettings: Sendable {
    package let rules: Rules

    /// Metres that a line may ask for.
    package var radii: ClosedRange<Double> { rules.minRadius...rules.maxRadius }

    /// Reads a configuration file, and keys set on the command line over it.
    ///
    /// - Parameters:
    ///   - path: `nil` is the defaults.
    ///   - assignments: `key=value` each, as after `--set`.
    /// - Throws: ``ClientFault/configuration(_:)`` with all that is wrong, a line each.
    package init(path: String?, assignments: [String]) throws(ClientFault) {
        let arguments = assignments.map { Configuration.Argument(name: "--set", assignment: $0) }
        switch Configuration.load(path: path, isRequired: path != nil, environment: [:], arguments: arguments) {
        case .success(let effective): rules = Rules(effective.values)
        case .failure(let errors): throw .configuration(errors.description)
        }
    }

    /// The settings of a file as a daemon with it would show them to `config.get`.
    ///
    /// - Parameter path: `nil` is the defaults.
    /// - Throws: ``ClientFault/configuration(_:)`` with all that is wrong, a line each.
    package static func asShown(path: String?) throws(ClientFault) -> JSONValue {
        switch Configuration.load(path: path, isRequired: path != nil, environment: [:]) {
        case .success(let effective):
            guard let shown = try? JSONValue(parsing: Array(effective.json.utf8)) else {
                preconditionFailure("settings that were encoded are JSON")
            }
            return shown
        case .failure(let errors): throw .configuration(errors.description)
        }
    }

    /// The keys that change what a rehearsal says, in order.
    package static var keys: [String] {
        let privacy = ["privacy.profile", "privacy.precision", "privacy.distance", "privacy.bands"]
        return ConfigurationKey.all.map(\.path).filter { path in
            path.hasPrefix("halo.") || path.hasPrefix("fixes.") || privacy.contains(path)
        }
    }
}
