// A line on the terminal that is drawn over itself. What it looks like is a function; when it is drawn is decided here too, from a clock
// that is passed in.

package struct ProgressBar {
    private let console: Console
    private let label: String
    private let unit: String
    private let start: Int64
    private var nextDrawing: Int64
    private var isShown = false

    /// Milliseconds before the first drawing: what is done by then needs no line.
    package static let patience: Int64 = 1_000
    /// Milliseconds between two drawings.
    private static let interval: Int64 = 100

    /// - Parameters:
    ///   - unit: what is counted, in the plural.
    ///   - now: milliseconds of any clock that does not step, the same in ``update(done:of:count:now:)``.
    ///   - patience: milliseconds before the first drawing; less where it is a part of something that has gone on for a while.
    package init(_ label: String, counting unit: String, on console: Console, now: Int64, patience: Int64 = patience) {
        self.console = console
        self.label = label
        self.unit = unit
        start = now
        nextDrawing = now + patience
    }

    /// Draws if standard error is a terminal and the last drawing is a while ago.
    package mutating func update(done: Int64, of total: Int64?, count: Int64, now: Int64) {
        guard let width = console.width, now >= nextDrawing else { return }
        nextDrawing = now + Self.interval
        isShown = true
        let text = Self.text(label: label, done: done, of: total, count: count, unit: unit, elapsed: now - start, width: width)
        console.draw("\r\(text)\u{1B}[K")
    }

    /// Takes the line away, if there is one: before anything else is said, and in the end.
    package mutating func clear() {
        guard isShown else { return }
        isShown = false
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
