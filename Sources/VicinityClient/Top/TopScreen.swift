// What `vicinityctl top` shows, as lines. No terminal is known here.
//
//     vicinityd 0.1.0, pid 4711, up 2 h 14 min            2024-11-22 15:40:00, every 1 s
//     health    ok
//     …
//     LATENCY          p50       p99         /s   QUEUES          waits    limit
//     commit        1.2 ms    4.8 ms        101   inbox         181 KiB  8.0 MiB  #.......
//     …
//     REJECTED                 total         /s
//     …
//     > GATEWAYS 1-8 of 120                       SUBSCRIBERS 1-8 of 12
//     …
//      q quit  ? help …
//
// What is on top is never left out: a low window has short tables, a lower one none.

package struct TopScreen {
    /// Columns and rows of a terminal.
    package struct Size: Equatable, Sendable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) {
            self.columns = columns
            self.rows = rows
        }
    }

    /// Why the numbers are not those of now.
    package enum Trouble: Equatable, Sendable {
        /// For so many milliseconds; it is tried again.
        case away(Int64, ClientFault)
        /// Connected, but without an answer for so many milliseconds.
        case silent(Int64)
    }

    /// What it is laid out for, at least; a smaller window shows the corner at the top left.
    package static let smallest = Size(columns: 80, rows: 24)
    /// Wider than this the eye loses the line.
    private static let widest = 160
    /// What stands between the left half and the right half.
    private static let gap = 3

    let model: TopModel
    let view: TopView
    let trouble: Trouble?
    /// `nil` is no terminal: every row of every table is shown, and no key is named.
    let size: Size?
    /// Between two readings, in milliseconds.
    let interval: Int64
    let printer: EventPrinter

    /// - Parameters:
    ///   - size: of the terminal; `nil` if there is none, for which every row of every table is shown, and no key is named.
    ///   - interval: between two readings, in milliseconds.
    ///   - printer: knows what local time is.
    package init(
        _ model: TopModel, view: TopView = TopView(), trouble: Trouble? = nil, size: Size?, interval: Int64,
        printer: EventPrinter = EventPrinter { Clock.localOffset(at: $0) }
    ) {
        self.model = model
        self.view = view
        self.trouble = trouble
        self.size = size
        self.interval = interval
        self.printer = printer
    }

    /// As many as the terminal has rows, none of them wider than it.
    package var lines: [TopLine] {
        guard let size else { return head + [TopLine()] + middle + [TopLine()] + tables(rows: nil) }
        guard size.rows > 0 else { return [] }
        let above = view.showsHelp ? Self.help : faded(head) + faded([TopLine()] + middle + [TopLine()] + tables(rows: tableRows))
        let filled = above.prefix(size.rows - 1) + Array(repeating: TopLine(), count: max(0, size.rows - 1 - above.count))
        return (filled + [keys]).map { $0.clipped(to: size.columns) }
    }

    /// The lines as text that may be put into a file.
    package var plainText: String {
        lines.map { line in
            let text = line.text(isStyled: false)
            return String(text.prefix(text.count - text.reversed().prefix { $0 == " " }.count))
        }.joined(separator: "\n")
    }

    /// Of the table that has the focus, for keys that scroll.
    package var room: TopView.Room {
        TopView.Room(count: view.focus == .gateways ? model.gateways.count : model.subscribers.count, shown: tableRows)
    }

    // MARK: - Widths

    var width: Int {
        // Names are not cut where nobody counts the columns.
        guard let size else { return max(Self.smallest.columns, 2 * (model.subscribers.map(\.name.columns).max() ?? 0) + 60) }
        return min(Self.widest, max(Self.smallest.columns, size.columns))
    }

    var leftWidth: Int { (width - Self.gap) / 2 + 1 }
    var rightColumn: Int { leftWidth + Self.gap }
    var rightWidth: Int { width - rightColumn }

    /// Rows of the tables below their headings.
    private var tableRows: Int {
        guard let size else { return .max }
        return max(0, size.rows - head.count - middle.count - 5)
    }

    /// Lines of two halves side by side.
    func beside(_ left: [TopLine], _ right: [TopLine]) -> [TopLine] {
        (0..<max(left.count, right.count)).map { row in
            var line = row < left.count ? left[row].clipped(to: leftWidth) : TopLine()
            if row < right.count { line.add(right[row].clipped(to: rightWidth), at: rightColumn) }
            return line
        }
    }

    /// Numbers that are not those of now are told apart; what the trouble is stands out.
    private func faded(_ lines: [TopLine]) -> [TopLine] {
        guard trouble != nil else { return lines }
        return lines.map { $0.isBad ? $0 : $0.styled(.faint) }
    }

    // MARK: - The last line

    private var keys: TopLine {
        let text =
            view.showsHelp ? " any key goes back   q quit" : " q quit  ? help  g s sort  r reverse  tab table  arrows scroll  space pause"
        return TopLine(text.fitted(toColumns: max(width, size?.columns ?? 0)), .inverse)
    }

    static let help: [TopLine] = [
        TopLine("vicinityctl top", .heading),
        TopLine(),
        TopLine("q, Ctrl-C     quit                      Ctrl-Z       stop, until fg"),
        TopLine("?, h          this page                 space        pause, and go on"),
        TopLine("g             look at the gateways; again: sort them by the next column"),
        TopLine("s             look at the subscribers; again: sort them by the next column"),
        TopLine("tab           look at the other table; > marks the one that keys are for"),
        TopLine("r             reverse the order of it"),
        TopLine("arrows, j, k, page up, page down, home, end   scroll it"),
        TopLine(),
        TopLine("What it shows", .heading),
        TopLine("/s, cpu       between the last two readings; - where that is not known"),
        TopLine("p50, p99      half, and 99 of 100, took at most this in the last interval"),
        TopLine("  commit      until the store had made a commit durable"),
        TopLine("  ack         from the moment a line was read to when it was durable"),
        TopLine("  event       from the first fix of a commit to a subscriber's socket"),
        TopLine("queues        who fills a full one has to wait; but the feed may be full"),
        TopLine("rejected      since the start: fixes that changed nothing (stale, inaccurate,"),
        TopLine("              implausible), and lines that were answered with an error"),
        TopLine("lines         read from this gateway, and not yet durable"),
        TopLine("oldest        how long ago the oldest of them was read"),
        TopLine("lag           events that a named subscriber has not acked"),
    ]
}
