import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

// `nearby`: what a user may see of what is inside their halo. It looks up nothing that is not.

extension ControlService {
    func nearby(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        let user = try identifier(params, "user")
        let reply = Reply<[NearbySubject]> { subjects in
            read(finish) { () throws(ControlFailure) in
                var writer = JSONWriter()
                var names: [String?] = []
                for subject in subjects {
                    let row = try Self.stored { () throws(StoreFault) in try register.subject(id: subject.id) }
                    names.append(row?.name)
                }
                writer.array { writer in
                    for (subject, name) in zip(subjects, names) { subject.write(name: name, to: &writer) }
                }
                return writer.bytes
            }
        }
        submit(.disclosure(.nearby(user, for: AuditEntry.Peer(peer), reply)), finish)
    }
}

extension NearbySubject {
    fileprivate func write(name: String?, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("subject", utf8: id)
            if let kind { writer.member("kind", utf8: kind) }
            if let name { writer.member("name", name) }
            switch disclosed {
            case .nothing: break
            case .within(let metres): writer.member("within", metres)
            case .distance(let metres): writer.member("distance", metres)
            }
        }
    }
}
