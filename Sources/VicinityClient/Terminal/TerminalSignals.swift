// The signals that a program on the whole screen must know of, as bytes to poll for. As in Interrupts.swift a thread waits for them: no
// handler, no global.

internal import Glibc

final class TerminalSignals: Sendable {
    /// Readable when ``take()`` has something.
    let descriptor: CInt

    /// Takes SIGINT, SIGTERM, SIGHUP and SIGWINCH over for the whole process. To be called before there are other threads.
    init() {
        var ends: [CInt] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        descriptor = ends[0]
        let writeEnd = ends[1]
        var signals = Self.all()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        // The context is one integer; the thread lives until a signal that ends, or the end of the process.
        let context = UnsafeMutableRawPointer(bitPattern: Int(writeEnd) + 1)
        pthread_create(
            &thread, nil,
            { context in
                let writeEnd = CInt(Int(bitPattern: context) - 1)
                var signals = TerminalSignals.all()
                var signal: CInt = 0
                repeat {
                    sigwait(&signals, &signal)
                    // A full pipe holds hundreds of signals that nobody has looked at: one more says nothing new.
                    var byte = UInt8(truncatingIfNeeded: signal)
                    _ = write(writeEnd, &byte, 1)
                } while signal == SIGWINCH
                // Should the terminal hold us up, a second one ends the process at once, as if we had not been here.
                pthread_sigmask(SIG_UNBLOCK, &signals, nil)
                return nil
            }, context)
        pthread_detach(thread)
    }

    /// - Returns: whether one of those that have come since the last call ends the program.
    func take() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        var ends = false
        while case let count = read(descriptor, &bytes, bytes.count), count > 0 {
            if bytes[..<count].contains(where: { CInt($0) != SIGWINCH }) { ends = true }
        }
        return ends
    }

    private static func all() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGWINCH] { sigaddset(&signals, signal) }
        return signals
    }
}
