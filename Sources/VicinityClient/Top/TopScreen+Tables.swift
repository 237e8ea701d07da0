// The two tables side by side: gateways and named subscribers.

extension TopScreen {
    /// A column of a table with its rows, whatever they are of.
    private struct Column<Row, Order> {
        let title: String
        let order: Order
        let width: Int
        var isNumber = true
        let text: (Row) -> String
    }

    /// - Parameter rows: below the headings; `nil` is all of them.
    func tables(rows: Int?) -> [TopLine] { beside(gateways(rows), subscribers(rows)) }

    // MARK: - Gateways

    private func gateways(_ rows: Int?) -> [TopLine] {
        typealias Row = TopModel.Gateway
        let columns: [Column<Row, TopView.GatewayOrder>] = [
            Column(title: "gateway", order: .id, width: leftWidth - 31, isNumber: false) { $0.id },
            Column(title: "pid", order: .process, width: 9) { $0.process.isEmpty ? "-" : $0.process },
            Column(title: "lines", order: .lines, width: 11) { grouped($0.lines) },
            Column(title: "oldest", order: .age, width: 11) { TopText.age($0.age) },
        ]
        let sorted = model.gateways.sorted { one, other in
            switch view.gateways.order {
            case .age: ordered(other.age, one.age) ?? isBefore(one.id, other.id)
            case .lines: ordered(other.lines, one.lines) ?? isBefore(one.id, other.id)
            case .id: isBefore(one.id, other.id)
            case .process: one.process == other.process ? isBefore(one.id, other.id) : isBefore(one.process, other.process)
            }
        }
        return table("GATEWAYS", .gateways, columns, sorted, view.gateways, rows) { gateway in
            gateway.age >= 10 ? .bad : gateway.age >= 1 ? .warning : .plain
        }
    }

    // MARK: - Subscribers

    private func subscribers(_ rows: Int?) -> [TopLine] {
        typealias Row = TopModel.Subscriber
        let columns: [Column<Row, TopView.SubscriberOrder>] = [
            Column(title: "subscriber", order: .name, width: rightWidth - 24, isNumber: false) { $0.name },
            Column(title: "is", order: .state, width: 11) { $0.isConnected ? "connected" : "away" },
            Column(title: "lag", order: .lag, width: 13) { grouped($0.lag) },
        ]
        let sorted = model.subscribers.sorted { one, other in
            switch view.subscribers.order {
            case .lag: ordered(other.lag, one.lag) ?? isBefore(one.name, other.name)
            case .name: isBefore(one.name, other.name)
            case .state: one.isConnected == other.isConnected ? isBefore(one.name, other.name) : !one.isConnected
            }
        }
        return table("SUBSCRIBERS", .subscribers, columns, sorted, view.subscribers, rows) { $0.isConnected ? .plain : .warning }
    }

    // MARK: - Any table

    private func table<Row, Order>(
        _ title: String, _ table: TopView.Table, _ columns: [Column<Row, Order>], _ sorted: [Row], _ look: TopView.Look<Order>,
        _ rows: Int?,
        style: (Row) -> TopLine.Style
    ) -> [TopLine] {
        let all = look.isReversed ? sorted.reversed() : sorted
        // The table may have become shorter since it was scrolled.
        let first = rows.map { min(look.first, max(0, all.count - $0)) } ?? 0
        let shown = rows.map { all[first..<min(all.count, first + $0)] } ?? all[...]
        let place = shown.count < all.count ? "\(grouped(first + 1))-\(grouped(first + shown.count)) of " : ""
        let mark = size != nil && view.focus == table ? "> " : ""
        var titles = TopLine()
        for column in columns {
            let isSorted = column.order == look.order
            let title = isSorted ? "\(column.title) \(look.isReversed ? "^" : "v")" : column.title
            titles.add(title.fitted(toColumns: column.width, alignedRight: column.isNumber), isSorted ? .heading : .plain)
        }
        return [TopLine("\(mark)\(title) \(place)\(grouped(all.count))", .heading), titles]
            + shown.map { row in
                let text = columns.map { $0.text(row).fitted(toColumns: $0.width, alignedRight: $0.isNumber) }.joined()
                return TopLine(text, style(row))
            }
    }

    /// - Returns: `nil` if they are equal.
    private func ordered<Value: Comparable>(_ one: Value, _ other: Value) -> Bool? { one == other ? nil : one < other }

    /// Numbers by their size, before words by the alphabet.
    private func isBefore(_ one: String, _ other: String) -> Bool {
        switch (Int64(one), Int64(other)) {
        case (let one?, let other?): one < other
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): one < other
        }
    }
}
