import Glibc

/// Why a socket cannot be listened on. The description is one sentence for an operator.
package enum SocketError: Error, Equatable, CustomStringConvertible {
    /// The path does not fit a socket's address.
    case pathTooLong(path: String, limit: Int)
    /// Something that is no socket lies at the path; it is left alone.
    case occupied(path: String)
    /// Somebody listens there; `process` if the kernel tells who.
    case live(path: String, process: Int32?)
    /// Another process has been binding in the same directory for too long.
    case contended(directory: String)
    /// What was passed is not a Unix stream socket that listens.
    case notListening(descriptor: Int32)
    case system(operation: String, path: String?, code: Int32)

    package var description: String {
        switch self {
        case .pathTooLong(let path, let limit):
            "\(path): the path of a socket may have \(limit) bytes at most, this one has \(path.utf8.count)"
        case .occupied(let path):
            "\(path): exists and is not a socket; it is left alone, remove it or choose another directory"
        case .live(let path, let process):
            "\(path): another process\(process.map { " (pid \($0))" } ?? "") is listening there"
        case .contended(let directory):
            "\(directory): another process keeps the directory locked"
        case .notListening(let descriptor):
            "descriptor \(descriptor) is not a listening Unix stream socket"
        case .system(let operation, let path, let code):
            "\(path.map { "\($0): " } ?? "")cannot \(operation): \(String(cString: strerror(code)))"
        }
    }
}
