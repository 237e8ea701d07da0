// A line on the terminal for somebody who waits for the daemon longer than a second.

package struct Waiting {
    /// Milliseconds after which it is said that there is something to wait for, and after which it is said anew.
    private static let interval: Int64 = 1000

    private let label: String
    private let console: Console
    private let began: Int64
    private var isShown = false

    /// - Parameters:
    ///   - label: what is waited for.
    ///   - now: milliseconds of any clock that does not step, as in ``wait(patience:clock:until:)``.
    package init(for label: String, on console: Console, now: Int64) {
        self.label = label
        self.console = console
        began = now
    }

    /// Waits until `isReady` says so, and shows for how long.
    ///
    /// - Parameters:
    ///   - patience: milliseconds.
    ///   - isReady: waits so many milliseconds at the most.
    /// - Returns: false if patience is at its end.
    package mutating func wait(patience: Int32, clock: () -> Int64, until isReady: (Int32) -> Bool) -> Bool {
        let deadline = clock() + Int64(patience)
        while true {
            let now = clock()
            guard now < deadline else { return isReady(0) }
            let elapsed = now - began
            if elapsed >= Self.interval {
                isShown = isShown || console.width != nil
                if let width = console.width { console.draw("\r\(Self.text(label, elapsed: elapsed, width: width))\u{1B}[K") }
            }
            if isReady(Int32(min(Self.interval - elapsed % Self.interval, deadline - now))) { return true }
        }
    }

    /// Takes the line away, if there is one.
    package mutating func end() {
        if isShown { console.draw("\r\u{1B}[K") }
        isShown = false
    }

    /// The line, at most `width` − 1 characters.
    static func text(_ label: String, elapsed: Int64, width: Int) -> String {
        String("\(label): waiting for the daemon, \(elapsed / 1000) s  (Ctrl-C: wait no longer)".prefix(max(0, width - 1)))
    }
}
