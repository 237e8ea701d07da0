/// Text, environment and arguments to one ``EffectiveConfiguration``: arguments beat environment beats file beats defaults.
///
/// Every layer is read to its end whatever is wrong in it, so that the operator sees all mistakes at once; a value that a higher layer
/// replaces must be right all the same.
struct ConfigurationLoader {
    private var configuration = Configuration()
    private var origins: [String: ConfigurationOrigin] = [:]
    private var errors: [ConfigurationError] = []
    /// Keys of which some layer had a wrong value: a cross-check of these would only repeat it.
    private var wrong: Set<String> = []
    private var warnings: [String] = []
    /// What the layers set, from the lowest to the highest, applied when the profile is known.
    private var settings: [(key: ConfigurationKey, node: SourceNode, origin: ConfigurationOrigin)] = []

    static func load(
        file: Configuration.File?, environment: [String: String], arguments: [Configuration.Argument]
    ) -> Result<EffectiveConfiguration, ConfigurationErrors> {
        var loader = ConfigurationLoader()
        if let file { loader.gather(file) }
        loader.gather(environment)
        for argument in arguments { loader.gather(argument) }
        loader.apply()
        loader.checkTogether()
        guard loader.errors.isEmpty else { return .failure(ConfigurationErrors(errors: loader.errors)) }
        return .success(EffectiveConfiguration(values: loader.configuration, origins: loader.origins, warnings: loader.warnings))
    }

    // MARK: - The layers

    private mutating func gather(_ file: Configuration.File) {
        let origin = { (line: Int) in ConfigurationOrigin.file(path: file.path, line: line) }
        guard let text = String(validating: file.contents, as: UTF8.self) else {
            let line = Self.lineOfBadUTF8(in: file.contents)
            errors.append(ConfigurationError(place: origin(line), path: "yaml", why: "the text is not UTF-8"))
            return
        }
        switch YAMLReader.read(text) {
        case .failure(let mistake):
            report([mistake], at: origin)
        case .success(let root):
            var mistakes: [SourceMistake] = []
            gather(section: root, path: [], origin, &mistakes)
            report(mistakes, at: origin)
        }
    }

    /// Walks a section of the file; `path` is its name, empty for the whole.
    private mutating func gather(
        section: SourceNode, path: [Substring], _ origin: (Int) -> ConfigurationOrigin, _ mistakes: inout [SourceMistake]
    ) {
        let entries: [SourceNode.Entry]
        switch section.content {
        case .empty: return  // a section of which all keys are commented out
        case .map(let found): entries = found
        case .scalar, .list:
            let name = path.isEmpty ? "yaml" : path.joined(separator: ".")
            mistakes.append(.unexpected(section, name, "a map of \(Self.names(in: path).joined(separator: ", "))"))
            return
        }
        var lines: [String: Int] = [:]
        for entry in entries {
            let inner = path + [Substring(entry.name)]
            let name = inner.joined(separator: ".")
            if let first = lines[entry.name] {
                mistakes.append(.twice(entry, name, first: first))
                continue
            }
            lines[entry.name] = entry.line
            // A key with a point in its name is none, though it looks like a path.
            if entry.name.contains(".") {
                let isPath = ConfigurationKey.byPath[name] != nil
                let why = isPath ? "a point makes no section, write a map in a map" : Self.unknown(entry.name, in: path)
                mistakes.append(SourceMistake(line: entry.line, path: name, why: why))
            } else if let key = ConfigurationKey.byPath[name] {
                settings.append((key, entry.valueOnItsLine, origin(entry.line)))
            } else if !Self.names(in: inner).isEmpty {
                gather(section: entry.valueOnItsLine, path: inner, origin, &mistakes)
            } else {
                mistakes.append(SourceMistake(line: entry.line, path: name, why: Self.unknown(entry.name, in: path)))
            }
        }
    }

    private mutating func gather(_ environment: [String: String]) {
        let keys = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.variable, $0) })
        // Sorted: a dictionary's order must not show.
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(ConfigurationKey.variablePrefix) {
            // Where the sockets are is asked by vicinityctl, mostly in the same shell.
            if name == "VICINITY_SOCKET_DIR" { continue }
            if let key = keys[name] {
                gather(text, for: key, from: .named(name))
            } else {
                let hint = NearestName.of(name, among: keys.keys.sorted()).map { "; did you mean \($0)?" } ?? ""
                warnings.append("\(SourceNode.printable(name)): the environment sets it, but no key has that name" + hint)
            }
        }
    }

    private mutating func gather(_ argument: Configuration.Argument) {
        let key = ConfigurationKey.byPath[argument.path]
        switch (key, argument.text) {
        case (let key?, let text?): gather(text, for: key, from: .named(argument.name))
        case (nil, _): report(Self.unknown(argument), of: argument)
        case (let key?, nil):
            wrong.insert(key.path)
            report("has no value, must be given as \(key.path)=…, with \(key.expected)", of: argument)
        }
    }

    private mutating func report(_ why: String, of argument: Configuration.Argument) {
        let path = argument.path.isEmpty ? "key" : argument.path
        report([SourceMistake(line: 1, path: path, why: why)], at: { _ in .named(argument.name) })
    }

    private static func unknown(_ argument: Configuration.Argument) -> String {
        guard !argument.path.isEmpty else { return "is missing, must be given as key=value, like halo.radius=300" }
        let keys = names(in: argument.path.split(separator: "."))
        guard keys.isEmpty else { return "is a section, must be one key of it: " + keys.joined(separator: ", ") }
        return unknown(argument.path, in: [])
    }

    /// Takes the text of one key, which is YAML of its own.
    private mutating func gather(_ text: String, for key: ConfigurationKey, from origin: ConfigurationOrigin) {
        switch YAMLReader.read(text) {
        case .failure(let mistake):
            wrong.insert(key.path)
            report([SourceMistake(line: 1, path: key.path, why: mistake.why)], at: { _ in origin })
        case .success(let node):
            settings.append((key, node, origin))
        }
    }

    // MARK: - Values

    private mutating func apply() {
        apply { $0.path == ConfigurationKey.profilePath }
        let profile = configuration.privacy.profile
        configuration = .defaults(for: profile)
        let profileOrigin = origins[ConfigurationKey.profilePath]
        for key in ConfigurationKey.all { origins[key.path] = key.dependsOnProfile ? .profile(profile) : .builtIn }
        origins[ConfigurationKey.profilePath] = profileOrigin ?? .builtIn
        apply { $0.path != ConfigurationKey.profilePath }
        errors.sort { $0.place.precedes($1.place) }
    }

    private mutating func apply(_ isDue: (ConfigurationKey) -> Bool) {
        for (key, node, origin) in settings where isDue(key) {
            var mistakes: [SourceMistake] = []
            key.read(node, &configuration, &mistakes)
            guard mistakes.isEmpty else {
                wrong.insert(key.path)
                report(mistakes) { line in
                    if case .file(let path, _) = origin { .file(path: path, line: line) } else { origin }
                }
                continue
            }
            origins[key.path] = origin
        }
    }

    private mutating func report(_ mistakes: [SourceMistake], at origin: (Int) -> ConfigurationOrigin) {
        for mistake in mistakes {
            let path = SourceNode.printable(mistake.path)
            errors.append(ConfigurationError(place: origin(mistake.line), path: path, why: mistake.why))
        }
    }

    // MARK: - What must fit together

    private mutating func checkTogether() {
        checkOrder("halo.min_radius", "halo.radius", configuration.halo.minimumRadius <= configuration.halo.radius)
        checkOrder("halo.radius", "halo.max_radius", configuration.halo.radius <= configuration.halo.maximumRadius)
        checkSuspendOn()
    }

    /// What suspends must be something that can be reported.
    ///
    /// One that was written and is not is a slip. The default has it only if the kinds do: settings that are shown must be settings that can
    /// be written.
    private mutating func checkSuspendOn() {
        let path = "reports.suspend_on"
        let kinds = configuration.reports.kinds
        guard let origin = origins[path], !origin.isDefault else {
            configuration.reports.suspendOn.removeAll { !kinds.contains($0) }
            return
        }
        let missing = configuration.reports.suspendOn.filter { !kinds.contains($0) }
        guard !missing.isEmpty, !wrong.contains("reports.kinds") else { return }
        let names = missing.map(ConfigurationValue.quoted).joined(separator: ", ")
        let why = "names \(names), must be among reports.kinds, which is \(value("reports.kinds")) (\(describe("reports.kinds")))"
        errors.append(ConfigurationError(place: origin, path: path, why: why))
    }

    /// Blames the key that was written; the smaller one of two.
    private mutating func checkOrder(_ smaller: String, _ larger: String, _ isInOrder: Bool) {
        guard !isInOrder, wrong.isDisjoint(with: [smaller, larger]) else { return }
        let blamesSmaller = origins[smaller].map { !$0.isDefault } ?? false
        let (blamed, other) = blamesSmaller ? (smaller, larger) : (larger, smaller)
        guard let origin = origins[blamed] else { return }
        let relation = blamesSmaller ? "at most" : "at least"
        let why = "is \(value(blamed)), must be \(relation) \(other), which is \(value(other)) (\(describe(other)))"
        errors.append(ConfigurationError(place: origin, path: blamed, why: why))
    }

    private func value(_ path: String) -> String { ConfigurationKey.byPath[path]?.value(configuration).yaml ?? "" }
    private func describe(_ path: String) -> String { origins[path]?.description ?? "" }

    // MARK: - Names

    /// The names of keys and sections directly in a section, in order; none if there is no such section.
    private static func names(in path: [Substring]) -> [String] {
        var names: [String] = []
        for key in ConfigurationKey.all where key.components.count > path.count && key.components.starts(with: path) {
            let name = String(key.components[path.count])
            if names.last != name { names.append(name) }
        }
        return names
    }

    /// Why a name is refused: with the nearest name of its section; else the key of that name elsewhere; else the nearest path.
    private static func unknown(_ name: String, in path: [Substring]) -> String {
        var suggestion = NearestName.of(name, among: names(in: path)).map { (path + [Substring($0)]).joined(separator: ".") }
        if suggestion == nil {
            let elsewhere = ConfigurationKey.all.filter { $0.components.last.map(String.init) == name }
            suggestion = elsewhere.count == 1 ? elsewhere.first?.path : nil
        }
        suggestion = suggestion ?? NearestName.of(name, among: ConfigurationKey.all.map(\.path))
        return "there is no such key" + (suggestion.map { "; did you mean \($0)?" } ?? "")
    }

    private static func lineOfBadUTF8(in bytes: [UInt8]) -> Int {
        var line = 1
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return line
    }
}

extension ConfigurationOrigin {
    /// Lines of the file first, each as it comes; the rest stays in its order.
    fileprivate func precedes(_ other: ConfigurationOrigin) -> Bool {
        switch (self, other) {
        case (.file(_, let line), .file(_, let otherLine)): line < otherLine
        case (.file, .named): true
        case (.file, .builtIn), (.file, .profile), (.builtIn, _), (.profile, _), (.named, _): false
        }
    }
}
