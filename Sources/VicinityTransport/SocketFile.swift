import CLinux
import Glibc

/// The file of a socket that this process bound, known by its inode, so that never another's is removed.
struct SocketFile: Sendable {
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Nil, with `errno`, if no socket is there.
    init?(path: String) {
        var found = stat()
        guard lstat(path, &found) == 0 else { return nil }
        guard found.isSocket else {
            errno = ENOTSOCK
            return nil
        }
        self.path = path
        device = found.st_dev
        inode = found.st_ino
    }

    /// Removes the file if it is still the one that was bound.
    func remove() {
        var found = stat()
        guard lstat(path, &found) == 0, found.isSocket, found.st_dev == device, found.st_ino == inode else { return }
        _ = unlink(path)
    }

    /// Removes the socket file at `path` if nobody listens on it, and does nothing if nothing is there.
    ///
    /// - Throws: ``SocketError/live(path:process:)`` or ``SocketError/occupied(path:)``; the file is then untouched.
    static func removeDead(_ path: String) throws(SocketError) {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            guard errno == ENOENT else { throw .system(operation: "look at the path", path: path, code: errno) }
            return
        }
        guard found.isSocket else { throw .occupied(path: path) }
        let probe = vicinity_unix_socket()
        guard probe >= 0 else { throw .system(operation: "make a socket", path: path, code: -probe) }
        defer { _ = close(probe) }
        switch -vicinity_unix_connect(probe, path) {
        case ECONNREFUSED:
            guard unlink(path) == 0 else { throw .system(operation: "remove the dead socket", path: path, code: errno) }
        case 0:
            throw .live(path: path, process: (try? PeerCredentials(descriptor: probe))?.process)
        case EAGAIN:  // its queue is full
            throw .live(path: path, process: nil)
        case let code:
            throw .system(operation: "tell whether anybody listens on the socket", path: path, code: code)
        }
    }
}

extension stat {
    fileprivate var isSocket: Bool { st_mode & S_IFMT == S_IFSOCK }
}
