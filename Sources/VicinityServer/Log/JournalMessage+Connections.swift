internal import Glibc
internal import NIOCore
import VicinityTransport

extension JournalMessage {
    /// - Parameter user: of the operating system.
    static func peerRefused(_ socket: SocketName, user: UInt32) -> JournalMessage {
        let user = SystemUser(number: user)
        return JournalMessage(
            .peerRefused, "a peer without a role was refused on \(socket).sock: uid \(user)", ["socket": socket, "uid": user],
            trouble: "\(socket.rawValue) \(user.number)")
    }

    /// - Parameter error: of the system.
    static func acceptFailed(_ socket: SocketName, _ error: any Error) -> JournalMessage {
        let why = OperatorText((error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)")
        return JournalMessage(
            .acceptFailed, "a client of \(socket).sock could not be accepted: \(why)", ["socket": socket, "why": why],
            trouble: socket.rawValue)
    }

    /// - Parameters:
    ///   - limit: how many descriptors the daemon may have.
    ///   - connections: how many that is enough for.
    static func descriptorsScarce(limit: Int, connections: Int, wanted: Int) -> JournalMessage {
        JournalMessage(
            .descriptorsScarce,
            "the system lets the daemon have \(limit) file descriptors: at most \(connections) connections instead of \(wanted)",
            ["limit": limit, "connections": connections, "wanted": wanted])
    }
}
