import CLinux

/// Who is at the other end of a Unix socket, as the kernel noted when it connected.
package struct PeerCredentials: Sendable, Equatable {
    /// The process that connected; nil if it lives where this process cannot see it (another PID namespace).
    package let process: Int32?
    package let user: UInt32
    package let group: UInt32
    /// The supplementary groups, in the kernel's order. The primary ``group`` may be missing from them.
    package let groups: [UInt32]

    package init(process: Int32?, user: UInt32, group: UInt32, groups: [UInt32]) {
        self.process = process
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// Asks the kernel about a connected Unix socket.
    ///
    /// - Throws: ``SocketError/system(operation:path:code:)`` for what is no connected Unix socket.
    package init(descriptor: CInt) throws(SocketError) {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
        let answer = vicinity_peer_credentials(descriptor, &process, &user, &group)
        guard answer == 0 else { throw .system(operation: "read the peer's credentials", path: nil, code: -answer) }
        self.process = process == 0 ? nil : process
        self.user = user
        self.group = group
        self.groups = try Self.groups(of: descriptor)
    }

    private static func groups(of descriptor: CInt) throws(SocketError) -> [UInt32] {
        var capacity: CInt = 32
        while true {
            var found = [UInt32](repeating: 0, count: Int(capacity))
            var needed: CInt = 0
            let answer = vicinity_peer_groups(descriptor, &found, capacity, &needed)
            if answer >= 0 { return Array(found.prefix(Int(answer))) }
            // The kernel says how many there are, and the list of a connected peer does not change: one more round is enough.
            guard needed > capacity else { throw .system(operation: "read the peer's groups", path: nil, code: -answer) }
            capacity = needed
        }
    }
}
