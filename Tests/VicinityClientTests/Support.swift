// Files, golden texts, and a daemon that says what a test wants it to say.

import Foundation
import Glibc
import Synchronization
import Testing

@testable import VicinityClient

/// A directory of its own, gone with the last reference.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/vicinity-client-XXXXXX".utf8CString)
        let made = mkdtemp(&template)
        path = try String(cString: #require(made))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
}

enum Fixture {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures").path

    static func path(_ name: String) -> String { "\(directory)/\(name)" }

    static func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    /// Compares with the golden file, or rewrites it under `VICINITY_UPDATE_GOLDEN=1`.
    static func expect(_ text: String, equals name: String, _ location: SourceLocation = #_sourceLocation) throws {
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        }
        let golden = try Self.text(name)
        #expect(text == golden, "\(name) differs; VICINITY_UPDATE_GOLDEN=1 rewrites it", sourceLocation: location)
    }
}

/// A console whose two sides are files, to be read afterwards.
struct CapturedConsole {
    let console: Console
    private let directory: TemporaryDirectory
    private let output: OpenFile
    private let errors: OpenFile

    init() throws {
        directory = try TemporaryDirectory()
        output = OpenFile("\(directory.path)/out")
        errors = OpenFile("\(directory.path)/err")
        console = Console(output: output.descriptor, errors: errors.descriptor)
    }

    var out: String { get throws { try directory.read("out") } }
    var err: String { get throws { try directory.read("err") } }

    private final class OpenFile: Sendable {
        let descriptor: CInt

        init(_ path: String) { descriptor = open(path, O_CREAT | O_RDWR | O_APPEND, 0o600) }

        deinit { close(descriptor) }
    }
}

/// A console whose standard error is a terminal of 80 columns, and the other end of that.
final class PseudoTerminal {
    let console: Console
    private let main: CInt
    private let line: CInt

    init() throws {
        // What posix_openpt, grantpt, unlockpt and ptsname do, which Swift does not see.
        main = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number): (CInt, CInt) = (0, 0)
        try #require(main >= 0 && ioctl(main, 0x4004_5431, &lock) == 0 && ioctl(main, 0x8004_5430, &number) == 0)
        line = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
        try #require(line >= 0 && ioctl(line, UInt(TIOCSWINSZ), &size) == 0)
        console = Console(output: -1, errors: line)
    }

    deinit {
        close(line)
        close(main)
    }

    /// What was drawn since the last time.
    func shown() -> String {
        // A terminal brings what is written when it has time, but in order.
        let end: UInt8 = 0x04
        _ = write(line, [end], 1)
        var shown: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while shown.last != end {
            let count = read(main, &bytes, bytes.count)
            guard count > 0 else { break }
            shown += bytes[..<count]
        }
        return String(decoding: shown.dropLast(), as: UTF8.self)
    }
}

/// One end of a connection, blocking, for scripts of a fake daemon.
final class Peer: Sendable {
    private let descriptor: CInt
    private let buffer = Mutex<[UInt8]>([])

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// The next line without its end; `nil` once the client has closed its sending side.
    func readLine() -> String? {
        buffer.withLock { bytes in
            while true {
                if let end = bytes.firstIndex(of: 0x0A) {
                    let line = String(decoding: bytes[..<end], as: UTF8.self)
                    bytes.removeFirst(end + 1)
                    return line
                }
                var chunk = [UInt8](repeating: 0, count: 65_536)
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return nil }
                bytes.append(contentsOf: chunk[..<count])
            }
        }
    }

    func write(_ text: String) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// A socket that listens; so many clients may wait in it, and one more.
func listening(_ path: String, places: CInt) throws -> CInt {
    // Not for the programs that other tests start meanwhile: a connection would outlive its daemon.
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    try #require(bound == 0 && listen(listener, places) == 0)
    return listener
}

/// A daemon on a real socket in a thread: it gives each connection, in order, to the script with its number, from 0, and closes it when
/// the script returns. All lines that a script records are kept.
final class FakeDaemon: Sendable {
    private let listener: CInt
    private let ended = DispatchSemaphore(value: 0)
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock { $0 } }

    /// - Parameter connections: how many there will be; the thread ends after the last.
    init(
        _ path: String, connections: Int = 1, script: @escaping @Sendable (Peer, Int, (String) -> Void) -> Void
    ) throws {
        listener = try listening(path, places: 8)
        let thread = Thread { [self] in
            for number in 0..<connections {
                let accepted = accept(listener, nil, nil)
                guard accepted >= 0 else { break }
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                script(Peer(accepted), number) { line in recorded.withLock { $0.append(line) } }
            }
            Glibc.close(listener)
            ended.signal()
        }
        thread.start()
    }

    /// Waits until all connections are over.
    func join() { ended.wait() }
}
