// Input that must be read twice, first to check and then to send. A file is opened twice; what cannot be (a pipe) is copied to a file
// without a name, which is gone when it is closed.

internal import Glibc

package final class RereadableInput {
    package let path: String
    /// The copy of what cannot be opened twice.
    private let spool: Copy?

    /// - Parameters:
    ///   - path: a file, a pipe, or `-` for standard input.
    ///   - console: where it is shown how much of a pipe has come.
    ///   - interrupts: end the wait for a pipe, with a fault.
    package init(path: String, console: Console, interrupts: Signals? = nil) throws(InputFault) {
        self.path = path
        let source = try ByteSource(path: path)
        // Standard input is copied also where it is a file: its position is shared by all who have it open, and begins where the caller says.
        guard source.size == nil || path == "-" else {
            spool = nil
            return
        }
        var bar = ProgressBar(
            "reading \(path == "-" ? "stdin" : path.terminalSafe)", counting: "bytes", on: console, now: Clock.monotonic())
        defer { bar.clear() }
        spool = Copy(try Self.copy(of: source.rawDescriptor, name: path, &bar, interrupts))
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
    private static func copy(
        of source: CInt, name: String, _ bar: inout ProgressBar, _ interrupts: Signals?
    ) throws(InputFault) -> OwnedDescriptor {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(directory)/vicinityctl.XXXXXX".utf8CString)
        let created = mkstemp(&template)
        guard created >= 0 else { throw InputFault(name: name, why: "no temporary file in \(directory): \(errorText(errno))") }
        let spool = OwnedDescriptor(created)
        unlink(template)
        var buffer = [UInt8](repeating: 0, count: ByteSource.chunkSize)
        var done: Int64 = 0
        while true {
            var requests = [source, interrupts?.descriptor ?? -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&requests, nfds_t(requests.count), -1)
            if interrupts?.mustEnd() == true { throw InputFault(name: name, why: "interrupted") }
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw InputFault(name: name, why: errorText(errno)) }
            if count == 0 { return spool }
            guard writeAll(buffer[..<count], to: spool.rawValue) else {
                throw InputFault(name: name, why: "cannot keep it in \(directory): \(errorText(errno))")
            }
            done += Int64(count)
            bar.update(done: done, of: nil, count: done, now: Clock.monotonic())
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
