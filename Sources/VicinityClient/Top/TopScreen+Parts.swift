// The parts above the tables: who it is and how it is, how long things take, what waits, what was rejected.

extension TopScreen {
    /// Columns of a label at the left.
    private static let labelWidth = 10
    /// Lines that what is wrong may take in the smallest window.
    private static let fewestReasons = 3

    // MARK: - Who it is and how it is

    var head: [TopLine] {
        [title] + health + [
            row("process", "cpu \(TopText.percent(model.processors)), memory \(bytes("vicinity_resident_memory_bytes")), \(files)"),
            row("log", log),
            row("holds", holds),
            row("traffic", "\(TopText.rate(model.fixes)) fixes/s, \(TopText.rate(model.events)) events/s; \(connections)"),
        ]
    }

    private var title: TopLine {
        let status = model.now.status
        var words = ["vicinityd \(status["version"]?.string ?? "?")"]
        if let pid = status["pid"]?.integer { words.append("pid \(pid)") }
        if let uptime = status["uptime_ms"]?.integer { words.append("up \(spanText(milliseconds: uptime))") }
        // Milliseconds are no help to people.
        let time = String(printer.time(model.now.wall).dropLast(4))
        let pace = view.isPaused ? "PAUSED" : "every \(TopText.pace(interval))"
        let right = size == nil ? time : "\(time), \(pace)"
        var line = TopLine(words.joined(separator: ", ").fitted(toColumns: max(0, width - right.columns - 2)), .heading)
        line.add(TopLine(right, view.isPaused ? .warning : .plain), at: width - right.columns)
        return line
    }

    private var health: [TopLine] {
        if let trouble { return label("daemon", trouble.text.flatMap { $0.wrapped(toColumns: width - Self.labelWidth) }, .bad) }
        guard model.isDegraded else { return [row("health", model.now.status["health"]?["state"]?.string ?? "unknown", .good)] }
        let reasons = ["degraded: " + (model.reasons.first ?? "")] + model.reasons.dropFirst()
        let whole = reasons.flatMap { $0.wrapped(toColumns: width - Self.labelWidth) }
        let allowed = size.map { Self.fewestReasons + max(0, $0.rows - Self.smallest.rows) / 2 } ?? whole.count
        // Every reason cut off says more than some of them in full.
        if whole.count <= allowed { return label("health", whole, .bad) }
        if reasons.count <= allowed { return label("health", reasons.map { $0.clipped(toColumns: width - Self.labelWidth) }, .bad) }
        let shown = reasons.prefix(allowed - 1).map { $0.clipped(toColumns: width - Self.labelWidth) }
        return label("health", shown + ["and \(reasons.count - shown.count) more; see vicinityctl status"], .bad)
    }

    private var files: String { "\(number("vicinity_open_fds")) of \(number("vicinity_max_fds")) descriptors" }

    private var holds: String {
        [("vicinity_users", "user"), ("vicinity_subjects", "subject"), ("vicinity_pairs_inside", "pair")].map { name, noun in
            model.whole(name).map { counted($0, noun) } ?? "? \(noun)s"
        }.joined(separator: ", ") + " inside"
    }

    private var log: String {
        "\(bytes("vicinity_log_bytes")), \(bytes("vicinity_disk_free_bytes")) of \(bytes("vicinity_disk_size_bytes")) of the disk free, "
            + "head #\(model.whole("vicinity_log_head").map(String.init) ?? "?")"
    }

    private var connections: String {
        let peers = [("ingest", "gateway"), ("events", "subscriber")].map { socket, name in
            model.connections(socket).map { counted($0, name) } ?? "? \(name)s"
        }
        return (peers + ["\(TopText.whole(model.connections("control"))) control"]).joined(separator: ", ")
    }

    private func number(_ name: String) -> String { TopText.whole(model.whole(name)) }

    private func bytes(_ name: String) -> String { TopText.bytes(model.whole(name)) }

    private func row(_ name: String, _ text: String, _ style: TopLine.Style = .plain) -> TopLine {
        var line = TopLine(name.padded(to: Self.labelWidth))
        line.add(text, style)
        return line
    }

    private func label(_ name: String, _ lines: [String], _ style: TopLine.Style) -> [TopLine] {
        lines.enumerated().map { row($0 == 0 ? name : "", $1, style) }
    }

    // MARK: - Latencies, queues and rejections

    var middle: [TopLine] { beside(latencies + rejections, queues) }

    private var latencies: [TopLine] {
        let widths = (name: leftWidth - 30, number: 10)
        func line(_ name: String, _ columns: [String], _ style: TopLine.Style) -> TopLine {
            TopLine(
                name.fitted(toColumns: widths.name) + columns.map { $0.fitted(toColumns: widths.number, alignedRight: true) }.joined(),
                style)
        }
        return [line("LATENCY", ["p50", "p99", "/s"], .heading)]
            + model.latencies.map { latency in
                line(
                    latency.name, [TopText.latency(latency.median), TopText.latency(latency.slowest), TopText.rate(latency.perSecond)],
                    .plain)
            }
    }

    private var queues: [TopLine] {
        let name = max(12, rightWidth - 60)
        let bar = rightWidth - name - 20
        var heading = TopLine("QUEUES".fitted(toColumns: name), .heading)
        heading.add("bytes".fitted(toColumns: 9, alignedRight: true) + "limit".fitted(toColumns: 10, alignedRight: true), .heading)
        return [heading]
            + model.queues.map { queue in
                var line = TopLine(queue.name.fitted(toColumns: name))
                line.add(byteText(queue.bytes).fitted(toColumns: 9, alignedRight: true))
                line.add(TopText.bytes(queue.limit).fitted(toColumns: 10, alignedRight: true))
                guard let share = queue.share else { return line }
                line.add(" ")
                line.add(TopText.bar(share, width: bar), Self.style(of: queue, share))
                return line
            } + unnamed
    }

    private static func style(of queue: TopModel.Queue, _ share: Double) -> TopLine.Style {
        // The feed keeps the newest events for those who will ask: that it is full is as it should be.
        if queue.name == "feed" { return .plain }
        return share >= 0.9 ? .bad : share >= 0.5 ? .warning : .plain
    }

    /// Who has no name has no row in the tables.
    private var unnamed: [TopLine] {
        guard let lag = model.whole("vicinity_unnamed_subscriber_lag_events"), lag > 0 else { return [] }
        return [TopLine(), TopLine("unnamed: up to \(counted(lag, "event")) behind", .warning)]
    }

    private var rejections: [TopLine] {
        let reason = leftWidth - 22
        func line(_ name: String, _ total: String, _ rate: String, _ style: TopLine.Style) -> TopLine {
            TopLine(
                name.fitted(toColumns: reason) + total.fitted(toColumns: 11, alignedRight: true)
                    + rate.fitted(toColumns: 11, alignedRight: true), style)
        }
        let all = model.rejections
        let allowed = size.map { 3 + max(0, $0.rows - Self.smallest.rows) / 3 } ?? all.count
        let shown = all.count > allowed ? allowed - 1 : all.count
        var lines = [line("REJECTED", "total", "/s", .heading)]
        for rejection in all.prefix(shown) {
            let isGoingOn = (rejection.perSecond ?? 0) > 0
            lines.append(
                line(rejection.reason, grouped(rejection.total), TopText.rate(rejection.perSecond), isGoingOn ? .warning : .plain))
        }
        let others = all.dropFirst(shown)
        if all.isEmpty { lines.append(TopLine("none")) }
        guard !others.isEmpty else { return lines }
        let rates = others.compactMap(\.perSecond)
        lines.append(
            line(
                "\(others.count) others", grouped(others.reduce(0) { $0 + $1.total }),
                TopText.rate(rates.isEmpty ? nil : rates.reduce(0, +)),
                .plain))
        return lines
    }
}

extension TopScreen.Trouble {
    /// Sentences.
    var text: [String] {
        switch self {
        case .away(let milliseconds, let fault):
            [
                "AWAY for \(spanText(milliseconds: milliseconds / 1000 * 1000)), tried again each second. Below are the last numbers.",
                "\(fault)",
            ]
        case .silent(let milliseconds):
            ["SILENT for \(spanText(milliseconds: milliseconds / 1000 * 1000)): connected, but no answer. Below are the last numbers."]
        }
    }
}
