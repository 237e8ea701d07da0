import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

// `subjects.suspend` and `subjects.resume`: an operator's suspensions, with the reason.

extension ControlService {
    func suspend(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        let id = try identifier(params, "id")
        let reason = try statement(params, "reason")
        submit(.suspension(.suspend(id, reason: reason, for: AuditEntry.Peer(peer), done(finish))), finish)
    }

    func resume(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        let id = try identifier(params, "id")
        let reason = try statement(params, "reason")
        submit(.suspension(.resume(id, reason: reason, for: AuditEntry.Peer(peer), done(finish))), finish)
    }

    private func done(_ finish: @escaping Finish) -> Reply<Bool> {
        Reply { isKnown in finish(isKnown ? .success(Self.object { _ in }) : .failure(.unknownSubject)) }
    }

    /// What somebody says why they do something: 1 to 256 bytes without control characters.
    func statement(_ params: JSONElement?, _ key: StaticString) throws(ControlFailure) -> String {
        guard let element = params?[key: key] else { throw .badValue("\(key)", "is missing") }
        guard let text = element.string, (1...256).contains(text.utf8.count), !text.hasControlCharacters() else {
            throw .badValue("\(key)", "must be a string of 1 to 256 bytes without control characters")
        }
        return text
    }
}

extension String {
    /// Whether it has control characters (Unicode Cc) other than these.
    func hasControlCharacters(except allowed: Set<Unicode.Scalar> = []) -> Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control && !allowed.contains($0) }
    }
}

extension ControlFailure {
    static let unknownSubject = refused("unknown_subject", "there is no such subject in the register")
}
