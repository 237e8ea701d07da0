import VicinityConfiguration

/// Loads `yaml` as the file `f.yaml`.
func load(
    _ yaml: String? = nil, environment: [String: String] = [:], arguments: [Configuration.Argument] = []
) -> Result<EffectiveConfiguration, ConfigurationErrors> {
    let file = yaml.map { Configuration.File(path: "f.yaml", contents: Array($0.utf8)) }
    return Configuration.load(file: file, environment: environment, arguments: arguments)
}

/// The mistakes of `yaml`, one text each; empty if it is good.
func mistakes(_ yaml: String? = nil, environment: [String: String] = [:], arguments: [Configuration.Argument] = []) -> [String] {
    switch load(yaml, environment: environment, arguments: arguments) {
    case .success: []
    case .failure(let errors): errors.errors.map(\.description)
    }
}
