import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

// `privacy.*`: what operators do for the privacy of whole installations.

extension ControlService {
    /// Answers when all subjects stand at the centres of their new cells.
    func rotateKey(from peer: PeerCredentials, _ finish: @escaping Finish) {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let reply = Reply<Result<Int, RotationRefusal>> { outcome in
            switch outcome {
            case .success(let moved): finish(.success(Self.object { $0.member("moved", moved) }))
            case .failure(.inUse):
                let why = "an edition of the register is being brought or swapped in, or the key is being rotated already; try again then"
                finish(.failure(.refused("in_use", why)))
            }
        }
        submit(.rotateKey(salt: salt, for: AuditEntry.Peer(peer), reply), finish)
    }
}
