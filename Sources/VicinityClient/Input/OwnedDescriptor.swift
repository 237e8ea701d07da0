// Descriptors are given back once, and the compiler sees to it.

internal import Glibc

/// The sole owner of an open file descriptor; closes it exactly once.
package struct OwnedDescriptor: ~Copyable {
    package let rawValue: CInt

    package init(_ rawValue: CInt) {
        self.rawValue = rawValue
    }

    deinit { _ = close(rawValue) }
}

/// What an `errno` means, in the words that the operator knows from other programs.
package func errorText(_ code: CInt) -> String {
    switch code {
    case ENOENT: "no such file"
    case EACCES, EPERM: "permission denied"
    case ECONNREFUSED: "connection refused"
    case ECONNRESET, EPIPE: "the connection was cut"
    case EMFILE, ENFILE: "too many open files"
    default: strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
