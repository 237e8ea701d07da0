// What systemd is to the daemon, as far as sockets, notifications and stored descriptors go, as version 252 does it; without a container or root.
//
//     binds the sockets ─► starts the daemon with them, and with what it stored ─► reads $NOTIFY_SOCKET on a thread of its own
//
// The real one is in Tests/systemd.

import CMessages
import Foundation
import Synchronization

/// A service manager with one service.
final class ServiceManager {
    private let directory: String
    private let runtime: String
    private let service: ManagedService
    /// The listening sockets, by name.
    private var sockets: [(name: String, descriptor: CInt)] = []

    /// Binds the daemon's sockets below `runtime`, and listens for notifications.
    init(directory: String, runtime: String) throws {
        self.directory = directory
        self.runtime = runtime
        try FileManager.default.createDirectory(atPath: runtime, withIntermediateDirectories: true)
        service = try ManagedService(at: "\(directory)/notify")
        for name in ["ingest", "events", "control"] {
            let descriptor = try Self.bind("\(runtime)/\(name).sock", SOCK_STREAM)
            guard listen(descriptor, 4096) == 0 else { throw Failure("cannot listen: \(String(cString: strerror(errno)))") }
            sockets.append((name, descriptor))
        }
    }

    deinit {
        service.end()
        for (_, descriptor) in sockets { close(descriptor) }
    }

    /// Starts the program with the sockets, and with what it stored before.
    ///
    /// - Parameter extra: descriptors that were never stored, by name.
    func start(_ arguments: [String], log: String, extra: [(name: String, descriptor: CInt)] = []) throws -> Program {
        service.begin()
        let passed = sockets + service.stored + extra
        let environment = [
            "PATH=/usr/bin:/bin", "NOTIFY_SOCKET=\(directory)/notify", "LISTEN_FDS=\(passed.count)",
            "LISTEN_FDNAMES=\(passed.map(\.name).joined(separator: ":"))",
        ]
        // Only the daemon itself knows its number; the shell becomes the daemon.
        return try Program(
            "/bin/sh", arguments: ["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\"", try Program.path()] + arguments, log: log,
            environment: environment, descriptors: passed.map(\.descriptor))
    }

    /// How many descriptors it keeps for the daemon; of what was sent up to now.
    func storedCount() throws -> Int {
        try service.settle()
        return service.stored.count
    }

    /// The names under which it keeps them.
    func storedNames() throws -> Set<String> {
        try service.settle()
        return Set(service.stored.map(\.name))
    }

    /// Whether no notebook says that its connection is in doubt (the word at 32, see `Notebook`): a client has its line a moment before the daemon
    /// has noted that it was taken whole, and when it is killed in between, the connection is closed.
    func isQuiet() throws -> Bool {
        try settle()
        return service.stored.allSatisfy { _, descriptor in
            var found = stat()
            guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else { return true }
            var doubt: UInt64 = 1
            return pread(descriptor, &doubt, 8, 32) == 8 && doubt == 0
        }
    }

    /// Keeps something for the daemon that it has not asked for.
    func store(_ name: String, _ descriptor: CInt) { service.store(name, [descriptor]) }

    /// Lets go of all that it keeps, as `systemctl stop` does.
    func dropStored() throws {
        try service.settle()
        service.drop()
    }

    /// Reads all that a daemon which is gone has sent.
    func settle() throws { try service.settle() }

    /// Everything that was said since the last start, a line each.
    func messages() throws -> [String] {
        try service.settle()
        return service.messages
    }

    fileprivate static func bind(_ path: String, _ type: __socket_type) throws -> CInt {
        let descriptor = socket(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw Failure("cannot bind \(path): \(String(cString: strerror(errno)))") }
        chmod(path, 0o666)
        return descriptor
    }
}

/// What the manager knows of the service: what it said, and what it stored. Read from the socket by a thread, so that the service never waits.
private final class ManagedService: Sendable {
    private struct State {
        var stored: [(name: String, descriptor: CInt)] = []
        var messages: [String] = []
    }

    private let state = Mutex(State())
    private let path: String
    private let descriptor: CInt

    init(at path: String) throws {
        self.path = path
        descriptor = try ServiceManager.bind(path, SOCK_DGRAM)
        let thread = Thread { [self] in run() }
        thread.start()
    }

    var stored: [(name: String, descriptor: CInt)] { state.withLock(\.stored) }

    var messages: [String] { state.withLock(\.messages) }

    func begin() { state.withLock { $0.messages = [] } }

    func store(_ name: String, _ descriptors: [CInt]) {
        state.withLock { state in state.stored += descriptors.map { (name, $0) } }
    }

    func drop() {
        let dropped = state.withLock { state in
            defer { state.stored = [] }
            return state.stored
        }
        for (_, descriptor) in dropped { close(descriptor) }
    }

    /// Waits until everything that was sent before has been read: what is sent last is read last.
    func settle() throws {
        var ends: [CInt] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failure("no pair of sockets")
        }
        let code = messages_send(descriptor, path, "BARRIER=1", ends[1])
        close(ends[1])
        guard code == 0 else { throw Failure("cannot reach the manager: \(String(cString: strerror(-code)))") }
        var byte: UInt8 = 0
        // The end of the stream comes when the manager has closed its copy.
        while read(ends[0], &byte, 1) < 0, errno == EINTR {}
        close(ends[0])
    }

    /// Ends the thread, which closes everything.
    func end() { _ = messages_send(descriptor, path, "END=1", descriptor) }

    private func run() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var descriptors = [CInt](repeating: -1, count: 253)
        while true {
            var count = descriptors.count
            let length = messages_receive(descriptor, &bytes, bytes.count, &descriptors, &count)
            guard length >= 0 else { continue }
            let text = String(decoding: bytes[..<Int(length)], as: UTF8.self)
            guard take(text, Array(descriptors[..<count])) else { break }
        }
        drop()
        close(descriptor)
    }

    /// - Returns: whether to go on.
    private func take(_ text: String, _ descriptors: [CInt]) -> Bool {
        let lines = text.split(separator: "\n").map(String.init)
        let name = lines.first { $0.hasPrefix("FDNAME=") }.map { String($0.dropFirst(7)) } ?? "stored"
        if lines.contains("END=1") { return false }
        if lines.contains("FDSTORE=1") {
            store(name, descriptors)
        } else {
            if lines.contains("FDSTOREREMOVE=1") { remove(name) }
            // Of a barrier, or of what nobody asked for.
            for descriptor in descriptors { close(descriptor) }
        }
        if !lines.contains("BARRIER=1") { state.withLock { $0.messages += lines } }
        return true
    }

    private func remove(_ name: String) {
        let removed = state.withLock { state in
            let removed = state.stored.filter { $0.name == name }
            state.stored.removeAll { $0.name == name }
            return removed
        }
        for (_, descriptor) in removed { close(descriptor) }
    }
}
