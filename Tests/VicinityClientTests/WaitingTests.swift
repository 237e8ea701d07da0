// How long somebody waits for the daemon, and what is shown meanwhile.

import Testing

@testable import VicinityClient

@Suite("Waiting for the daemon")
struct WaitingTests {
    /// Waits with a clock that goes on by what was waited.
    private func wait(patience: Int32, readyAt ready: Int64) -> (isReady: Bool, waits: [Int32]) {
        var now: Int64 = 5000
        var waits: [Int32] = []
        var waiting = Waiting(for: "log.prune", on: Console(output: -1, errors: -1), now: now)
        func isReady(within milliseconds: Int32) -> Bool {
            waits.append(milliseconds)
            let end = now + Int64(milliseconds)
            now = min(end, max(now, 5000 + ready))
            return 5000 + ready <= end
        }
        let isThere = waiting.wait(patience: patience, clock: { now }, until: isReady)
        waiting.end()
        return (isThere, waits)
    }

    @Test("It ends when the answer is there, or patience is not, and looks once a second")
    func waits() {
        #expect(wait(patience: 60_000, readyAt: 400) == (true, [1000]))
        #expect(wait(patience: 60_000, readyAt: 2500) == (true, [1000, 1000, 1000]))
        #expect(wait(patience: 2500, readyAt: 9000) == (false, [1000, 1000, 500, 0]))
        #expect(wait(patience: 500, readyAt: 9000) == (false, [500, 0]))
    }

    @Test("It says what is waited for, and no more than the terminal is wide")
    func text() {
        #expect(Waiting.text("log.prune", elapsed: 3999, width: 80) == "log.prune: waiting for the daemon, 3 s  (Ctrl-C: wait no longer)")
        #expect(Waiting.text("log.prune", elapsed: 3999, width: 12) == "log.prune: ")
        #expect(Waiting.text("log.prune", elapsed: 3999, width: 0) == "")
    }
}
