import CLinux
import Glibc
import NIOCore

/// Another descriptor of a connection's socket, which NIO does not know and hence does not close: for what is left to do with the
/// socket when the channel is done with it. It doubles the descriptors that a connection costs.
struct SecondDescriptor: ~Copyable {
    private let rawValue: CInt

    /// - Throws: ``SocketError/system(operation:path:code:)`` when there are no descriptors left.
    init(of descriptor: CInt) throws(SocketError) {
        rawValue = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard rawValue >= 0 else { throw .system(operation: "duplicate a connection's descriptor", path: nil, code: errno) }
    }

    deinit { _ = close(rawValue) }

    /// Reads what the peer sent before it vanished; at most what the kernel holds for a socket.
    func readRest(_ body: (ByteBuffer) -> Void) {
        while true {
            var bytes = ByteBuffer()
            let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: 65_536) { space in
                max(0, recv(rawValue, space.baseAddress, space.count, Int32(MSG_DONTWAIT)))
            }
            guard count > 0 else { return }
            body(bytes)
        }
    }

    /// Ends both directions, also for who else has a descriptor of the socket: for as long as the service manager keeps one, closing ours ends nothing.
    func shutDown() { _ = shutdown(rawValue, Int32(SHUT_RDWR)) }

    /// A further one, for somebody else to close; `nil` when there are none left.
    func duplicate() -> CInt? {
        let copy = fcntl(rawValue, F_DUPFD_CLOEXEC, 3)
        return copy >= 0 ? copy : nil
    }

    /// See ``Connection/countInput()``.
    func countInput() -> Bool { vicinity_count_input(rawValue) == 0 }

    /// See ``Connection/countedInput``.
    var countedInput: Int64? {
        let count = vicinity_counted_input(rawValue)
        return count >= 0 ? count : nil
    }

    /// Ends both directions and drops what is unread: bytes left unread would turn the end of file that the peer sees into a reset.
    func shutDownAndDrain() {
        // From here on the peer can send no more, so the loop ends with what the kernel holds.
        guard shutdown(rawValue, Int32(SHUT_RDWR)) == 0 else { return }
        readRest { _ in }
    }
}
