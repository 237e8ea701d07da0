import CLinux
import Foundation

/// A client with a blocking socket. Whatever it waits for must come within 20 s, so that a broken server fails a test instead of hanging
/// it.
final class Client: Sendable {
    let descriptor: CInt

    enum Failure: Error, Equatable {
        case connect(Int32)
        case read(Int32)
        case write(Int32)
        case ended
    }

    init(_ path: String) throws {
        descriptor = vicinity_unix_socket()
        let answer = vicinity_unix_connect(descriptor, path)
        guard answer == 0 else {
            Glibc.close(descriptor)
            throw Failure.connect(-answer)
        }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { Glibc.close(descriptor) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure.write(errno) }
            sent += count
        }
    }

    /// Writes until the kernel takes no more, without waiting. Returns how many bytes it took.
    func writeAllThatFits(_ chunk: [UInt8], atMost limit: Int) -> Int {
        var sent = 0
        while sent < limit {
            let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            let count = chunk.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = try readSome(atMost: count - bytes.count)
            guard !piece.isEmpty else { throw Failure.ended }
            bytes += piece
        }
        return bytes
    }

    func readText(_ count: Int) throws -> String { String(decoding: try read(count), as: UTF8.self) }

    /// Everything up to the end of the stream; a reset instead of an end is an error.
    func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try readSome(atMost: 65_536)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    private func readSome(atMost limit: Int) throws -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &piece, limit, 0)
        guard count >= 0 else { throw Failure.read(errno) }
        return Array(piece.prefix(count))
    }

    /// Whether there is nothing to read now, not even an end.
    var hasNothingToRead: Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) == 0
    }

    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Gone at once, with whatever is unread; the descriptor itself goes with this object.
    func vanish() {
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        dup2(nothing, descriptor)
        Glibc.close(nothing)
    }
}
