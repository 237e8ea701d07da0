import Testing
import VicinityConfiguration

/// The sample and the manual say what the table says.
@Suite("The sample and the manual")
struct ConfigurationManualTests {
    @Test func theSampleIsTheDefaults() throws {
        #expect(try load(try ProjectFile.text("etc/vicinityd.yaml")).get() == .defaults)
    }

    /// A key stands as `#key: value`, a remark as `# text`: without the sign of the first, all keys are set, to their defaults.
    @Test func theSampleNamesEveryKeyWithItsDefault() throws {
        let lines = try ProjectFile.text("etc/vicinityd.yaml").split(separator: "\n", omittingEmptySubsequences: false)
        let active = lines.map { $0.replacing(/^(?<indent> *)#(?<key>\S)/) { "\($0.output.indent)\($0.output.key)" } }
        let effective = try load(active.joined(separator: "\n")).get()
        #expect(effective.values == Configuration())
        for key in ConfigurationKey.all {
            guard case .file = effective.origin(of: key) else {
                Issue.record("the sample has no \(key.path)")
                continue
            }
        }
    }

    @Test(arguments: ConfigurationKey.all.map(\.path))
    func theManualHasARowForEveryKey(path: String) throws {
        let key = try #require(ConfigurationKey.byPath[path])
        let row = Self.manualRow(of: key)
        let manual = try ProjectFile.text("docs/configuration.md").split(separator: "\n")
        #expect(manual.contains(Substring(row)), "docs/configuration.md must have the line\n\(row)")
    }

    @Test func theManualHasNoOtherKey() throws {
        let manual = try ProjectFile.text("docs/configuration.md")
        let named = manual.matches(of: /\n\| `(?<path>[a-z_.]+)` \| `/).map { String($0.output.path) }
        #expect(named == ConfigurationKey.all.map(\.path))
    }

    /// `| key | default | what it must be | meaning |`
    static func manualRow(of key: ConfigurationKey) -> String {
        var value = "`\(key.defaultValue(for: .people).yaml)`"
        if key.dependsOnProfile { value += " (places: `\(key.defaultValue(for: .places).yaml)`)" }
        let restart = key.takesEffect == .atRestart ? "; needs a restart" : ""
        let cells = ["`\(key.path)`", value, key.expected, key.meaning + restart].map { $0.replacing("|", with: "\\|") }
        return "| " + cells.joined(separator: " | ") + " |"
    }
}
