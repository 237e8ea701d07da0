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

    /// - Parameter count: gateways and subscribers.
    static func connectionsLeft(_ count: Int) -> JournalMessage {
        JournalMessage(.connectionsLeft, "\(count) connections are left to the next start", ["connections": count])
    }

    /// - Parameter tally: of the connections that the last process has left.
    static func connectionsTakenUp(_ tally: LegacyTally) -> JournalMessage {
        let fields: [String: any Sayable] = ["connections": tally.adopted, "dropped": tally.dropped]
        guard tally.dropped > 0 else {
            return JournalMessage(.connectionsTakenUp, "\(tally.adopted) connections of the last process go on", fields)
        }
        let why = OperatorText(tally.reasons)
        return JournalMessage(
            .connectionsTakenUp, "\(tally.adopted) connections of the last process go on, \(tally.dropped) do not: \(why)",
            fields.merging(["why": why]) { first, _ in first })
    }

    /// - Parameter code: of the system.
    static func connectionsNotKept(_ code: CInt) -> JournalMessage {
        let why = OperatorText(String(cString: strerror(code)))
        return JournalMessage(
            .connectionsNotKept, "the service manager cannot be told what to keep over a restart: \(why)", ["why": why],
            trouble: "keep")
    }
}
