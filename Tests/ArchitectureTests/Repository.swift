import Foundation

/// The repository that this file is in, as files to read.
enum Repository {
    /// Found from where this file was compiled: three levels up.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The text of a file, or `nil` where there is none.
    ///
    /// - Parameter path: from the root, such as `docs/decisions/README.md`.
    static func text(_ path: String) -> String? { try? String(contentsOf: root.appending(path: path), encoding: .utf8) }

    /// The names in a folder, sorted; empty where there is no such folder.
    static func names(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path())) ?? []).sorted()
    }

    /// The Swift files below a folder, as paths from the root, sorted.
    static func swiftFiles(below path: String) -> [String] {
        let base = root.appending(path: path)
        guard let walk = FileManager.default.enumerator(atPath: base.path()) else { return [] }
        return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map { "\(path)/\($0)" }.sorted()
    }
}
