import Foundation
import Testing
import VicinityClient

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

    /// Starts a command, and interrupts it so many milliseconds after it is prepared for that.
    ///
    /// - Returns: how it ended, and what it said.
    private func interrupt(
        _ arguments: [String], after milliseconds: UInt32, signal: Int32 = SIGINT, in directory: String
    ) throws -> (ending: Ending, out: String, err: String) {
        let log = "\(directory)/err-\(UInt32.random(in: 0 ... .max))"
        let program = try Program(
            try Program.path(of: "vicinityctl"), arguments: arguments, log: log, output: "\(directory)/out")
        try program.takesOver(signal)
        let due = ContinuousClock.now + .milliseconds(Int(milliseconds))
        while ContinuousClock.now < due, program.poll() == nil { usleep(1_000) }
        program.signal(signal)
        let ending = try program.wait()
        return (ending, try String(contentsOfFile: "\(directory)/out", encoding: .utf8), program.log)
    }

    private func names(in directory: String) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] }

    @Test("replace leaves the register as it was and the daemon ready for another, or has swapped it", arguments: [SIGINT, SIGTERM])
    func replace(signal: Int32) throws {
        let daemon = try Daemon.running()
        let file = "\(daemon.directory)/register.ndjson"
        try (0..<8_000).map { "{\"id\":\"new-\($0)\",\"lat\":1,\"lon\":2}\n" }.joined().write(
            toFile: file, atomically: true, encoding: .utf8)
        var endings: Set<Int32> = []
        for milliseconds: UInt32 in [0, 100, 200, 300, 400, 500, 600, 800, 5_000] {
            try daemon.result("subjects.remove", "{\"ids\":[\"new-0\"]}")
            try daemon.put(["old"])
            let before = try daemon.result("subjects.list", "{\"limit\":1000}").text
            let run = try interrupt(
                ["subjects", "replace", "--yes", "--socket-dir", daemon.runtimePath, file], after: milliseconds, signal: signal,
                in: daemon.directory)
            let after = try daemon.result("subjects.list", "{\"limit\":1000}").text
            if run.ending == .exited(130) {
                #expect(run.err.contains("the register is as it was\n") || run.err.contains("nothing was replaced\n"), "\(run.err)")
                #expect(after == before)
                endings.insert(130)
            } else {
                #expect(run.ending == .exited(0) && run.out.hasSuffix("the register has 8,000 subjects now\n"), "\(run)")
                endings.insert(0)
            }
            let generation = try #require(try daemon.result("subjects.replace_begin")["generation"]?.integer)
            try daemon.result("subjects.replace_abort", "{\"generation\":\(generation)}")
        }
        #expect(endings == [0, 130])
        try daemon.stop()
    }

    @Test("backup and doctor --salvage leave a whole file or none")
    func files() throws {
        let daemon = try Daemon.running()
        for request in 0..<12 {
            let text = String(repeating: "x", count: 1_500)
            let subjects = (0..<1_000).map { "{\"id\":\"s-\(request)-\($0)\",\"lat\":1,\"lon\":2,\"details\":{\"text\":\"\(text)\"}}" }
            try daemon.result("subjects.put", "{\"subjects\":[\(subjects.joined(separator: ","))]}")
        }
        try daemon.stop()
        var interrupted = ["backup": 0, "doctor": 0]
        for milliseconds: UInt32 in [0, 5, 10, 20, 40, 80, 150, 300, 600, 1_000, 2_000, 10_000] {
            let target = "\(daemon.directory)/target"
            let commands = [
                ["backup", "--state-dir", daemon.statePath, "\(target)/vicinity.db"], ["doctor", daemon.statePath, "--salvage", target],
            ]
            for command in commands where milliseconds < 10_000 || interrupted[command[0]] == 0 {
                try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
                defer { try? FileManager.default.removeItem(atPath: target) }
                let run = try interrupt(command, after: milliseconds, in: daemon.directory)
                if run.ending == .exited(130) {
                    #expect(run.err.hasPrefix("vicinityctl: interrupted; "), "\(run.err)")
                    #expect(names(in: target).isEmpty)
                    interrupted[command[0], default: 0] += 1
                } else {
                    #expect(run.ending == .exited(0), "\(command) \(run)")
                    #expect(names(in: target) == ["vicinity.db"])
                }
            }
        }
        #expect(interrupted.values.allSatisfy { $0 > 0 }, "\(interrupted)")
    }
}
