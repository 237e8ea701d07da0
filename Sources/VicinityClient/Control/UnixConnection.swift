// A Unix stream socket that never blocks by itself: whoever owns it polls.

internal import Glibc

package struct UnixConnection: ~Copyable {
    package enum Received: Equatable, Sendable {
        case bytes
        case nothingYet
        /// The peer has closed its sending side, or the connection is broken.
        case end
    }

    /// The socket's path, for sentences.
    package let path: String
    private let descriptor: OwnedDescriptor

    /// Milliseconds between two tries to get into a full queue: nothing says when there is room in it.
    private static let pause: Int32 = 50

    /// Connects.
    ///
    /// - Parameters:
    ///   - patience: how long to try again while the daemon's queue of clients is full, because it accepts nobody, in milliseconds.
    ///   - interrupts: end the wait.
    package init(path: String, patience: Int32, interrupts: Signals? = nil) throws(ClientFault) {
        descriptor = try Self.connected(to: path, patience, interrupts)
        self.path = path
    }

    private static func connected(
        to path: String, _ patience: Int32, _ interrupts: Signals?
    ) throws(ClientFault) -> OwnedDescriptor {
        let address = try address(path)
        let opened = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard opened >= 0 else { throw .unreachable(socket: path, why: errorText(errno)) }
        let descriptor = OwnedDescriptor(opened)
        var code = connect(opened, to: address)
        if code == EAGAIN, patience > 0 {
            var waiting = Waiting(for: "connecting", on: .standard, now: Clock.monotonic())
            defer { waiting.end() }
            var isInterrupted = false
            _ = waiting.wait(patience: patience, clock: Clock.monotonic) { span in
                var request = pollfd(fd: interrupts?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
                poll(&request, 1, min(span, pause))
                isInterrupted = interrupts?.mustEnd() == true
                if !isInterrupted { code = connect(opened, to: address) }
                return isInterrupted || code != EAGAIN
            }
            if isInterrupted { throw .interrupted("interrupted while \(path) accepted nobody") }
        }
        if code == EAGAIN { throw .unreachable(socket: path, why: fullness(patience)) }
        guard code == 0 else { throw .unreachable(socket: path, why: errorText(code)) }
        return descriptor
    }

    /// - Returns: 0 or an errno; EAGAIN if the daemon's queue is full.
    private static func connect(_ descriptor: CInt, to address: sockaddr_un) -> CInt {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                while Glibc.connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_un>.size)) != 0 {
                    if errno != EINTR { return errno }
                }
                return 0
            }
        }
    }

    private static func fullness(_ patience: Int32) -> String {
        "its queue of clients is full\(patience > 0 ? ", and it has accepted nobody for \(spanText(milliseconds: Int64(patience)))" : "")"
    }

    private static func address(_ path: String) throws(ClientFault) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // One byte is the terminating zero.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .unreachable(socket: path, why: "the path is longer than 107 bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    package var rawDescriptor: CInt { descriptor.rawValue }

    /// Hands bytes to the kernel.
    ///
    /// - Returns: how many it took, perhaps 0; `nil` if the connection is broken.
    package func send(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// Appends to `buffer` what has come, at most 64 KiB.
    package func receive(into buffer: inout [UInt8]) -> Received {
        let size = 64 << 10
        var count = -1
        var code: CInt = 0
        let fresh = [UInt8](unsafeUninitializedCapacity: size) { bytes, filled in
            count = recv(descriptor.rawValue, bytes.baseAddress, size, 0)
            code = errno
            filled = max(count, 0)
        }
        buffer.append(contentsOf: fresh)
        if count > 0 { return .bytes }
        return count < 0 && (code == EAGAIN || code == EINTR) ? .nothingYet : .end
    }

    /// Says that nothing more will be sent.
    package func halfClose() {
        shutdown(descriptor.rawValue, Int32(SHUT_WR))
    }

    /// Waits until the socket has something to read (or room to write).
    ///
    /// - Parameters:
    ///   - timeout: milliseconds; −1 is for ever.
    ///   - interrupts: end the wait too.
    /// - Returns: false if the time has passed, or a signal came that was not taken over.
    package func wait(toWrite: Bool = false, timeout: Int32, or interrupts: Signals? = nil) -> Bool {
        var requests = [
            pollfd(fd: descriptor.rawValue, events: Int16(toWrite ? POLLOUT : POLLIN), revents: 0),
            pollfd(fd: interrupts?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        return poll(&requests, nfds_t(requests.count), timeout) > 0
    }
}

/// Cuts what a socket brings into lines.
package struct LineBuffer {
    private var bytes: [UInt8] = []
    private var searched = 0

    package init() {}

    /// Where ``UnixConnection/receive(into:)`` puts what it gets.
    package mutating func withBuffer<Result>(_ body: (inout [UInt8]) -> Result) -> Result { body(&bytes) }

    /// The next whole line without its end; `nil` if there is none yet.
    ///
    /// - Complexity: O(bytes) over all calls, but for what is left over of each read.
    package mutating func next() -> [UInt8]? {
        guard let end = bytes[searched...].firstIndex(of: 0x0A) else {
            bytes.removeFirst(start)
            start = 0
            searched = bytes.count
            return nil
        }
        var line = bytes[start..<end]
        if line.last == 0x0D { line.removeLast() }
        start = end + 1
        searched = start
        return Array(line)
    }

    /// Where the next line begins.
    private var start = 0
}
