import VicinityConfiguration
import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

// `details`: what a user may know of a subject that is near. See `Writer+Disclosure.swift` for why it takes three steps.

extension ControlService {
    func details(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        // Before anything else is looked at.
        let purpose = try statement(params, "purpose")
        let request = DetailsRequest(
            user: try identifier(params, "user"), subject: try identifier(params, "subject"), purpose: purpose)
        let allowed = Set(settings.configuration.privacy.disclose)
        let approach = Reply<Bool> { mayRead in
            offLoop(finish) {
                // Who is refused has a row read, too: one that nobody can put.
                let row: SubjectRow?
                do throws(StoreFault) {
                    row = try register.subject(id: mayRead ? request.subject : [0])
                } catch {
                    return finish(.failure(.internalError("the log could not be read: \(error)")))
                }
                tell(DisclosedFields(of: row?.details, allowing: allowed), request, peer, finish)
            }
        }
        submit(.disclosure(.approach(request, approach)), finish)
    }

    private func tell(_ fields: DisclosedFields, _ request: DetailsRequest, _ peer: PeerCredentials, _ finish: @escaping Finish) {
        let reply = Reply<DisclosureRefusal?> { refusal in
            if let refusal { return finish(.failure(ControlFailure(refusal))) }
            let answer = Self.object { writer in
                writer.key("fields")
                writer.raw(utf8: fields.json)
            }
            finish(.success(answer))
        }
        submit(.disclosure(.details(request, fields: fields.names, for: AuditEntry.Peer(peer), reply)), finish)
    }
}

/// The top-level fields of a subject's details that may be shown.
struct DisclosedFields: Sendable {
    /// In the order in which they were put.
    let names: [String]
    /// One object: the fields with their values as they were put.
    let json: [UInt8]

    /// - Parameters:
    ///   - details: a JSON object; `nil` if there are none.
    ///   - allowed: the names of those that may be shown. Of two of the same name the last counts, as for every reader of JSON.
    init(of details: String?, allowing allowed: Set<String>) {
        guard let details, !allowed.isEmpty else {
            names = []
            json = Array("{}".utf8)
            return
        }
        let parser = JSONParser()
        let bytes = Array(details.utf8)
        var names: [String] = []
        var writer = JSONWriter()
        bytes.withUnsafeBytes { text in
            guard let root = parser.parse(text) else { preconditionFailure("details are JSON, they were read when they were put") }
            var last: [String: Int] = [:]
            for (place, member) in root.members.enumerated() {
                let name = String(decoding: member.key, as: UTF8.self)
                if allowed.contains(name) { last[name] = place }
            }
            writer.object { writer in
                for (place, member) in root.members.enumerated() {
                    let name = String(decoding: member.key, as: UTF8.self)
                    guard last[name] == place else { continue }
                    names.append(name)
                    writer.key(name)
                    writer.value(member.value)
                }
            }
        }
        self.names = names
        json = writer.bytes
    }
}

extension ControlFailure {
    /// The same for everybody who is refused for the same word, whatever the reason.
    init(_ refusal: DisclosureRefusal) {
        switch refusal {
        case .notNear: self = .refused("not_near", "the user is not near this subject")
        case .limitReached: self = .refused("limit_reached", "the user has done this as often as is allowed; try again later")
        }
    }
}
