import Foundation
import Testing

/// A terminal with a shell in it: a session of tmux on a server of its own, which goes with this object.
final class TopTerminal: Sendable {
    /// How long anything may take before a test gives up. Nothing waits for so long where all is well.
    private static let patience = Duration.seconds(10)

    private let directory: String

    /// The program that was built beside this test bundle.
    static func program() throws -> String {
        let path = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("vicinityctl").path
        try #require(access(path, X_OK) == 0, "there is no \(path): run `swift build` first")
        return path
    }

    /// - Parameter directory: for the shell, and for the server's socket.
    init(in directory: String) throws {
        self.directory = directory
        // Without a line of its own from the beginning, so that the window never changes its size by itself.
        let session = ["new-session", "-d", "-x", "80", "-y", "24", "-c", directory, "sh"]
        try tmux(["start-server", ";", "set", "-g", "status", "off", ";"] + session)
        try wait("the shell's prompt") { $0.hasPrefix("ready>") }
    }

    deinit { _ = try? tmux(["kill-server"]) }

    /// What is to be seen now, without spaces at the ends of lines.
    func screen() throws -> String { try tmux(["capture-pane", "-p"]) }

    /// - Parameter keys: as tmux names them.
    func press(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

    /// Types a line into the shell.
    func enter(_ line: String) throws {
        try tmux(["send-keys", "-l", line])
        try press("Enter")
    }

    func resize(columns: Int, rows: Int) throws { try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"]) }

    /// Whether the second screen is on, the cursor is shown, and full lines go on in the next: "1 0 0".
    func modes() throws -> String {
        try tmux(["display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}"]).trimmingCharacters(in: .newlines)
    }

    /// The process of this name that was started in the terminal.
    func process(_ name: String) throws -> pid_t {
        var found: pid_t?
        try wait("the process \(name)") { _ in
            let shell = try tmux(["display-message", "-p", "#{pane_pid}"]).trimmingCharacters(in: .newlines)
            found = try Self.descendants(of: shell).first { try Self.text("/proc/\($0)/comm").hasPrefix(name) }
            return found != nil
        }
        return try #require(found)
    }

    private static func descendants(of process: String) throws -> [pid_t] {
        let children = try text("/proc/\(process)/task/\(process)/children").split(separator: " ").compactMap { pid_t($0) }
        return try children + children.flatMap { try descendants(of: "\($0)") }
    }

    private static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Looks until the screen is as expected.
    func wait(
        _ what: String, _ location: SourceLocation = #_sourceLocation, until isThere: (String) throws -> Bool
    ) throws {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if try isThere(screen()) { return }
            usleep(20_000)
        }
        Issue.record("\(what): not within \(Self.patience). The screen is:\n\(try screen())", sourceLocation: location)
        throw CancellationError()
    }

    func wait(for text: String, _ location: SourceLocation = #_sourceLocation) throws {
        try wait("\"\(text)\" on the screen", location) { $0.contains(text) }
    }

    /// Runs tmux, whose server stays: an output that is a pipe would not end before it, nor would Foundation's `Process`.
    ///
    /// - Returns: what it says on standard output.
    @discardableResult
    private func tmux(_ arguments: [String]) throws -> String {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, file) in [(STDOUT_FILENO, "out"), (STDERR_FILENO, "err")] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "\(directory)/tmux-\(file)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        // A thread that runs tests may hold signals back, and what it starts inherits that; a server without SIGCHLD never ends.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let line = ["tmux", "-u", "-S", "\(directory)/tmux", "-f", "/dev/null"] + arguments
        // No setting of who runs the test changes what is seen.
        let environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "PS1=ready> ", "SHELL=/bin/sh"]
        var words = line.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, "tmux", &actions, &attributes, &words, &variables)
        try #require(code == 0, "tmux is missing; run: scripts/install-dependencies test")
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let complaint = try Self.text("\(directory)/tmux-err")
        try #require(status == 0, "tmux \(arguments): \(complaint)")
        return try Self.text("\(directory)/tmux-out")
    }
}
