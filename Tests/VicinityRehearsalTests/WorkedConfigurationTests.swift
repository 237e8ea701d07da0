import Foundation
import Testing
import VicinityClient
import VicinityRehearsal

@Suite("The configuration of docs/privacy.md")
struct WorkedConfigurationTests {
    @Test("A daemon takes it, and the privacy check has nothing to say of it")
    func worked() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/privacy.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "<!-- worked configuration -->\n```yaml\n")
        let yaml = try #require(parts.count == 2 ? parts[1].components(separatedBy: "```\n").first : nil)
        let file = FileManager.default.temporaryDirectory.appending(path: "vicinity-worked-\(UInt32.random(in: 0 ... .max)).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try yaml.write(to: file, atomically: true, encoding: .utf8)
        let settings = try RehearsalSettings.asShown(path: file.path())
        #expect(settings["privacy.precision"]?["value"]?.double == 400)
        let report = try PrivacyCheckRun.reading(settings: settings, config: nil, register: nil, console: Console(output: -1, errors: -1))
        #expect(report.findings == [], "\(report.text)")
    }
}
