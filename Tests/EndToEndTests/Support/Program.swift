// The program under test as a child process. Nothing here knows what a daemon is.

import Foundation
import Testing

/// Something that did not come to pass in time, or at all: a sentence.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// How long anything may take before a test gives up. Nothing waits for so long where all is well.
let patience = Duration.seconds(60)

/// Asks again and again until the answer is there.
///
/// - Parameter what: what is waited for, for the sentence.
/// - Throws: ``Failure`` when ``patience`` is over.
func eventually<Value>(_ what: String, _ body: () throws -> Value?) throws -> Value {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
        if let value = try body() { return value }
        usleep(2000)
    }
    throw Failure("\(what): not within \(patience)")
}

/// How a process ended.
enum Ending: Equatable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// A program that was started, `vicinityd` unless another is named, with its standard error in a file.
final class Program {
    let pid: pid_t
    private let logPath: String
    private var ending: Ending?
    /// Whether the kernel wrote a core dump when it was killed.
    private(set) var dumpedCore = false

    /// The program of this name that was built beside this test bundle.
    static func path(of name: String = "vicinityd") throws -> String {
        let products = Bundle.module.bundleURL.deletingLastPathComponent()
        let path = products.appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw Failure("there is no \(name) in \(products.path): run `swift build` first, these tests start the program itself")
        }
        return path
    }

    /// Runs `vicinityctl` to its end, in UTC.
    ///
    /// - Parameter directory: where what it says is put down.
    static func vicinityctl(_ arguments: [String], in directory: String) throws -> (ending: Ending, out: String, err: String) {
        let name = "\(directory)/said-\(UInt32.random(in: 0 ... .max))"
        let program = try Program(
            try path(of: "vicinityctl"), arguments: arguments, log: "\(name).err", output: "\(name).out",
            environment: ["PATH=/usr/bin:/bin", "TZ=UTC"])
        let ending = try program.wait()
        return (ending, try String(contentsOfFile: "\(name).out", encoding: .utf8), program.log)
    }

    /// - Parameters:
    ///   - program: its path; `nil` is the daemon.
    ///   - input: the file that is its standard input.
    ///   - output: the file for its standard output, begun anew.
    ///   - environment: all of it, as `NAME=value`.
    ///   - descriptors: it gets copies of them, from 3 on.
    init(
        _ program: String? = nil, arguments: [String], log: String, input: String = "/dev/null", output: String = "/dev/null",
        environment: [String] = ["PATH=/usr/bin:/bin"], descriptors: [CInt] = []
    ) throws {
        let path = try program ?? Self.path()
        logPath = log
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // Beyond all places that they are to take, so that none is overwritten before it is copied.
        let copies = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 3 + CInt(descriptors.count)) }
        defer { for copy in copies { close(copy) } }
        for (place, copy) in copies.enumerated() { posix_spawn_file_actions_adddup2(&actions, copy, 3 + CInt(place)) }
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, path, &actions, nil, &words, &variables)
        guard code == 0 else { throw Failure("cannot start \(path): \(String(cString: strerror(code)))") }
        pid = child
    }

    deinit {
        guard ending == nil else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// What it wrote to standard error up to now.
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// How it ended; `nil` while it runs.
    func poll() -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        dumpedCore = signal != 0 && status & 0x80 != 0
        ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
        return ending
    }

    func wait() throws -> Ending { try eventually("the end of the program") { poll() } }

    func signal(_ number: Int32) { if ending == nil { kill(pid, number) } }

    /// Stops it in its tracks until ``signal(_:)`` with `SIGCONT`.
    func freeze() throws {
        signal(SIGSTOP)
        _ = try eventually("vicinityd standing still") { try field("State").hasPrefix("T") ? true : nil }
    }

    /// Waits until it has taken a signal over, so that this ends it in order; or until it has ended.
    func takesOver(_ signal: Int32) throws {
        _ = try eventually("a program that takes signal \(signal) over") {
            if poll() != nil { return true }
            let blocked = UInt64(try field("SigBlk"), radix: 16) ?? 0
            return blocked & (1 << UInt64(signal - 1)) != 0 ? true : nil
        }
    }

    /// Bytes of memory that it holds.
    func residentBytes() throws -> Int {
        guard let kibibytes = Int(try field("VmRSS").prefix { $0.isNumber }) else { throw Failure("no VmRSS") }
        return kibibytes << 10
    }

    private func field(_ name: String) throws -> String {
        let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        throw Failure("no \(name) in /proc/\(pid)/status")
    }
}
