import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

// `users.forget`. The answer comes when nothing is left.

extension ControlService {
    func forgetUser(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        let user = try identifier(params, "user")
        let reply = Reply<Result<Int64, ForgettingRefusal>> { outcome in
            switch outcome {
            case .success(let events): finish(.success(Self.object { $0.member("events", events) }))
            case .failure(.tooMany): finish(.failure(.refused("in_use", "many users are being forgotten; try again soon")))
            }
        }
        submit(.forget(user, for: AuditEntry.Peer(peer), reply), finish)
    }
}
