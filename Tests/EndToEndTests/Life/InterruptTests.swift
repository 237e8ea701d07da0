import Foundation
import Testing

/// `vicinityctl` when somebody has had enough of it: it ends by itself, in order, not by the signal.
@Suite("Commands that are interrupted", .serialized, .timeLimit(.minutes(2)))
struct InterruptTests {
    @Test("watch ends in order", arguments: [SIGINT, SIGTERM])
    func watch(signal: Int32) throws {
        let daemon = try Daemon.running()
        let output = "\(daemon.directory)/events"
        let watch = try Program(
            Program.path(of: "vicinityctl"), arguments: ["watch", "--json", "--after", "0", "--socket-dir", daemon.runtimePath],
            log: "\(daemon.directory)/watch", output: output)
        try daemon.put(["s"])
        _ = try daemon.ingest([fix("u", near, 0, 1)])
        _ = try eventually("an event") { try String(contentsOfFile: output, encoding: .utf8).isEmpty ? nil : true }
        watch.signal(signal)
        #expect(try watch.wait() == .exited(0), "\(watch.log)")
        try daemon.stop()
    }

    @Test("send takes no more, waits for the acks of what it sent, and says how much is dealt with", arguments: [SIGINT, SIGTERM])
    func send(signal: Int32) throws {
        let daemon = try Daemon.running()
        let pipe = "\(daemon.directory)/fixes"
        try #require(mkfifo(pipe, 0o600) == 0)
        // Held open, so that the input never ends.
        let writer = open(pipe, O_RDWR | O_CLOEXEC)
        defer { close(writer) }
        let send = try Program(
            Program.path(of: "vicinityctl"), arguments: ["send", "--socket-dir", daemon.runtimePath, "-"],
            log: "\(daemon.directory)/send", input: pipe, output: "\(daemon.directory)/summary")
        let line = Array((fix("u", near, 0, 1) + "\n").utf8)
        #expect(write(writer, line, line.count) == line.count)
        _ = try eventually("the fix") { try daemon.fixes("accepted") == 1 ? true : nil }
        send.signal(signal)
        #expect(try send.wait() == .exited(130), "\(send.log)")
        #expect(send.log.contains("interrupted; 1 line are dealt with"), "\(send.log)")
        try daemon.stop()
    }
}
