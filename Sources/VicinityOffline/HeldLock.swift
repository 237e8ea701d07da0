// Whether a daemon works on a state directory at this moment.

internal import Glibc

/// The lock file of a state directory, looked at from outside.
package enum HeldLock: Sendable, Equatable {
    case free
    /// A daemon holds it; its pid, if the file says it.
    case held(process: Int32?)

    private static let fileName = "vicinity.lock"

    /// Looks at the lock of a directory.
    ///
    /// There is no asking without trying: the lock is taken for a moment, shared, which is what a daemon's own cannot be beside, and
    /// given back. Nothing is written. A directory whose lock file is missing or cannot be read counts as free.
    package init(directory: String) {
        let descriptor = open("\(directory)/\(Self.fileName)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            self = .free
            return
        }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
            self = .free
        } else {
            self = errno == EWOULDBLOCK ? .held(process: Self.process(descriptor)) : .free
        }
    }

    private static func process(_ descriptor: CInt) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
