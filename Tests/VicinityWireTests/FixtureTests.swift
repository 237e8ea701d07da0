import Foundation
import Testing
import VicinityWire

/// What was once a trap: each file of `Fixtures/fuzz` goes through every decoder, as the fuzzers do it.
@Suite struct FixtureTests {
    private static func files() throws -> [URL] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/fuzz")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    @Test func traps() throws {
        let files = try Self.files()
        #expect(files.count >= 2)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: file))
            let whole = Decoded(bytes)
            #expect(Decoded(bytes, usesScanner: false) == whole, "\(file.lastPathComponent)")
            #expect(Decoded(bytes, cuts: [1]) == whole, "\(file.lastPathComponent)")
            bytes.withUnsafeBytes { bytes in
                let parser = JSONParser()
                _ = ControlCodec().read(bytes)
                _ = SubscriptionReader().first(bytes)
                guard let root = parser.parse(bytes) else { return }
                var writer = JSONWriter()
                writer.value(root)
                #expect(writer.bytes.withUnsafeBytes { parser.parse($0) } != nil, "\(file.lastPathComponent)")
            }
        }
    }
}
