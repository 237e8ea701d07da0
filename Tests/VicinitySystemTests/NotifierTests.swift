import Foundation
import Synchronization
import Testing

@testable import VicinitySystem

/// What the notifier says, without a service manager.
struct NotifierTests {
    private final class Manager: Sendable {
        let heard = Mutex<[String]>([])
        var messages: [String] { heard.withLock { $0 } }
        func notifier() -> Notifier { Notifier { text in self.heard.withLock { $0.append(text) } } }
    }

    @Test func saysWhatTheProtocolWants() {
        let manager = Manager()
        let notifier = manager.notifier()
        notifier.ready("12 users")
        notifier.reloaded()
        notifier.watchdog()
        notifier.stopping("stopping")
        notifier.extendTimeout(by: .milliseconds(1500))
        #expect(
            manager.messages == [
                "READY=1\nSTATUS=12 users", "READY=1", "WATCHDOG=1", "STOPPING=1\nSTATUS=stopping", "EXTEND_TIMEOUT_USEC=1500000",
            ])
    }

    @Test func aReloadIsDatedByTheMonotonicClockInOneMessage() throws {
        let manager = Manager()
        manager.notifier().reloading()
        let message = try #require(manager.messages.first)
        let lines = message.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == "RELOADING=1")
        let stamp = try #require(lines.last?.split(separator: "=").last.flatMap { Int64($0) })
        #expect(stamp > 0)
    }

    /// calls: text at second; sent: which of them reach the manager
    @Test(arguments: [
        (calls: [("a", 0.0), ("a", 5.0)], sent: ["a"]),  // no change, no message
        (calls: [("a", 0.0), ("b", 0.9), ("b", 1.0)], sent: ["a", "b"]),  // no sooner than after a second
        (calls: [("a", 0.0), ("b", 0.5), ("a", 1.5), ("c", 1.6)], sent: ["a", "c"]),  // went back: nothing to say
        (calls: [("", 0.0)], sent: [""]),
    ])
    func statusIsSentWhenChangedAndOnceASecond(calls: [(String, Double)], sent: [String]) {
        let manager = Manager()
        let notifier = manager.notifier()
        for (text, seconds) in calls { notifier.status(text, now: 1 + Int64(seconds * 1e9)) }
        #expect(manager.messages == sent.map { "STATUS=\($0)" })
    }

    /// The text that goes with a change counts as the last: it is replaced no sooner than a second later, and not repeated.
    @Test func aChangeBringsItsOwnText() {
        let manager = Manager()
        let notifier = manager.notifier()
        notifier.status("starting", now: 0)
        notifier.ready("12 users", now: 100_000_000)
        notifier.status("13 users", now: 1_000_000_000)
        notifier.status("12 users", now: 2_000_000_000)
        notifier.status("13 users", now: 2_000_000_001)
        #expect(manager.messages == ["STATUS=starting", "READY=1\nSTATUS=12 users", "STATUS=13 users"])
    }

    @Test func aStopIsTheLastWord() {
        let manager = Manager()
        let notifier = manager.notifier()
        notifier.stopping("stopping")
        notifier.reloading()
        notifier.reloaded()
        notifier.ready("up")
        notifier.stopping("stopping again")
        #expect(manager.messages == ["STOPPING=1\nSTATUS=stopping"])
    }

    @Test func aStatusCannotCarryAnotherAssignment() {
        let manager = Manager()
        manager.notifier().status("fine\nREADY=1", now: 0)
        #expect(manager.messages == ["STATUS=fine READY=1"])
    }
}

/// The same through libsystemd and a real socket. One after the other: the environment belongs to the process.
@Suite(.serialized) struct NotifySocketTests {
    @Test func messagesArriveAtTheSocketOfTheEnvironment() throws {
        let directory = try TemporaryDirectory()
        let listener = try datagramListener(directory("notify"))
        setenv("NOTIFY_SOCKET", directory("notify"), 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        let notifier = Notifier()
        notifier.reloaded()
        notifier.status("12 users", now: 0)
        #expect(receive(listener.rawValue) == "READY=1")
        #expect(receive(listener.rawValue) == "STATUS=12 users")
    }

    @Test func withoutAManagerNothingHappens() {
        unsetenv("NOTIFY_SOCKET")
        unsetenv("WATCHDOG_USEC")
        Notifier().reloaded()
        #expect(Notifier.watchdogInterval == nil)
    }

    @Test func theWatchdogIsForThisProcessOnly() {
        setenv("WATCHDOG_USEC", "10000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        #expect(Notifier.watchdogInterval == .seconds(10))
        setenv("WATCHDOG_PID", "1", 1)
        #expect(Notifier.watchdogInterval == nil)
        unsetenv("WATCHDOG_USEC")
        unsetenv("WATCHDOG_PID")
    }

    @Test func withoutActivationThereAreNoSockets() throws {
        unsetenv("LISTEN_FDS")
        let sockets = try SystemdSockets.take(expecting: ["ingest"])
        #expect(sockets == nil)
    }

    private func datagramListener(_ path: String) throws -> OwnedDescriptor {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0)
        return OwnedDescriptor(descriptor)
    }

    private func receive(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

@Suite("What a device has done")
struct BlockDeviceTests {
    @Test(
        arguments: [
            ("   12 0 100 7   30 0 900 8 0 4 15\n", 42),
            ("1 0 0 0 2", 3),
            ("1 0 0 0", nil),
            ("", nil),
            ("x 0 0 0 2", nil),
        ] as [(String, UInt64?)])
    func readsTheKernelsLine(line: String, completed: UInt64?) { #expect(BlockDevice.completed(in: line) == completed) }

    @Test func whatLiesInMemoryHasNone() { #expect(BlockDevice(of: "/proc") == nil && BlockDevice(of: "/nowhere") == nil) }
}
