import CLinux

/// What malloc holds and nobody uses. It keeps that for whoever asks next, in between what is in use, so that a crowd that has gone leaves the process as
/// large as it was.
package enum FreeMemory {
    /// In bytes, whether they take memory or not.
    package static var bytes: Int { vicinity_malloc_free_bytes() }

    /// Gives it back to the system, page by page. Whoever allocates meanwhile may wait, some 0.2 ms for each MiB (measured: 42 ms for 220 MiB).
    package static func giveBack() { vicinity_malloc_trim() }
}

/// When it is worth its while to give free memory back. The decision, without the memory.
package struct FreeMemoryWatch {
    /// So much more than what is known to have been given back: less is what commits take and leave again and again.
    package static let worthwhile = 32 << 20

    /// How often to look: work that comes and goes in between needs its memory again.
    package static let interval = Duration.seconds(10)

    /// Bytes that are free and take no memory, as far as is known: malloc does not say.
    private var returned = 0

    package init() {}

    /// - Parameter free: ``FreeMemory/bytes`` now.
    /// - Returns: whether to give it back now; it then counts as done.
    package mutating func isDue(free: Int) -> Bool {
        // What was given back and is no longer free was taken again.
        returned = min(returned, free)
        guard free - returned >= Self.worthwhile else { return false }
        returned = free
        return true
    }
}
