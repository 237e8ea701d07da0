import VicinityConfiguration

/// What the table of keys says of a setting, as a block of a page.
enum SettingBlocks {
    /// - Parameter body: what there is to say beyond the table.
    static func setting(_ key: ConfigurationKey, _ body: [Block]) -> Block {
        .term(["`\(key.path)`"], [.paragraph(meaning(key))] + body + [.paragraph(facts(key))])
    }

    private static func meaning(_ key: ConfigurationKey) -> String {
        key.meaning.prefix(1).uppercased() + key.meaning.dropFirst() + "."
    }

    private static func facts(_ key: ConfigurationKey) -> String {
        // How a span is written has a section of its own.
        let form = key.expected.replacing(" like 10, 500ms, 1h 30min,", with: ",")
        var fallback = "`\(key.defaultValue(for: .people).yaml)`"
        if key.dependsOnProfile { fallback += ", with the profile `places` `\(key.defaultValue(for: .places).yaml)`" }
        let moment =
            switch key.takesEffect {
            case .atReload: "A reload applies it."
            case .atRestart: "**Needs a restart.**"
            }
        return "Default: \(fallback). Must be \(form). \(moment) Variable: `\(key.variable)`."
    }
}
