// A client in plain POSIX calls, which shares no code with the daemon. Every call has a deadline, so that a daemon that
// says nothing fails a test instead of hanging it.

import Foundation
import VicinityClient

/// One connection to a socket of the daemon.
final class LineSocket {
    private let descriptor: CInt
    /// For sentences about failures.
    private let name: String
    private var buffer: [UInt8] = []
    private var position = 0
    private var hasEnded = false

    /// Connects; once.
    init(_ path: String) throws {
        name = path.split(separator: "/").last.map(String.init) ?? path
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { throw Failure("\(path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard code == 0 else {
            // All is initialised, so that deinit closes the descriptor.
            throw Failure("cannot connect to \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Takes over a descriptor that is connected and does not block.
    init(connected descriptor: CInt) {
        name = "descriptor \(descriptor)"
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    // MARK: - Sending

    /// Hands all of it to the kernel, waiting while that takes no more.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = try sendSome(bytes[sent...])
            if count == 0 { try wait(for: POLLOUT, "room to write") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// One write of what the kernel takes at once.
    ///
    /// - Returns: how many bytes that was; 0 if there is no room.
    func sendSome(_ bytes: ArraySlice<UInt8>) throws -> Int {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count < 0 else { return count }
        guard errno == EAGAIN else { throw Failure("cannot send to \(name): \(String(cString: strerror(errno)))") }
        return 0
    }

    /// Waits until the daemon has taken what was sent out of the kernel's buffer, so that the next bytes come in another read.
    func waitUntilTaken() throws {
        _ = try eventually("the daemon's reading") {
            var left: CInt = 0
            guard ioctl(descriptor, UInt(TIOCOUTQ), &left) == 0 else { throw Failure("TIOCOUTQ: \(String(cString: strerror(errno)))") }
            return left == 0 ? true : nil
        }
    }

    /// Closes the sending side.
    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: - Receiving

    /// The next line without its end; `nil` at the end of the stream.
    func line() throws -> String? {
        while true {
            if let end = newline() {
                defer { position = end + 1 }
                return String(decoding: buffer[position..<end], as: UTF8.self)
            }
            guard try receive() else {
                guard position == buffer.count else { throw Failure("the last line has no end") }
                return nil
            }
        }
    }

    /// The next line, which must come.
    func nextLine() throws -> String {
        guard let line = try line() else { throw Failure("the daemon closed the connection to \(name)") }
        return line
    }

    /// The next line as JSON.
    func json() throws -> JSONValue { try JSONValue(parsing: try nextLine()) }

    /// All lines up to the end of the stream.
    func linesToEnd() throws -> [String] {
        var lines: [String] = []
        while let line = try line() { lines.append(line) }
        return lines
    }

    /// All bytes up to and including the given number of newlines.
    func bytes(lines count: Int) throws -> [UInt8] {
        var seen = 0
        /// Bytes of whole lines.
        var length = 0
        while true {
            while seen < count, let found = newline(from: position + length) {
                seen += 1
                length = found + 1 - position
            }
            if seen == count { break }
            guard try receive() else { throw Failure("the stream ended after \(seen) of \(count) lines") }
        }
        defer { position += length }
        return Array(buffer[position..<(position + length)])
    }

    /// Whether nothing is there to read now, not even the end.
    var isSilent: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return position == buffer.count && poll(&request, 1, 0) == 0
    }

    private func newline(from start: Int? = nil) -> Int? {
        let start = start ?? position
        return buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    /// - Returns: false at the end of the stream.
    private func receive() throws -> Bool {
        guard !hasEnded else { return false }
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        while true {
            var piece = [UInt8](repeating: 0, count: 256 << 10)
            let count = recv(descriptor, &piece, piece.count, 0)
            if count > 0 {
                buffer += piece[..<count]
                return true
            }
            if count == 0 {
                hasEnded = true
                return false
            }
            guard errno == EAGAIN else { throw Failure("cannot read from \(name): \(String(cString: strerror(errno)))") }
            try wait(for: POLLIN, "a line")
        }
    }

    private func wait(for events: Int32, _ what: String) throws {
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard poll(&request, 1, Int32(patience.components.seconds * 1000)) > 0 else {
            throw Failure("\(what) on \(name): not within \(patience)")
        }
    }
}
