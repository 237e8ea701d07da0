import Foundation
import VicinityClient

/// A page of the manual: what was written, and what is committed beside it.
struct Page {
    static let names = ["vicinityctl.1", "vicinityd.yaml.5", "vicinity-protocol.7", "vicinityd.8"]

    let source: PageSource
    /// With what the programs say in its place.
    let blocks: [Block]
    /// The page as roff.
    let text: String

    init(_ name: String, _ expansion: Expansion) throws {
        source = try PageSource(String(contentsOf: Self.folder.appending(path: "\(name).md"), encoding: .utf8))
        blocks = try expansion.expand(source.blocks)
        var roff = Roff(source, version: clientVersion)
        roff.write(blocks)
        text = roff.text
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let folder = root.appending(path: "docs/man")
}
