import Foundation
import Testing

/// The screen reads what the daemon writes, and neither imports the other: the names are held together here.
@Suite struct TopNamesTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: sources.appending(path: path), encoding: .utf8)
    }

    @Test func everyNameIsOneOfTheDaemons() throws {
        let catalogue = try Set(
            Self.text("VicinityMetrics/MetricFamily.swift").matches(of: /"(?<name>(?:vicinity|process)_[a-z_]+)"/).map { $0.output.name })
        let folder = Self.sources.appending(path: "VicinityClient/Top")
        var count = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted() where file.hasSuffix(".swift") {
            for match in try Self.text("VicinityClient/Top/\(file)").matches(of: /"(?<name>(?:vicinity|process)_[a-z_]+)"/) {
                let name = match.output.name
                // What only grows has an ending that is not in the catalogue.
                let family = name.hasSuffix("_total") ? name.dropLast("_total".count) : name
                #expect(catalogue.contains(family), "\(file) asks for \(name)")
                count += 1
            }
        }
        #expect(count > 20)
    }
}
