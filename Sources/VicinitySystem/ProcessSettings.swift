import CLinux
import Glibc

/// What a process sets for itself, once, when it starts.
package enum ProcessSettings {
    /// Makes a write to a closed pipe or socket an error instead of the end of the process.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    /// Makes that no core dump is left of the process, and that no other process of its user reads its memory: that holds where everybody is.
    ///
    /// - Returns: whether the system obliged.
    package static func forbidCoreDumps() -> Bool { vicinity_forbid_core_dumps() == 0 }

    /// Allows as many open files as the machine lets us have without asking.
    ///
    /// - Returns: the limit now in force; nil if it could not be changed.
    @discardableResult
    package static func raiseOpenFileLimit() -> Int64? {
        let limit = vicinity_raise_open_file_limit()
        return limit >= 0 ? limit : nil
    }
}
