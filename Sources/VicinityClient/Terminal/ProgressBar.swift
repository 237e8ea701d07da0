// A line on the terminal that is drawn over itself. What it looks like is a function; when it is drawn is decided here too, from a clock
// that is passed in.

package struct ProgressBar {
    private let console: Console
    private let label: String
    private let unit: String
    private let start: Int64
    private var lastDrawn: Int64?

    /// Milliseconds between two drawings.
    private static let interval: Int64 = 100

    /// - Parameters:
    ///   - unit: what is counted, in the plural.
    ///   - now: milliseconds of any clock that does not step, the same in ``update(done:of:count:now:)``.
    package init(_ label: String, counting unit: String, on console: Console, now: Int64) {
        self.console = console
        self.label = label
        self.unit = unit
        start = now
    }

    /// Draws if standard error is a terminal and the last drawing is a while ago.
    package mutating func update(done: Int64, of total: Int64?, count: Int64, now: Int64) {
        guard let width = console.width, now - (lastDrawn ?? start) >= Self.interval else { return }
        lastDrawn = now
        let text = Self.text(label: label, done: done, of: total, count: count, unit: unit, elapsed: now - start, width: width)
        console.draw("\r\(text)\u{1B}[K")
    }

    /// Takes the line away, if there is one.
    package mutating func clear() {
        guard lastDrawn != nil else { return }
        lastDrawn = nil
        console.draw("\r\u{1B}[K")
    }

    /// The line, at most `width` − 1 characters.
    ///
    /// - Parameters:
    ///   - done: of `total`, in any unit (bytes); without a total there is no bar.
    ///   - elapsed: milliseconds.
    static func text(
        label: String, done: Int64, of total: Int64?, count: Int64, unit: String, elapsed: Int64, width: Int
    ) -> String {
        let rate = elapsed > 0 ? count * 1000 / elapsed : 0
        var tail = "\(grouped(count)) \(unit)  \(grouped(rate))/s"
        guard let total, total > 0 else { return String("\(label)  \(tail)".prefix(max(0, width - 1))) }
        let share = min(1, Double(done) / Double(total))
        if share > 0, elapsed > 1000 {
            let left = Int64(Double(elapsed) * (1 - share) / share) / 1000
            tail += "  \(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left"
        }
        let percent = "\(Int(share * 100))%"
        let room = width - 1 - label.count - percent.count - tail.count - 8
        guard room >= 5 else { return String("\(label)  \(percent)  \(tail)".prefix(max(0, width - 1))) }
        let bars = min(room, 40)
        let filled = Int(share * Double(bars))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: bars - filled)
        return "\(label)  [\(bar)]  \(percent)  \(tail)"
    }
}
