import Foundation
import Testing

/// Files of the repository that tests read, and golden files that they compare with.
enum ProjectFile {
    /// `Tests/VicinityConfigurationTests`.
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let root = folder.deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Compares `text` with the golden file byte for byte, or rewrites it if `VICINITY_UPDATE_GOLDEN=1`.
    static func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let golden = folder.appending(path: "Golden").appending(path: name)
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: golden)
        }
        let expected = try String(contentsOf: golden, encoding: .utf8)
        #expect(text == expected, "\(name) is out of date", sourceLocation: sourceLocation)
    }
}
