import CLinux
import Glibc
package import Logging
import Synchronization

/// Where log lines go: a descriptor, how a line is made for it, and the lowest level that is written.
///
/// Shared by all handlers of the program, so that a reload changes the level of every logger at once. A line is one write(2), so lines of
/// several threads do not mix and nothing is held back in a buffer.
package final class LogOutput: Sendable {
    package enum Style: Sendable, Equatable {
        /// For journald, which adds the time itself: `<6>message key=value`.
        case journal
        /// For a person: `2026-11-22T10:00:00.123Z info message key=value`.
        case plain
    }

    package let style: Style
    private let descriptor: CInt
    private let now: @Sendable () -> Int64
    private let threshold: Mutex<Logger.Level>

    /// - Parameters:
    ///   - descriptor: stays open as long as the program.
    ///   - now: Unix milliseconds.
    package init(
        style: Style, descriptor: CInt = STDERR_FILENO, level: Logger.Level = .info,
        now: @escaping @Sendable () -> Int64 = { vicinity_unix_milliseconds() }
    ) {
        self.style = style
        self.descriptor = descriptor
        self.now = now
        threshold = Mutex(level)
    }

    /// The output for standard error: the journal's style if systemd says that it is the journal.
    package convenience init(standardErrorIn environment: [String: String], level: Logger.Level = .info) {
        let isJournal = environment["JOURNAL_STREAM"].map { Self.isStream($0, STDERR_FILENO) } ?? false
        self.init(style: isJournal ? .journal : .plain, level: level)
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

    func write(level: Logger.Level, message: String, metadata: Logger.Metadata) {
        let line = LogLine(level: level, message: message, metadata: metadata)
        let text =
            switch style {
            case .journal: line.journal
            case .plain: line.plain(at: now())
            }
        let bytes = Array("\(text)\n".utf8)
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
