import Glibc

/// All that is wrong with a configuration, at least one mistake; the start ends with exit status 78.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// Those of the file by line, then the environment's by variable, then what does not fit together.
    package let errors: [ConfigurationError]

    /// One line for each, without a line break at the end.
    package var description: String { errors.map(\.description).joined(separator: "\n") }
}

extension Configuration {
    /// A configuration file's name, as errors show it, and its bytes.
    package struct File: Sendable {
        package let path: String
        package let contents: [UInt8]

        package init(path: String, contents: [UInt8]) {
            self.path = path
            self.contents = contents
        }
    }

    /// A key set on a command line: the highest layer.
    package struct Argument: Sendable {
        /// How errors and origins call it, for example `--set`.
        package let name: String
        /// The key.
        package let path: String
        /// The value, in YAML; nil if none was given, which is a mistake.
        package let text: String?

        package init(name: String, path: String, text: String) {
            self.name = name
            self.path = path
            self.text = text
        }

        /// Takes `key=value` apart, at the first `=`; white space round the key does not count.
        ///
        /// Whether there is such a key and such a value, and whether there is a `=` at all, ``Configuration/load(file:environment:arguments:)``
        /// says, together with everything else that is wrong.
        package init(name: String, assignment: String) {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            self.name = name
            self.path = String(parts.first?.trimmingSpaces ?? "")
            self.text = parts.count == 2 ? String(parts[1]) : nil
        }
    }

    /// Makes the effective configuration of its layers.
    ///
    /// - Parameters:
    ///   - file: nil if there is none.
    ///   - environment: all of it; what does not begin with `VICINITY_` is not looked at.
    ///   - arguments: from the command line, the last one counts.
    package static func load(
        file: File?, environment: [String: String], arguments: [Argument] = []
    ) -> Result<EffectiveConfiguration, ConfigurationErrors> {
        ConfigurationLoader.load(file: file, environment: environment, arguments: arguments)
    }

    /// Reads the file at `path`, then does the same.
    ///
    /// - Parameters:
    ///   - path: nil if there is none.
    ///   - isRequired: whether the operator named the file; one that was only looked for may be missing.
    package static func load(
        path: String?, isRequired: Bool, environment: [String: String], arguments: [Argument] = []
    ) -> Result<EffectiveConfiguration, ConfigurationErrors> {
        guard let path else { return load(file: nil, environment: environment, arguments: arguments) }
        switch read(path) {
        case .success(let contents):
            return load(file: File(path: path, contents: contents), environment: environment, arguments: arguments)
        case .failure(.system(ENOENT)) where !isRequired:
            return load(file: nil, environment: environment, arguments: arguments)
        case .failure(let fault):
            let error = ConfigurationError(place: .file(path: path, line: 1), path: "--config", why: fault.why)
            // The file's absence hides nothing that is wrong with the environment.
            switch load(file: nil, environment: environment, arguments: arguments) {
            case .success: return .failure(ConfigurationErrors(errors: [error]))
            case .failure(let others): return .failure(ConfigurationErrors(errors: [error] + others.errors))
            }
        }
    }

    // MARK: - Reading the file

    private static let mostBytes = 1 << 20

    private enum ReadFault: Error {
        case system(CInt)
        case tooLarge

        var why: String {
            switch self {
            case .system(let code): "the file cannot be read: \(String(cString: strerror(code)))"
            case .tooLarge: "the file is larger than 1 MiB"
            }
        }
    }

    /// Reads a file, a pipe or a device to its end, but no more than 1 MiB.
    private static func read(_ path: String) -> Result<[UInt8], ReadFault> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(.system(errno)) }
        defer { _ = close(descriptor) }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(.system(errno)) }
            guard count > 0 else { return .success(contents) }
            contents += chunk.prefix(count)
            guard contents.count <= mostBytes else { return .failure(.tooLarge) }
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var rest = self
        while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return rest
    }
}
