import Foundation
import Testing

@Suite("One version")
struct VersionTests {
    @Test("The daemon and its tool say the same version")
    func versions() throws {
        let daemon = try version(in: "Sources/VicinityServer/Version.swift")
        let tool = try version(in: "Sources/VicinityClient/Version.swift")
        #expect(daemon == tool)
    }

    private func version(in path: String) throws -> Substring {
        let text = try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
        let quoted = text.split(separator: "\"", omittingEmptySubsequences: false)
        return try #require(quoted.count == 3 ? quoted[1] : nil)
    }
}
