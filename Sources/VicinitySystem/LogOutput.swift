import CLinux
import Glibc
package import Logging
import Synchronization

/// Where messages go: how each is written, the lowest level that is, and what is held back because it was said already.
///
/// Shared by all handlers of the program, so that a reload changes the level of every logger at once. A message is one write(2) or one
/// datagram, so messages of several threads do not mix and nothing is held back in a buffer.
package final class LogOutput: Sendable {
    package enum Style: Sendable, Equatable {
        /// For journald, which adds the time itself: with fields through its socket; where that is not to be had, as a line
        /// `<6>message key=value` on the descriptor.
        case journal
        /// For a person: `2026-11-22T10:00:00.123Z info message key=value`.
        case plain
    }

    /// What the messages are called by in the journal.
    static let identifier = "vicinityd"
    /// How long a message may wait for a journal that does not read, in milliseconds. The next ones do not wait at all until one was taken, so that a
    /// journal that hangs costs no thread of ours more than this.
    static let patience: Int32 = 100

    private struct State: ~Copyable {
        /// `nil` where lines go to the descriptor.
        var journal: JournalSocket?
        var repeated = RepeatedTrouble<LogEntry>()
        /// Messages that the journal did not take since the last that it took.
        var lost = 0

        init(_ journal: consuming JournalSocket?) { self.journal = journal }

        var patience: Int32 { lost > 0 ? 0 : LogOutput.patience }
    }

    package let style: Style
    private let descriptor: CInt
    private let now: @Sendable () -> Int64
    private let steady: @Sendable () -> Int64
    private let threshold: Mutex<Logger.Level>
    private let state: Mutex<State>

    /// - Parameters:
    ///   - descriptor: stays open as long as the program.
    ///   - journal: the path of the journal's socket for messages with fields; `nil` for none.
    ///   - now: Unix milliseconds.
    ///   - steady: monotonic milliseconds.
    package init(
        style: Style, descriptor: CInt = STDERR_FILENO, journal: String? = nil, level: Logger.Level = .info,
        now: @escaping @Sendable () -> Int64 = { vicinity_unix_milliseconds() },
        steady: @escaping @Sendable () -> Int64 = { vicinity_monotonic_milliseconds() }
    ) {
        self.style = style
        self.descriptor = descriptor
        self.now = now
        self.steady = steady
        threshold = Mutex(level)
        state = Mutex(State(journal.map { JournalSocket(path: $0) }))
    }

    /// The output for standard error: the journal's style if systemd says that it is the journal.
    package convenience init(standardErrorIn environment: [String: String], level: Logger.Level = .info) {
        let isJournal = environment["JOURNAL_STREAM"].map { Self.isStream($0, STDERR_FILENO) } ?? false
        self.init(style: isJournal ? .journal : .plain, journal: isJournal ? "/run/systemd/journal/socket" : nil, level: level)
    }

    /// The lowest level that is written by handlers that were given none of their own.
    package var level: Logger.Level {
        get { threshold.withLock { $0 } }
        set { threshold.withLock { $0 = newValue } }
    }

    /// Whether `stream`, `device:inode` as in `$JOURNAL_STREAM`, is what `descriptor` is open on. The variable alone says nothing: it is
    /// inherited, and standard error may have been redirected since.
    static func isStream(_ stream: String, _ descriptor: CInt) -> Bool {
        var device: UInt64 = 0
        var inode: UInt64 = 0
        guard vicinity_file_identity(descriptor, &device, &inode) == 0 else { return false }
        return stream == "\(device):\(inode)"
    }

    // MARK: - Messages

    func write(_ entry: LogEntry) {
        state.withLock { state in
            let time = steady()
            for summary in state.repeated.due(now: time) { deliver(Self.entry(summary), &state) }
            if let id = entry.id, let trouble = entry.trouble, !state.repeated.admits(entry, id, trouble, now: time) { return }
            deliver(entry, &state)
        }
    }

    /// Writes the sums that are due of what came again and again; to be called now and then, for nobody else looks at the clock.
    package func sumUp() {
        state.withLock { state in
            for summary in state.repeated.due(now: steady()) { deliver(Self.entry(summary), &state) }
        }
    }

    /// Writes all sums, and waits until the journal has what it was sent; before the process ends.
    package func finish() {
        state.withLock { state in
            for summary in state.repeated.all(now: steady()) { deliver(Self.entry(summary), &state) }
            state.journal?.settle(waiting: 5 * Self.patience)
        }
    }

    private static func entry(_ summary: RepeatedTrouble<LogEntry>.Summary) -> LogEntry {
        var entry = summary.last
        let alike = summary.key.trouble == nil ? "of its kind" : "like it"
        entry.note(
            "\(summary.count) more \(alike) in \((summary.span + 999) / 1000) s", LogEntry.Field(key: "repeated", value: "\(summary.count)")
        )
        return entry
    }

    // MARK: - Writing

    private func deliver(_ entry: LogEntry, _ state: inout State) {
        switch style {
        case .plain: write(LogLine(entry: entry).plain(at: now()))
        case .journal:
            var entry = entry
            if state.lost > 0 {
                entry.note(
                    "before it \(state.lost) messages were lost, which the journal did not take",
                    LogEntry.Field(key: "lost", value: "\(state.lost)"))
            }
            if tell(entry, &state) { state.lost = 0 } else { state.lost += 1 }
        }
    }

    /// - Returns: whether the journal took it.
    private func tell(_ entry: LogEntry, _ state: inout State) -> Bool {
        let datagram = JournalDatagram(entry, identifier: Self.identifier)
        let patience = state.patience
        switch state.journal?.send(datagram.bytes, waiting: patience) ?? .absent {
        case .taken: return true
        case .full: return false
        case .absent:
            // A stream has room for more than a line when it says that it has any.
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wait, 1, patience) > 0 else { return false }
            write(LogLine(entry: entry).journal)
            return true
        }
    }

    private func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written) }
            if count < 0, errno == EINTR { continue }
            // Nobody is left to be told that the log cannot be written.
            guard count > 0 else { return }
            written += count
        }
    }
}
