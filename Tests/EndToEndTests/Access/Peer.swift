import CPeers
import Foundation
import Testing

/// Somebody who connects: what the kernel tells the daemon of a process. None of the numbers needs an account.
struct Peer {
    /// For the test's words.
    var name: String
    var user: UInt32
    var group: UInt32
    /// The supplementary ones, without the primary one.
    var groups: [UInt32]

    /// Without more, it is nobody of whom any test's settings speak.
    init(_ name: String, user: UInt32 = stranger, group: UInt32 = stranger, groups: [UInt32] = []) {
        self.name = name
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// A number that nobody has, and no settings name.
    static let stranger: UInt32 = 69_000

    /// Connects to a socket of the daemon.
    func connect(to socket: String, of daemon: Daemon) throws -> LineSocket {
        let path = "\(daemon.runtimePath)/\(socket).sock"
        let descriptor = peers_connect(path, user, group, groups, groups.count)
        guard descriptor >= 0 else { throw Failure("\(name): cannot connect to \(path): \(String(cString: strerror(-descriptor)))") }
        return LineSocket(connected: descriptor)
    }

    /// Only root can be somebody else. A test that could not try anything must not look as if it had.
    static func requireRoot() throws {
        try #require(geteuid() == 0, "these tests connect as other users and groups, so they need root: sudo make check")
    }

    /// Lets others than us reach the sockets.
    static func letIn(to daemon: Daemon) throws {
        guard chmod(daemon.directory, 0o755) == 0 else { throw Failure("chmod: \(String(cString: strerror(errno)))") }
    }
}

/// The number of an account that every Linux has.
func userNumber(_ name: String) throws -> UInt32 {
    guard let entry = getpwnam(name) else { throw Failure("this machine has no user \(name)") }
    return entry.pointee.pw_uid
}

/// The number of a group that every Linux has.
func groupNumber(_ name: String) throws -> UInt32 {
    guard let entry = getgrnam(name) else { throw Failure("this machine has no group \(name)") }
    return entry.pointee.gr_gid
}
