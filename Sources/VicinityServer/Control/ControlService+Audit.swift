import VicinityStore
import VicinityTransport
import VicinityWire

// `audit.*`: who asked for what.

extension ControlService {
    func listAudit(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        var after: Int64 = 0
        if let element = params?[key: "after"] {
            guard let number = element.integer, number >= 0 else { throw .badValue("after", "must be the number of an entry, or 0") }
            after = number
        }
        let limit = try pageSize(params)
        read(finish) { [after] () throws(ControlFailure) in
            let entries = try Self.stored { () throws(StoreFault) in try audit.auditEntries(after: after, limit: limit + 1) }
            return Self.object { writer in
                writer.key("entries")
                writer.array { writer in for entry in entries.prefix(limit) { entry.write(to: &writer) } }
                if entries.count > limit { writer.member("next", entries[limit - 1].number) }
            }
        }
    }

    func verifyAudit(_ finish: @escaping Finish) {
        read(finish) { () throws(ControlFailure) in
            let found = try Self.stored { () throws(StoreFault) in try audit.verifyAudit() }
            return Self.object { writer in
                writer.member("entries", found.entries)
                writer.member("intact", found.isIntact)
                if let place = found.firstBreak {
                    writer.member("broken_at", place.number)
                    writer.member("reason", place.what)
                }
            }
        }
    }
}

extension AuditEntry {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("entry", number)
            writer.member("ts", wallTime)
            writer.member("uid", Int64(peer.uid))
            writer.member("gid", Int64(peer.gid))
            if peer.pid > 0 { writer.member("pid", Int64(peer.pid)) }
            writer.member("method", method)
            if let user { writer.member("user", Self.name(of: user)) }
            if let subject { writer.member("subject", utf8: subject) }
            if let purpose { writer.member("purpose", purpose) }
            writer.member("outcome", outcome)
            if !fields.isEmpty {
                writer.key("fields")
                writer.array { writer in for field in fields { writer.value(utf8: [UInt8](field.utf8)) } }
            }
            if let detail { writer.member("detail", detail) }
        }
    }

    /// A keyed hash as 16 hexadecimal digits.
    private static func name(of hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension AuditEntry.Peer {
    /// A process that lives where this one cannot see it is 0.
    init(_ peer: PeerCredentials) { self.init(uid: peer.user, gid: peer.group, pid: peer.process ?? 0) }
}
