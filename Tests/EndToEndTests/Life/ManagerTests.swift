import Foundation
import Synchronization
import Testing
import VicinityClient

/// Listens at a `NOTIFY_SOCKET` and keeps what it hears, as the service manager does.
private final class Manager: Sendable {
    let path: String
    private let descriptor: CInt
    private let heard = Mutex<[String]>([])

    init(in directory: String) throws {
        path = "\(directory)/notify"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard bound == 0 else { throw Failure("no socket at \(path)") }
        Thread.detachNewThread { [self] in listen() }
    }

    /// Ends with the descriptor, which is closed never: the tests' process has few of them.
    private func listen() {
        var bytes = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return }
            heard.withLock { $0.append(String(decoding: bytes.prefix(count), as: UTF8.self)) }
        }
    }

    /// All messages, in order.
    var messages: [String] { heard.withLock { $0 } }

    /// How many said that the daemon lives.
    var beats: Int { messages.count { $0 == "WATCHDOG=1" } }

    /// Waits until there are more than `count` messages of this beginning.
    func hear(_ beginning: String, after count: Int = 0) throws {
        _ = try eventually("\(beginning) in \(messages)") { messages.count { $0.hasPrefix(beginning) } > count ? true : nil }
    }

    /// The words of the shell that make the daemon its service.
    func prelude(watchdog milliseconds: Int? = nil) -> String {
        "export NOTIFY_SOCKET='\(path)'" + (milliseconds.map { "; export WATCHDOG_USEC=\($0 * 1000)" } ?? "")
    }
}

/// An ext4 of our own that can be frozen: as long as it is, whoever writes there waits.
private final class FreezableDisk {
    let path: String
    private let disk: Disk

    init(at path: String) throws {
        self.path = path
        disk = try Disk(megabytes: 48, at: path + "-device")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try shell("truncate -s 40m '\(disk.path)/image'; mkfs.ext4 -q -J size=4 '\(disk.path)/image'")
        try shell("mount -o loop '\(disk.path)/image' '\(path)'")
    }

    deinit {
        try? thaw()
        try? shell("umount -l '\(path)'")
        rmdir(path)
    }

    func freeze() throws { try shell("fsfreeze -f '\(path)'") }

    func thaw() throws { try shell("fsfreeze -u '\(path)'") }
}

@Suite("Life: under a service manager")
struct ManagerTests {
    private func directory() throws -> String {
        let directory = "/tmp/vicinity-manager-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }

    @Test("It says that it starts, is ready, reloads and stops, each once and in order; a wrong file is told to whoever asked")
    func life() throws {
        let folder = try directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manager = try Manager(in: folder)
        let daemon = try Daemon.running(prelude: manager.prelude())
        try manager.hear("READY=1\nSTATUS=0 users")
        #expect(manager.messages.first?.hasPrefix("STATUS=starting: ") == true, "\(manager.messages)")
        #expect(manager.messages.count { $0.hasPrefix("READY=1") } == 1)

        try daemon.write(config: Daemon.plain + "log_level: debug\ndurability: power\n")
        let change = try daemon.result("config.reload")
        #expect(change["changed"]?.text == #"["log_level"]"# && change["restart_needed"]?.text == #"["durability"]"#, "\(change.text)")
        try expectReloads(1, in: manager)
        #expect(try #require(daemon.program).log.contains("only after a restart: durability"))

        try daemon.write(config: "halo:\n  leave_margin: -5\n")
        let refusal = try daemon.call("config.reload")
        let why = "vicinityd.yaml:2: halo.leave_margin: is -5"
        #expect(refusal["error"]?["message"]?.string?.contains(why) == true, "\(refusal.text)")
        try expectReloads(2, in: manager)
        #expect(try #require(daemon.program).log.contains(why))
        try #require(daemon.program).signal(SIGHUP)
        try manager.hear("RELOADING=1", after: 2)
        try manager.hear("READY=1", after: 3)

        try daemon.write(config: Daemon.plain)
        try daemon.stop()
        let messages = manager.messages
        let stop = try #require(messages.firstIndex { $0.hasPrefix("STOPPING=1\nSTATUS=stopping") })
        #expect(!messages[stop...].contains { $0.hasPrefix("READY") || $0.hasPrefix("RELOADING") || $0.hasPrefix("WATCHDOG") })
        #expect(!messages.contains("WATCHDOG=1"), "nobody watches")
    }

    /// Waits until the reloads that were begun and ended are so many, and not one more.
    private func expectReloads(_ count: Int, in manager: Manager) throws {
        let beginning = "RELOADING=1\nMONOTONIC_USEC="
        try manager.hear(beginning, after: count - 1)
        // The first one said that the daemon is up. Messages come in their order.
        try manager.hear("READY=1", after: count)
        #expect(manager.messages.count { $0.hasPrefix(beginning) } == count)
    }

    /// More than the log has room for where the disk is full: what was once written is used again.
    private static let crowd = (0..<20_000).map { fix("u-\($0)", near, 0, 0) + "\n" }.joined()

    @Test("The status names who is behind, and what is wrong first")
    func status() throws {
        let folder = try directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manager = try Manager(in: folder)
        let daemon = try Daemon.running(prelude: manager.prelude(), megabytes: Machine.canMount ? 12 : nil)
        let relay = try daemon.subscribe(#"{"name":"relay-1"}"#)
        try daemon.put(["s"])
        #expect(try daemon.ingest([fix("u", near, 0, 0)]).last == .ack(1))
        _ = try relay.socket.nextLine()
        try manager.hear("STATUS=1 users, 1 subjects, 1 pairs inside; ")
        _ = try eventually("who is behind") {
            manager.messages.contains { $0.hasPrefix("STATUS=") && $0.hasSuffix("; subscriber relay-1 is 1 events behind") } ? true : nil
        }
        guard let disk = daemon.disk else { return }
        try disk.fill()
        let gateway = try daemon.connect("ingest")
        try gateway.send(Self.crowd)
        try manager.hear("STATUS=degraded: store: the store waits")
        disk.free()
        try daemon.waitUntilWell()
    }

    @Test(
        "It feeds the watchdog while it is idle, busy, and while its disk is full", .enabled(if: Machine.canMount, "needs root and mount"))
    func watchdogFed() throws {
        let folder = try directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manager = try Manager(in: folder)
        let daemon = try Daemon.running(prelude: manager.prelude(watchdog: 600), megabytes: 12)
        try manager.hear("WATCHDOG=1", after: 2)
        let disk = try #require(daemon.disk)
        try disk.fill()
        let gateway = try daemon.connect("ingest")
        try gateway.send(Self.crowd)
        try manager.hear("STATUS=degraded: ")
        try manager.hear("WATCHDOG=1", after: manager.beats + 3)
        disk.free()
        try daemon.waitUntilWell()
        try daemon.stop()
    }

    @Test(
        "It starves the watchdog when the disk is dead, also where nobody sends, and says why; then it goes on",
        .enabled(if: Machine.canLoop, "needs root and mount"))
    func deadDisk() throws {
        let folder = try directory()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manager = try Manager(in: folder)
        let daemon = try Daemon(prelude: manager.prelude(watchdog: 600))
        let disk = try FreezableDisk(at: daemon.statePath)
        try daemon.start()
        try manager.hear("WATCHDOG=1", after: 2)
        try disk.freeze()
        let reason = try daemon.waitUntilDegraded()
        #expect(reason.contains("a round through the daemon takes more than 300 ms: it waits for the"), "\(reason)")
        let beats = manager.beats
        usleep(1_200_000)
        #expect(manager.beats == beats, "twice the manager's patience")
        try disk.thaw()
        try daemon.waitUntilWell()
        #expect(manager.beats > beats)
        // The stop must come before the disk goes.
        try daemon.stop()
    }
}
