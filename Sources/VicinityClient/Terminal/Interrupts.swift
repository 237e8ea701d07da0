// SIGINT and SIGTERM as something to poll for. A thread of its own waits for them and closes a pipe: no handler, no global.

internal import Glibc

package final class Interrupts: Sendable {
    /// Becomes readable (at its end) once a signal has come.
    package let descriptor: CInt

    /// Takes both signals over for the whole process. To be called before there are other threads.
    package init() {
        var ends: [CInt] = [-1, -1]
        _ = pipe(&ends)
        descriptor = ends[0]
        let writeEnd = ends[1]
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        // The context is one integer; the thread lives until a signal or the end of the process.
        let context = UnsafeMutableRawPointer(bitPattern: Int(writeEnd) + 1)
        pthread_create(
            &thread, nil,
            { context in
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, SIGINT)
                sigaddset(&signals, SIGTERM)
                var signal: CInt = 0
                sigwait(&signals, &signal)
                close(CInt(Int(bitPattern: context) - 1))
                // A second one ends the process at once, as if we had not been here.
                pthread_sigmask(SIG_UNBLOCK, &signals, nil)
                return nil
            }, context)
        pthread_detach(thread)
    }

    package var hasCome: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }
}
