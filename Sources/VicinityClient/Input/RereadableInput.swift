// Input that must be read twice, first to check and then to send. A file is opened twice; what cannot be (a pipe) is copied to a file
// without a name, which is gone when it is closed.

internal import Glibc

package final class RereadableInput {
    package let path: String
    /// The copy of what cannot be opened twice.
    private let spool: Copy?

    /// - Parameter path: a file, a pipe, or `-` for standard input.
    package init(path: String) throws(InputFault) {
        self.path = path
        let source = try ByteSource(path: path)
        // Standard input is copied also where it is a file: its position is shared by all who have it open, and begins where the caller says.
        spool = source.size == nil || path == "-" ? Copy(try Self.copy(of: source.rawDescriptor, name: path)) : nil
    }

    /// The input from its beginning. The former source must not be read any more.
    package func open() throws(InputFault) -> ByteSource {
        guard let descriptor = spool?.descriptor.rawValue else { return try ByteSource(path: path) }
        let copy = dup(descriptor)
        guard copy >= 0, lseek(copy, 0, SEEK_SET) == 0 else { throw InputFault(name: path, why: errorText(errno)) }
        return ByteSource(descriptor: OwnedDescriptor(copy), name: path)
    }

    /// An owner that can be optional in a class.
    private final class Copy {
        let descriptor: OwnedDescriptor

        init(_ descriptor: consuming OwnedDescriptor) {
            self.descriptor = descriptor
        }
    }

    /// Copies what is left of `source` to an unnamed file in `$TMPDIR` or `/tmp`.
    private static func copy(of source: CInt, name: String) throws(InputFault) -> OwnedDescriptor {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(directory)/vicinityctl.XXXXXX".utf8CString)
        let created = mkstemp(&template)
        guard created >= 0 else { throw InputFault(name: name, why: "no temporary file in \(directory): \(errorText(errno))") }
        let spool = OwnedDescriptor(created)
        unlink(template)
        var buffer = [UInt8](repeating: 0, count: ByteSource.chunkSize)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw InputFault(name: name, why: errorText(errno)) }
            if count == 0 { return spool }
            guard writeAll(buffer[..<count], to: spool.rawValue) else {
                throw InputFault(name: name, why: "cannot keep it in \(directory): \(errorText(errno))")
            }
        }
    }
}

/// Writes all of `bytes`, however many calls it takes.
///
/// - Returns: false on an error, which is in `errno`.
func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN {
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&request, 1, -1)
            continue
        }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
