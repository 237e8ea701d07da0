import CLinux
import Glibc

/// A Unix socket that listens, before anybody is accepted from it: clients can connect and wait.
///
/// It is bound early, so that a second daemon is refused before it touches anything, and handed to ``SocketServer`` when the daemon is
/// ready to answer. A socket made by ``init(path:mode:)`` owns its file and removes it; one passed by systemd leaves it to systemd.
package struct ListeningSocket: ~Copyable {
    /// -1 once released.
    private var descriptor: CInt
    private var file: SocketFile?

    /// The queue of clients that wait to be accepted; the kernel cuts it to `net.core.somaxconn`.
    static let backlog: CInt = 4096

    /// Takes over a socket that somebody else bound, such as one passed by systemd, and its descriptor with it.
    ///
    /// - Throws: ``SocketError/notListening(descriptor:)``; the descriptor then stays the caller's.
    package init(adopting descriptor: CInt) throws(SocketError) {
        let answer = vicinity_is_listening_unix_socket(descriptor)
        guard answer >= 0 else { throw .system(operation: "look at descriptor \(descriptor)", path: nil, code: -answer) }
        guard answer == 1 else { throw .notListening(descriptor: descriptor) }
        self.descriptor = descriptor
        self.file = nil
    }

    /// Binds a path and listens on it.
    ///
    /// A socket file that nobody listens on is replaced. One that somebody listens on, and anything that is no socket, is left as it is.
    ///
    /// - Parameter mode: the file's permissions; the umask plays no part.
    package init(path: String, mode: UInt32 = 0o666) throws(SocketError) {
        let limit = Int(vicinity_unix_path_limit())
        guard path.utf8.count <= limit else { throw .pathTooLong(path: path, limit: limit) }
        let descriptor = vicinity_unix_socket()
        guard descriptor >= 0 else { throw .system(operation: "make a socket", path: path, code: -descriptor) }
        do {
            file = try Self.bind(descriptor, path: path, mode: mode)
        } catch {
            _ = close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        file?.remove()
        if descriptor >= 0 { _ = close(descriptor) }
    }

    /// Gives the descriptor and the file up to somebody who will close the one and remove the other.
    consuming func release() -> (descriptor: CInt, file: SocketFile?) {
        // Not `discard self`: the language refuses it where a stored property, here a string, must be destroyed.
        defer {
            descriptor = -1
            file = nil
        }
        return (descriptor, file)
    }

    private static func bind(_ descriptor: CInt, path: String, mode: UInt32) throws(SocketError) -> SocketFile {
        // Between the look at a dead file and the bind, another daemon may do the same and lose its fresh socket to us: one at a time.
        let lock = try DirectoryLock(directoryOf: path)
        defer { lock.release() }
        try SocketFile.removeDead(path)
        let bound = vicinity_unix_bind(descriptor, path)
        guard bound == 0 else { throw .system(operation: "bind the socket", path: path, code: -bound) }
        guard let file = SocketFile(path: path) else { throw .system(operation: "find the new socket", path: path, code: errno) }
        // Until listen() every client is refused, so nobody slips in before the mode is right.
        guard chmod(path, mode) == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            file.remove()
            throw .system(operation: "listen on the socket", path: path, code: code)
        }
        return file
    }
}

/// A lock on a directory, held while a socket in it is looked at and bound. It leaves nothing behind.
private struct DirectoryLock {
    private let descriptor: CInt

    init(directoryOf path: String) throws(SocketError) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(operation: "open the directory", path: directory, code: errno) }
        // The holder needs microseconds; whoever keeps it for a second is not binding.
        for _ in 0..<100 {
            let answer = vicinity_try_lock(descriptor)
            if answer == 0 { return }
            guard answer == -EWOULDBLOCK else {
                release()
                throw .system(operation: "lock the directory", path: directory, code: -answer)
            }
            usleep(10_000)
        }
        release()
        throw .contended(directory: directory)
    }

    func release() { _ = close(descriptor) }
}
