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

    @Test("The Debian package has the version of what is in it")
    func package() throws {
        // `vicinity (0.1.0) unstable; urgency=medium`
        let entry = try #require(Repository.text("packaging/debian/changelog")?.split(separator: "\n").first)
        let daemon = try version(in: "Sources/VicinityServer/Version.swift")
        #expect(entry.hasPrefix("vicinity (\(daemon)) "), "packaging/debian/changelog begins with \(entry)")
    }

    private func version(in path: String) throws -> Substring {
        let text = try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
        let quoted = text.split(separator: "\"", omittingEmptySubsequences: false)
        return try #require(quoted.count == 3 ? quoted[1] : nil)
    }
}
