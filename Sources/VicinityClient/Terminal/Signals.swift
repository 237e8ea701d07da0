// Signals as something to poll for. A thread of its own waits for them and says so through a pipe, one byte for each, and its end after one that
// ends the program: no handler, no global.

internal import Glibc

package final class Signals: Sendable {
    /// Readable when ``mustEnd()`` has something to say; for ever once it has said yes.
    package let descriptor: CInt

    /// For programs that have something to put in order, or to say, before they end: SIGINT and SIGTERM end them.
    package static func interrupts() -> Signals { Signals(ending: [SIGINT, SIGTERM]) }

    /// For a program on the whole screen, which ends with its terminal too, and must know of the screen's size.
    static func ofTheScreen() -> Signals { Signals(ending: [SIGINT, SIGTERM, SIGHUP], telling: [SIGWINCH]) }

    /// For tests: the end of what the descriptor brings is a signal that ends the program.
    init(descriptor: CInt) { self.descriptor = descriptor }

    /// Takes the signals over for the whole process. To be called before there are other threads.
    ///
    /// - Parameters:
    ///   - ending: end the program. A second one ends the process at once, as if we had not been here.
    ///   - telling: only make ``descriptor`` readable.
    private init(ending: [CInt], telling: [CInt] = []) {
        var ends: [CInt] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        descriptor = ends[0]
        let watch = Watch(ending: ending, signals: sigset_t(ending + telling), output: ends[1])
        var signals = watch.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        // The thread lives until a signal that ends, or the end of the process.
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(watch).toOpaque())
        pthread_detach(thread)
    }

    /// Whether a signal that ends the program has come; takes note of the others.
    package func mustEnd() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            if count == 0 { return true }
            if count < 0 { return false }
        }
    }
}

/// What the thread does.
private final class Watch: Sendable {
    let ending: [CInt]
    let signals: sigset_t
    let output: CInt

    init(ending: [CInt], signals: sigset_t, output: CInt) {
        self.ending = ending
        self.signals = signals
        self.output = output
    }

    func run() {
        var signals = signals
        var signal: CInt = 0
        while true {
            sigwait(&signals, &signal)
            if ending.contains(signal) { break }
            // A full pipe holds thousands of signals that nobody has looked at: one more says nothing new.
            var byte: UInt8 = 0
            _ = write(output, &byte, 1)
        }
        close(output)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}

extension sigset_t {
    init(_ signals: [CInt]) {
        self.init()
        sigemptyset(&self)
        for signal in signals { sigaddset(&self, signal) }
    }
}
