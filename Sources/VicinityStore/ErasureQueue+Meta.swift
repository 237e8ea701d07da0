// The erasures as an entry of `meta`: one value, so that a table more is not needed for what is nearly always nothing.

import GRDB

extension ErasureQueue {
    private static let version: UInt8 = 1

    /// - Throws: ``StoreFault/damaged(path:what:)``.
    init(_ database: Database, path: String) throws {
        self.init()
        guard let bytes = try Meta.get(.erasures, in: database, path: path) else { return }
        var reader = ErasureReader(bytes: bytes[...])
        guard reader.byte() == Self.version, let position = reader.integer(), let round = reader.integer(), let count = reader.integer(),
            let entries = reader.entries(count), reader.bytes.isEmpty, (0...count).contains(round)
        else { throw StoreFault.damaged(path: path, what: "the entry \(Meta.Key.erasures.rawValue) is not what was written") }
        self.entries = entries
        self.round = Int(round)
        self.position = position
    }

    func write(to database: Database) throws {
        guard !entries.isEmpty else { return try Meta.remove(.erasures, in: database) }
        var bytes = [Self.version]
        bytes.appendInteger(position)
        bytes.appendInteger(Int64(round))
        bytes.appendInteger(Int64(entries.count))
        for entry in entries {
            bytes.appendInteger(entry.number)
            bytes.appendInteger(entry.through)
            bytes.appendInteger(entry.commit)
            bytes.appendInteger(entry.events)
            bytes.append(UInt8(entry.user?.count ?? 0))
            bytes += entry.user ?? []
            bytes.append(entry.request == nil ? 0 : 1)
            guard let request = entry.request else { continue }
            bytes.appendInteger(Int64(bitPattern: request.user))
            bytes.appendInteger(Int64(request.peer.uid))
            bytes.appendInteger(Int64(request.peer.gid))
            bytes.appendInteger(Int64(request.peer.pid))
        }
        try Meta.set(.erasures, bytes, in: database)
    }
}

extension [UInt8] {
    fileprivate mutating func appendInteger(_ integer: Int64) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
    }
}

/// Reads the value back; every read says `nil` at the end instead of passing it.
private struct ErasureReader {
    var bytes: ArraySlice<UInt8>

    mutating func byte() -> UInt8? { bytes.popFirst() }

    mutating func integer() -> Int64? {
        guard bytes.count >= 8 else { return nil }
        defer { bytes = bytes.dropFirst(8) }
        return Int64(bitPattern: bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    mutating func entries(_ count: Int64) -> [Erasure]? {
        var entries: [Erasure] = []
        while entries.count < count {
            guard let number = integer(), let through = integer(), let commit = integer(), let events = integer(), let length = byte(),
                bytes.count >= length
            else { return nil }
            let user = Array(bytes.prefix(Int(length)))
            bytes = bytes.dropFirst(Int(length))
            var entry = Erasure(number: number, user: user.isEmpty ? nil : user, through: through, commit: commit, events: events)
            guard let asked = byte() else { return nil }
            if asked == 1 {
                guard let hash = integer(), let uid = integer(), let gid = integer(), let pid = integer() else { return nil }
                let peer = AuditEntry.Peer(
                    uid: UInt32(truncatingIfNeeded: uid), gid: UInt32(truncatingIfNeeded: gid), pid: Int32(truncatingIfNeeded: pid))
                entry.request = Erasure.Request(user: UInt64(bitPattern: hash), peer: peer)
            }
            entries.append(entry)
        }
        return entries
    }
}
