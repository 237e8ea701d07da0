import Logging
import Synchronization
import Testing
import VicinityConfiguration

@testable import VicinityServer

@Suite("Reload")
struct ReloadTests {
    /// What the manager, the log and the settings are told, in order.
    private final class Record: Sendable {
        private let lines = Mutex<[String]>([])

        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private struct Handler: LogHandler {
        let record: Record
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { record.add("\(event.level): \(event.message)") }
    }

    private func reload(
        _ text: String
    ) -> (lines: [String], result: Result<EffectiveConfiguration.Change, ConfigurationErrors>, after: Configuration) {
        let record = Record()
        let reloading = SettingsService.Reloading(
            load: { Configuration.load(file: Configuration.File(path: "v.yaml", contents: Array(text.utf8)), environment: [:]) },
            began: { record.add("RELOADING") }, apply: { _ in record.add("applied") }, ended: { record.add("READY") })
        let logger = Logger(label: "test") { _ in Handler(record: record) }
        let settings = SettingsService(.defaults, ownUser: 0, logger: logger, reloading)
        let before = record.all.count
        let result = settings.reload()
        return (Array(record.all.dropFirst(before)), result, settings.configuration)
    }

    @Test("A wrong file: the reason in the log, the old settings in force, and the manager told that it is over")
    func wrong() {
        let (lines, result, after) = reload("halo:\n  leave_margin: -5\n")
        #expect(lines.first == "RELOADING" && lines.last == "READY")
        #expect(lines.count == 3 && lines[1].hasPrefix("error: ") && lines[1].contains("v.yaml:2: halo.leave_margin: is -5"), "\(lines)")
        #expect(after == Configuration())
        guard case .failure(let errors) = result else {
            Issue.record("it was taken")
            return
        }
        #expect("\(errors)".contains("v.yaml:2: halo.leave_margin: is -5"))
    }

    @Test("What needs a restart is named, as a warning; what does not is in force")
    func restart() {
        let (lines, _, after) = reload("durability: power\nhalo:\n  leave_margin: 60\nlimits:\n  connections: 7\n")
        #expect(lines.first == "RELOADING" && lines.last == "READY" && lines.contains("applied"))
        #expect(lines.filter { $0.hasPrefix("warning: ") && $0.hasSuffix(": durability") }.count == 1, "\(lines)")
        #expect(after.halo.leaveMargin == 60 && after.limits.connections == 7 && after.durability == .process)
    }
}
