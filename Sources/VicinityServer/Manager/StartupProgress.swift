internal import CLinux
import Logging
import Synchronization
import VicinityStore
import VicinitySystem

/// Tells the manager and the log how far the start has come, and has the manager wait for one that is long.
final class StartupProgress: Sendable {
    /// Milliseconds before the first word in the log of what is counted, and between two.
    private static let patience: Int64 = 2000
    /// How long the manager is to wait from then on each time that it is asked: `TimeoutStartSec=` of the unit.
    static let request: Duration = .seconds(30)

    private let work: LongWork
    private let logger: Logger
    /// Bytes of the log that is there.
    private let size: Int64
    /// When something was last logged, in monotonic milliseconds.
    private let told: Mutex<Int64>
    private let started: Int64

    /// - Parameter size: of the log that is there, in bytes.
    init(notifier: Notifier, logger: Logger, size: Int64) {
        self.logger = logger
        self.size = size
        started = vicinity_monotonic_milliseconds()
        told = Mutex(started)
        notifier.status("starting: opening the log")
        work = LongWork("starting: opening the log", Patience.reading(bytes: size), request: Self.request, notifier: notifier)
    }

    /// The store is being opened.
    func opening(_ step: OpeningStep) {
        // A check of a large log is one call that cannot be asked how far it is, so this is said before it.
        let message: JournalMessage
        switch step {
        case .checkingFile(let bytes): message = .checkingLog(bytes: bytes)
        case .checkingState:
            work.begin("starting: checking the state", Patience.reading(bytes: size))
            return
        case .beginning: message = .logBegun
        case .migrating(let from, let to): message = .migratingLog(from: from, to: to)
        case .ready:
            work.begin("starting: restoring the state", .counted)
            return
        }
        work.begin("starting: \(message.text)", Patience.reading(bytes: size))
        logger.report(message)
    }

    /// So many pieces of the state have been read.
    func restored(_ pieces: Int) {
        work.counted(UInt64(pieces), "starting: restoring the state, \(pieces) pieces read")
        let now = vicinity_monotonic_milliseconds()
        let isDue = told.withLock { told in
            guard now >= told + Self.patience else { return false }
            told = now
            return true
        }
        guard isDue else { return }
        logger.report(.restoringState(pieces: pieces, seconds: (now - started) / 1000))
    }

    /// The state is back.
    func end() { work.end() }
}
