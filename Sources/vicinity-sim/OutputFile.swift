import Glibc

/// A file that could not be opened or written.
struct OutputFault: Error, CustomStringConvertible {
    let name: String
    let code: CInt

    var description: String { "\(name): \(String(cString: strerror(code)))" }
}

/// Lines on their way to a file or to standard output, written in large pieces.
final class OutputFile {
    private static let pieceSize = 1 << 18
    private let name: String
    private let descriptor: CInt
    private var buffer: [UInt8] = []

    /// - Parameter name: `-` is standard output; a file that exists is replaced.
    init(_ name: String) throws {
        self.name = name
        descriptor = name == "-" ? STDOUT_FILENO : open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw OutputFault(name: name, code: errno) }
        buffer.reserveCapacity(Self.pieceSize + 4_096)
    }

    deinit { if descriptor != STDOUT_FILENO { _ = close(descriptor) } }

    func write(_ line: String) throws {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.pieceSize { try flush() }
    }

    func flush() throws {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written) }
            guard count >= 0 || errno == EINTR else { throw OutputFault(name: name, code: errno) }
            written += max(0, count)
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
