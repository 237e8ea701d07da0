// The bytes of one input, in chunks, inflated if they are gzip: a file, or standard input. What it is shows in the first two
// bytes, not in the name.

internal import Glibc

package struct ByteSource: ~Copyable {
    /// Bytes asked of the kernel at once, and the most that one ``chunk`` holds.
    package static let chunkSize = 256 << 10

    package let name: String
    /// What ``readMore()`` brought last; plain bytes.
    package private(set) var chunk: [UInt8] = []
    /// Bytes of the file read so far, as they lie on the disk: what a progress bar counts.
    package private(set) var bytesRead: Int64 = 0
    /// Size on the disk; `nil` if the input is no regular file.
    package let size: Int64?

    private let descriptor: OwnedDescriptor
    private var raw: [UInt8] = []
    private var rawPosition = 0
    private var inflater: Inflater?
    private var hasBegun = false
    private var hasEnded = false
    /// The last chunk came out full, so that zlib may hold more.
    private var inflaterHoldsMore = false

    /// Opens a file, or standard input for `-`.
    package init(path: String) throws(InputFault) {
        if path == "-" {
            let copy = dup(STDIN_FILENO)
            guard copy >= 0 else { throw InputFault(name: path, why: errorText(errno)) }
            self.init(descriptor: OwnedDescriptor(copy), name: path)
            return
        }
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw InputFault(name: path, why: errorText(errno)) }
        let descriptor = OwnedDescriptor(opened)
        var status = stat()
        if fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw InputFault(name: path, why: "it is a directory")
        }
        self.init(descriptor: descriptor, name: path)
    }

    package init(descriptor: consuming OwnedDescriptor, name: String) {
        self.name = name
        var status = stat()
        let isFile = fstat(descriptor.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int64(status.st_size) : nil
        self.descriptor = descriptor
    }

    /// The size of what ``init(path:)`` would open, found without opening it: a named pipe can be opened only once.
    ///
    /// - Returns: `nil` if it is no regular file.
    /// - Throws: if it cannot be read.
    package static func size(of path: String) throws(InputFault) -> Int64? {
        var status = stat()
        guard (path == "-" ? fstat(STDIN_FILENO, &status) : stat(path, &status)) == 0,
            path == "-" || access(path, R_OK) == 0
        else { throw InputFault(name: path, why: errorText(errno)) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw InputFault(name: path, why: "it is a directory") }
        return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    /// The descriptor to wait for when ``isReady`` is false.
    package var rawDescriptor: CInt { descriptor.rawValue }

    /// Whether ``readMore()`` would return at once.
    package var isReady: Bool {
        if hasEnded || inflaterHoldsMore || rawPosition < raw.count { return true }
        var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) != 0
    }

    /// Replaces ``chunk`` by the next bytes, at least one.
    ///
    /// - Returns: false at the end of the input; the chunk is then empty.
    package mutating func readMore() throws(InputFault) -> Bool {
        chunk.removeAll(keepingCapacity: true)
        while true {
            if rawPosition == raw.count, !inflaterHoldsMore {
                if try !refill() { return false }
            }
            guard let inflater else {
                swap(&chunk, &raw)
                raw.removeAll(keepingCapacity: true)
                rawPosition = 0
                return true
            }
            do {
                rawPosition += try inflater.inflate(raw, from: rawPosition, into: &chunk, capacity: Self.chunkSize)
            } catch {
                throw InputFault(name: name, why: error.why)
            }
            inflaterHoldsMore = chunk.count == Self.chunkSize
            if !chunk.isEmpty { return true }
        }
    }

    private mutating func refill() throws(InputFault) -> Bool {
        guard !hasEnded else { return false }
        try readRaw()
        if !hasBegun {
            // A pipe may bring the first byte alone, and one byte does not tell gzip.
            while raw.count == 1, raw[0] == 0x1F, !hasEnded { try readRaw() }
            hasBegun = true
            if raw.starts(with: [0x1F, 0x8B]) {
                do { inflater = try Inflater() } catch { throw InputFault(name: name, why: error.why) }
            }
        }
        if hasEnded, let inflater, !inflater.isComplete {
            throw InputFault(name: name, why: "the gzip data is cut short")
        }
        return rawPosition < raw.count
    }

    /// Appends to what is not used yet; sets ``hasEnded`` if nothing came.
    private mutating func readRaw() throws(InputFault) {
        var count = -1
        var code: CInt = 0
        let fresh = [UInt8](unsafeUninitializedCapacity: Self.chunkSize) { buffer, filled in
            repeat { count = read(descriptor.rawValue, buffer.baseAddress, Self.chunkSize) } while count < 0 && errno == EINTR
            code = errno
            filled = max(count, 0)
        }
        raw = rawPosition == raw.count ? fresh : Array(raw[rawPosition...]) + fresh
        rawPosition = 0
        guard count >= 0 else { throw InputFault(name: name, why: errorText(code)) }
        if count == 0 { hasEnded = true }
        bytesRead += Int64(count)
    }
}
