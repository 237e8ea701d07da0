import Foundation
import Testing
import VicinityClient

/// A daemon in a temporary directory of its own: its configuration, its state, its sockets, and the process while it runs.
///
/// It is killed and all is removed when this object goes.
final class Daemon {
    let directory: String
    private(set) var program: Program?
    /// Its state directory, if that is a file system of its own.
    private(set) var disk: Disk?
    /// Starts it through the shell, after these words.
    private let prelude: String?
    /// Who binds its sockets, and keeps its connections; `nil` where it does so by itself.
    private(set) var manager: ServiceManager?

    /// The contract's plain rules: no limit that a test would have to mind, and no accuracy in pairs.
    static let plain = """
        halo:
          radius_interval: 0
        fixes:
          max_accuracy: 1000000
          accuracy_cap: 0
          max_speed: 0
          expire_after: 0
        privacy:
          profile: places

        """

    /// - Parameters:
    ///   - prelude: commands of the shell that come before its start.
    ///   - megabytes: gives it a small file system for its state; see ``Machine/canMount``.
    ///   - isManaged: whether a service manager starts it.
    init(config: String = Daemon.plain, prelude: String? = nil, megabytes: Int? = nil, isManaged: Bool = false) throws {
        self.prelude = prelude
        // A socket's path may have 107 bytes, so it is not TMPDIR.
        var template = Array("/tmp/vicinity-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("no temporary directory") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try write(config: config)
        if isManaged { manager = try ServiceManager(directory: directory, runtime: runtimePath) }
        if let megabytes { disk = try Disk(megabytes: megabytes, at: statePath) }
    }

    deinit {
        program = nil
        manager = nil
        disk = nil
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A daemon that has said that it is ready.
    static func running(
        config: String = Daemon.plain, prelude: String? = nil, megabytes: Int? = nil, isManaged: Bool = false
    ) throws -> Daemon {
        let daemon = try Daemon(config: config, prelude: prelude, megabytes: megabytes, isManaged: isManaged)
        try daemon.start()
        return daemon
    }

    var configPath: String { "\(directory)/vicinityd.yaml" }
    var statePath: String { "\(directory)/state" }
    var runtimePath: String { "\(directory)/run" }
    var arguments: [String] { ["--config", configPath, "--state-dir", statePath, "--runtime-dir", runtimePath] }

    func write(config: String) throws { try config.write(toFile: configPath, atomically: true, encoding: .utf8) }

    // MARK: - Life

    /// Starts it and waits until it answers.
    func start() throws {
        let program =
            if let manager {
                try manager.start(["--config", configPath, "--state-dir", statePath], log: "\(directory)/log")
            } else if let prelude {
                try Program(
                    "/bin/sh", arguments: ["-c", "\(prelude)\nexec \"$0\" \"$@\"", try Program.path()] + arguments,
                    log: "\(directory)/log")
            } else {
                try Program(arguments: arguments, log: "\(directory)/log")
            }
        self.program = program
        let control = try eventually("a connection to control.sock") {
            if let ending = program.poll() { throw Failure("vicinityd ended (\(ending)) at its start: \(program.log)") }
            return try? connect("control")
        }
        try explained {
            try control.send(#"{"jsonrpc":"2.0","id":0,"method":"status"}"# + "\n")
            let answer = try control.json()
            try #require(answer["result"]?["ready"]?.bool == true)
        }
    }

    /// Does what needs the daemon; if that fails, the sentence says what the daemon said.
    private func explained<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as Failure {
            let life = program.map { program in program.poll().map { "it ended: \($0)" } ?? "it runs" } ?? "it was ended"
            throw Failure("\(error); \(life); it said: \(program?.log ?? "")")
        }
    }

    /// Stops it as an init system does; it must exit with 0.
    func stop() throws {
        let program = try #require(program)
        program.signal(SIGTERM)
        let ending = try program.wait()
        self.program = nil
        #expect(ending == .exited(0), "\(program.log)")
    }

    /// Kills it as a crash does.
    func crash() throws {
        let program = try #require(program)
        program.signal(SIGKILL)
        #expect(try program.wait() == .killed(signal: SIGKILL))
        self.program = nil
        try manager?.settle()
    }

    /// As `systemctl restart` does, of a daemon that is managed.
    func restart() throws {
        try stop()
        try start()
    }

    /// Starts another daemon that is expected not to come up.
    ///
    /// - Returns: how it ended, and what it said.
    static func refused(_ arguments: [String], in directory: String) throws -> (ending: Ending, text: String) {
        let program = try Program(arguments: arguments, log: "\(directory)/refused-\(UInt32.random(in: 0 ... .max))")
        return (try program.wait(), program.log)
    }

    // MARK: - Talk

    func connect(_ socket: String) throws -> LineSocket { try LineSocket("\(runtimePath)/\(socket).sock") }

    /// Subscribes and takes the answer.
    func subscribe(_ options: String = "{}") throws -> (socket: LineSocket, answer: JSONValue) {
        let socket = try connect("events")
        try socket.send("{\"subscribe\":\(options)}\n")
        let answer = try #require(try socket.json()["subscribed"], "the answer to \(options)")
        return (socket, answer)
    }

    /// Tries to subscribe, which must be refused, and the connection closed.
    ///
    /// - Returns: the error's code.
    func refusal(_ options: String) throws -> String? {
        let socket = try connect("events")
        try socket.send("{\"subscribe\":\(options)}\n")
        let lines = try socket.linesToEnd()
        #expect(lines.count == 1, "\(options): \(lines)")
        let error = try JSONValue(parsing: lines.first ?? "null")["error"]
        #expect(error?["message"]?.string?.isEmpty == false)
        return error?["code"]?.string
    }

    /// What `subscribers.list` says of a name; `nil` if it is not there.
    func subscriber(_ name: String) throws -> JSONValue? {
        try result("subscribers.list")["subscribers"]?.array?.first { $0["name"]?.string == name }
    }

    /// Waits until the cursor of a name is there, which is durable then.
    func waitUntilAcked(_ name: String, _ seq: Int64) throws {
        _ = try eventually("the ack of \(seq)") { try subscriber(name)?["acked"]?.integer == seq ? true : nil }
    }

    /// The newest and the oldest event, as `status` says.
    func range() throws -> (oldest: Int64, head: Int64) {
        let events = try result("status")["events"]
        return (try #require(events?["oldest"]?.integer), try #require(events?["head"]?.integer))
    }

    /// Waits until `status` says that something is wrong.
    ///
    /// - Returns: what.
    @discardableResult
    func waitUntilDegraded() throws -> String {
        try eventually("a degraded health") {
            let health = try result("status")["health"]
            guard health?["state"]?.string == "degraded" else { return nil }
            let reasons = try #require(health?["reasons"]?.array).compactMap(\.string)
            #expect(reasons.count == 1 && reasons.allSatisfy { !$0.isEmpty }, "\(reasons)")
            return reasons.joined()
        }
    }

    func waitUntilWell() throws {
        _ = try eventually("a good health") {
            let health = try result("status")["health"]
            return health?["state"]?.string == "ok" && health?["reasons"]?.array == [] ? true : nil
        }
    }

    /// Lines of its log that say that something is wrong.
    func complaints() throws -> [String] {
        let log = try String(contentsOfFile: "\(directory)/log", encoding: .utf8)
        return log.split(separator: "\n").map(String.init).filter { $0.contains(" error ") || $0.contains(" critical ") }
    }

    /// Calls a method of `control.sock` on a connection of its own.
    ///
    /// - Returns: the whole response.
    func call(_ method: String, _ params: String = "{}") throws -> JSONValue {
        try explained {
            let socket = try connect("control")
            try socket.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\",\"params\":\(params)}\n")
            return try socket.json()
        }
    }

    /// Calls a method that must succeed.
    @discardableResult
    func result(_ method: String, _ params: String = "{}") throws -> JSONValue {
        let response = try call(method, params)
        return try #require(response["result"], "\(method): \(response.text)")
    }

    /// Puts subjects of one kind into the register.
    func put(_ ids: [String], kind: String = "toll", latitude: Double = 0, longitude: Double = 0) throws {
        let subjects = ids.map { "{\"id\":\"\($0)\",\"kind\":\"\(kind)\",\"lat\":\(latitude),\"lon\":\(longitude)}" }
        try result("subjects.put", "{\"subjects\":[\(subjects.joined(separator: ","))]}")
    }

    /// Sends lines on a new connection, closes its sending side and reads the answers to the end.
    @discardableResult
    func ingest(_ lines: [String]) throws -> [Answer] {
        try explained {
            let socket = try connect("ingest")
            try socket.send(lines.map { $0 + "\n" }.joined())
            socket.endOutput()
            return try socket.linesToEnd().map(Answer.init)
        }
    }

    /// All events of the log after `after`, in their order.
    func events(after: Int64 = 0) throws -> [Event] { try eventLines(after: after).map(Event.init) }

    func eventLines(after: Int64 = 0) throws -> [String] {
        try explained {
            let (socket, answer) = try subscribe("{\"after\":\(after)}")
            let head = try #require(answer["head"]?.integer)
            return try (0..<(head - after)).map { _ in try socket.nextLine() }
        }
    }

    /// How many fixes had this fate.
    func fixes(_ fate: String) throws -> Int64 { try #require(try result("status")["fixes"]?[fate]?.integer) }
}

/// A user's fix as a line. Times are far in the past, where a clock plays no part.
func fix(_ user: String, _ latitude: Double, _ longitude: Double = 0, _ time: Int64, _ more: String = "") -> String {
    "{\"user\":\"\(user)\",\"lat\":\(latitude),\"lon\":\(longitude),\"ts\":\(noon + time)\(more)}"
}

/// 2024-01-01 12:00 UTC.
let noon: Int64 = 1_704_110_400_000

/// Degrees of latitude, and of longitude at the equator, that are well within 500 m of 0° and well beyond them.
let near = 0.001
let far = 1.0
