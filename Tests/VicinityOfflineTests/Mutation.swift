// Damage as disks, cables and operators do it, drawn from a seed.

import Foundation

/// Something that is done to the files of a state directory.
enum Mutation: CaseIterable {
    case flipBits
    case flipBitsOfWAL
    case truncate
    case truncateWAL
    case zeroPage
    case swapPages
    case cutWALAtFrame
    case removeWAL

    private static let pageSize = 4096
    private static let walHeader = 32
    private static let frameHeader = 24

    /// - Returns: what was done, for the failure's message; `nil` if there was nothing to do it to.
    func apply(to directory: String, using random: inout Seeded) throws -> String? {
        let database = "\(directory)/vicinity.db"
        switch self {
        case .flipBits: return try Self.flip(database, using: &random)
        case .flipBitsOfWAL: return try Self.flip(database + "-wal", using: &random)
        case .truncate: return try Self.truncate(database, using: &random)
        case .truncateWAL: return try Self.truncate(database + "-wal", using: &random)
        case .zeroPage:
            return try Self.edit(database) { bytes in
                let page = Int.random(in: 0..<bytes.count / Self.pageSize, using: &random)
                bytes.resetBytes(in: page * Self.pageSize..<(page + 1) * Self.pageSize)
                return "page \(page + 1) zeroed"
            }
        case .swapPages:
            return try Self.edit(database) { bytes in
                let one = Int.random(in: 0..<bytes.count / Self.pageSize, using: &random)
                let other = Int.random(in: 0..<bytes.count / Self.pageSize, using: &random)
                guard one != other else { return nil }
                let range = { (page: Int) in page * Self.pageSize..<(page + 1) * Self.pageSize }
                let first = bytes.subdata(in: range(one))
                bytes.replaceSubrange(range(one), with: bytes.subdata(in: range(other)))
                bytes.replaceSubrange(range(other), with: first)
                return "pages \(one + 1) and \(other + 1) swapped"
            }
        case .cutWALAtFrame:
            return try Self.edit(database + "-wal") { bytes in
                let frame = Self.frameHeader + Self.pageSize
                let kept = Int.random(in: 0..<max(1, (bytes.count - Self.walHeader) / frame), using: &random)
                bytes.removeSubrange((Self.walHeader + kept * frame)...)
                return "WAL cut after frame \(kept)"
            }
        case .removeWAL:
            guard FileManager.default.fileExists(atPath: database + "-wal") else { return nil }
            try FileManager.default.removeItem(atPath: database + "-wal")
            return "WAL removed"
        }
    }

    private static func flip(_ path: String, using random: inout Seeded) throws -> String? {
        try edit(path) { bytes in
            var places: [String] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let bit = Int.random(in: 0..<8, using: &random)
                bytes[place] ^= 1 << bit
                places.append("\(place).\(bit)")
            }
            return "bits \(places.joined(separator: ", ")) of \(path.split(separator: "/").last ?? "") flipped"
        }
    }

    private static func truncate(_ path: String, using random: inout Seeded) throws -> String? {
        try edit(path) { bytes in
            let length = Int.random(in: 0..<bytes.count, using: &random)
            bytes.removeSubrange(length...)
            return "\(path.split(separator: "/").last ?? "") cut to \(length) bytes"
        }
    }

    private static func edit(_ path: String, _ change: (inout Data) -> String?) throws -> String? {
        guard var bytes = FileManager.default.contents(atPath: path), bytes.count >= pageSize else { return nil }
        guard let done = change(&bytes) else { return nil }
        try bytes.write(to: URL(fileURLWithPath: path))
        return done
    }
}
