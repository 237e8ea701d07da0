import CLinux
import Glibc

// Why not sd_journal_sendv(3), which says the same to the same socket: the socket that it opens waits when journald does not read, for as long
// as that takes, and it cannot be told otherwise. A journald that hangs is ended by its own watchdog after three minutes; until then
// every thread of ours that had something to say would have stood still.

/// The journal's socket for messages with fields.
struct JournalSocket: ~Copyable {
    enum Outcome: Equatable {
        case taken
        /// journald does not read for the moment; the message is lost.
        case full
        /// Nobody listens there.
        case absent
    }

    private let path: String
    private var descriptor: OwnedDescriptor?

    init(path: String = "/run/systemd/journal/socket") {
        self.path = path
        descriptor = nil
    }

    /// Sends a datagram.
    ///
    /// - Parameter milliseconds: how long to wait at most while the queue is full.
    mutating func send(_ bytes: [UInt8], waiting milliseconds: Int32) -> Outcome {
        // Once more, for the socket may have been made anew since.
        for _ in 0..<2 {
            guard let descriptor = connect() else { return .absent }
            switch Self.send(bytes, descriptor, waiting: milliseconds) {
            case 0: return .taken
            case EAGAIN, ENOBUFS: return .full
            case _: self.descriptor = nil
            }
        }
        return .absent
    }

    /// Waits until journald has dealt with all that was sent, so that the process may end: it asks the kernel whose a message is, and of a
    /// process that is gone it does not learn the unit any more, which hides the message from `journalctl --unit`.
    ///
    /// It takes datagrams one after the other. So when an empty one has been taken, which it passes over, all before have been written down.
    ///
    /// - Parameter milliseconds: at most.
    mutating func settle(waiting milliseconds: Int32) {
        guard let descriptor = descriptor?.rawValue, Self.send([], descriptor, waiting: milliseconds) == 0 else { return }
        let deadline = vicinity_monotonic_milliseconds() + Int64(milliseconds)
        while vicinity_unread_bytes(descriptor) > 0, vicinity_monotonic_milliseconds() < deadline { usleep(500) }
    }

    private mutating func connect() -> CInt? {
        if let known = descriptor?.rawValue { return known }
        let new = vicinity_unix_datagram_socket()
        guard new >= 0 else { return nil }
        let owned = OwnedDescriptor(new)
        guard vicinity_unix_connect(new, path) == 0 else { return nil }
        descriptor = consume owned
        return new
    }

    /// - Returns: 0 or an errno.
    private static func send(_ bytes: [UInt8], _ descriptor: CInt, waiting milliseconds: Int32) -> CInt {
        let deadline = vicinity_monotonic_milliseconds() + Int64(milliseconds)
        while true {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count < 0 else { return 0 }
            let code = errno
            if code == EINTR { continue }
            let left = deadline - vicinity_monotonic_milliseconds()
            guard code == EAGAIN, left > 0 else { return code }
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wait, 1, Int32(clamping: left)) >= 0 || errno == EINTR else { return code }
        }
    }
}
