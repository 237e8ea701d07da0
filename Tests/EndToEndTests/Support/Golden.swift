import Foundation
import Testing

enum Golden {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures")

    /// Compares with a file of the fixtures, or rewrites it under `VICINITY_UPDATE_GOLDEN=1`.
    static func expect(_ text: String, equals name: String, _ location: SourceLocation = #_sourceLocation) throws {
        let file = fixtures.appending(path: name)
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        #expect(text == golden, "\(name) differs; VICINITY_UPDATE_GOLDEN=1 rewrites it", sourceLocation: location)
    }
}
