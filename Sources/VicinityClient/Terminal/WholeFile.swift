internal import Glibc

/// A file that is replaced whole.
package enum WholeFile {
    /// Replaces a file: who reads it sees the old text or the new one.
    ///
    /// - Parameter mode: who may read it, whatever the process would give away by itself.
    package static func write(_ text: String, to path: String, mode: UInt32 = 0o644) throws(ClientFault) {
        let draft = path + ".\(getpid()).new"
        // A signal in the middle would leave the draft behind. It waits, for this is short.
        var (signals, former) = (sigset_t([SIGINT, SIGTERM, SIGHUP]), sigset_t())
        pthread_sigmask(SIG_BLOCK, &signals, &former)
        defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
        // What a run that was killed has left; and nobody's link is followed.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
        guard descriptor >= 0, fchmod(descriptor, mode_t(mode)) == 0 else { throw .refused("cannot write \(draft): \(errorText(errno))") }
        let isWritten = writeAll(Array(text.utf8)[...], to: descriptor)
        let code = errno
        _ = close(descriptor)
        guard isWritten, rename(draft, path) == 0 else {
            let why = errorText(isWritten ? errno : code)
            unlink(draft)
            throw .refused("cannot write \(path): \(why)")
        }
    }
}
