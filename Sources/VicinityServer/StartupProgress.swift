internal import CLinux
import Logging
import Synchronization
import VicinityStore
import VicinitySystem

/// Tells the manager and the log how far the start has come, once it takes longer than two seconds.
final class StartupProgress: Sendable {
    /// Milliseconds before the first word, and between two.
    private static let patience: Int64 = 2000

    private let notifier: Notifier
    private let logger: Logger
    /// When something was last told, in monotonic milliseconds.
    private let told: Mutex<Int64>
    private let started: Int64

    init(notifier: Notifier, logger: Logger) {
        self.notifier = notifier
        self.logger = logger
        started = vicinity_monotonic_milliseconds()
        told = Mutex(started)
    }

    /// The store is being opened.
    func opening(_ step: OpeningStep) {
        // A check of a large log is one call that cannot be asked how far it is, so this is said before it.
        let message: JournalMessage
        switch step {
        case .checkingFile(let bytes): message = .checkingLog(bytes: bytes)
        case .checkingState:
            notifier.status("starting: checking the state")
            return
        case .migrating(let from, let to): message = .migratingLog(from: from, to: to)
        case .ready: return
        }
        notifier.status("starting: \(message.text)")
        logger.report(message)
    }

    /// So many pieces of the state have been read.
    func restored(_ pieces: Int) {
        let now = vicinity_monotonic_milliseconds()
        let isDue = told.withLock { told in
            guard now >= told + Self.patience else { return false }
            told = now
            return true
        }
        guard isDue else { return }
        notifier.status("starting: restoring the state, \(pieces) pieces read")
        logger.report(.restoringState(pieces: pieces, seconds: (now - started) / 1000))
    }

    /// The state is back.
    func end() { notifier.status("starting: opening the sockets") }
}
