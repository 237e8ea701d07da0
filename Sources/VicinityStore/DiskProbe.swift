// Whether the disk below the log still does anything.
//
// With `durability: process` a commit is done when the system has taken it, which a disk that is dead does not hinder for a while; and a daemon
// without anything to do writes nothing. So now and then a small write is made for its own sake: the head file's record as it stands. The system
// takes it on the thread that makes commits (`touch`), where a file system that is frozen holds it up as it would a commit; what must reach the
// device (`settle`) is waited for elsewhere, so that no commit waits for it.

import Glibc

/// A place on the disk of the log that can be written for the sake of writing.
package protocol DiskProbe: Sendable {
    /// Has the system take a small write. Called by the thread that makes commits.
    ///
    /// - Returns: 0, or the `errno` of what went wrong.
    func touch() -> CInt

    /// Waits until the device has what ``touch()`` wrote. Called by one thread at a time, never by the one that makes commits.
    ///
    /// - Returns: 0, or the `errno` of what went wrong.
    func settle() -> CInt
}

extension SQLiteStore: DiskProbe {
    package func touch() -> CInt { announce(head) }

    package func settle() -> CInt { headFile.sync() }
}
