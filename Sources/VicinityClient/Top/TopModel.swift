// Two readings, and what they say: what there is comes from the newer one, how fast it goes from their difference.
//
// A daemon that was started anew counts from 0 again. Nothing is known of an interval in which that happened, and nothing is said.

package struct TopModel: Sendable {
    /// How long something took in the interval.
    package struct Latency: Equatable, Sendable {
        package let name: String
        /// Half of all took at most this; `nil` if nothing happened.
        package let median: LatencyBuckets.Percentile?
        /// 99 of 100 took at most this.
        package let slowest: LatencyBuckets.Percentile?
        package let perSecond: Double?
    }

    package struct Queue: Equatable, Sendable {
        package let name: String
        package let bytes: Int64
        /// `nil` if the daemon does not tell.
        package let limit: Int64?

        /// From 0, mostly up to 1.
        package var share: Double? {
            guard let limit, limit > 0 else { return nil }
            return Double(bytes) / Double(limit)
        }
    }

    package struct Rejection: Equatable, Sendable {
        /// `stale`, `bad_latitude` and the like.
        package let reason: String
        /// Since the daemon's start.
        package let total: Int64
        package let perSecond: Double?
    }

    package struct Gateway: Equatable, Sendable {
        package let id: String
        /// Empty if the kernel did not tell.
        package let process: String
        /// How many were read and are not yet durable.
        package let lines: Int64
        /// Since the oldest of them was read, in seconds.
        package let age: Double
    }

    package struct Subscriber: Equatable, Sendable {
        package let name: String
        package let isConnected: Bool
        /// Events that it has not acked.
        package let lag: Int64
    }

    package let now: TopReading
    /// The earlier reading of the same process; `nil` if there is none.
    private let before: TopReading?

    /// Of one processor; 1.5 is one and a half. `nil` without an interval.
    package let processors: Double?
    /// A second; `nil` without an interval.
    package let fixes: Double?
    package let events: Double?
    package let latencies: [Latency]
    package let queues: [Queue]
    /// Those that have occurred, the most frequent first: in the interval, then at all.
    package let rejections: [Rejection]
    package let gateways: [Gateway]
    package let subscribers: [Subscriber]

    /// - Parameter before: the last reading; one of a process that is gone counts for nothing.
    package init(_ now: TopReading, since before: TopReading? = nil) {
        let before = before.flatMap { Self.isSameProcess($0, now) && $0.time < now.time ? $0 : nil }
        self.now = now
        self.before = before
        let rates = Rates(now, before)
        processors = rates.perSecond("vicinity_cpu_seconds_total")
        fixes = rates.perSecond("vicinity_fixes_total", MetricsSample.Label(name: "result", value: "accepted"))
        events = rates.perSecond("vicinity_events_total")
        latencies = [
            rates.latency("commit", "vicinity_commit_duration_seconds"), rates.latency("ack", "vicinity_ack_latency_seconds"),
            rates.latency("event", "vicinity_event_latency_seconds"),
        ]
        queues = Self.queues(now.metrics)
        rejections = rates.rejections()
        gateways = Self.gateways(now.metrics)
        subscribers = Self.subscribers(now.metrics)
    }

    private static func isSameProcess(_ one: TopReading, _ other: TopReading) -> Bool {
        let start = "vicinity_start_time_seconds"
        return one.metrics.value(start) == other.metrics.value(start) && one.status["pid"]?.integer == other.status["pid"]?.integer
    }

    // MARK: - What there is

    package var isDegraded: Bool { StatusText(now.status).isDegraded }

    /// Sentences; empty if all is well.
    package var reasons: [String] { (now.status["health"]?["reasons"]?.array ?? []).map { $0.string ?? $0.text } }

    /// A gauge, or a counter without labels, as a whole number; `nil` if the daemon does not tell.
    package func whole(_ name: String) -> Int64? { wholeNumber(now.metrics.value(name)) }

    /// Connections that are served through a socket.
    package func connections(_ socket: String) -> Int64? {
        wholeNumber(now.metrics.all("vicinity_connections").first { $0["socket"] == socket }?.value)
    }

    private static func queues(_ metrics: MetricsSample) -> [Queue] {
        let limits = metrics.all("vicinity_queue_limit_bytes")
        return metrics.all("vicinity_queue_bytes").map { queue in
            Queue(
                name: queue["queue"] ?? "?", bytes: wholeNumber(queue.value) ?? 0,
                limit: wholeNumber(limits.first { $0.labels == queue.labels }?.value))
        }
    }

    private static func gateways(_ metrics: MetricsSample) -> [Gateway] {
        var ages: [String: Double] = [:]
        for age in metrics.all("vicinity_gateway_oldest_unacked_seconds") {
            ages["\(age["gateway"] ?? "") \(age["pid"] ?? "")"] = age.value
        }
        return metrics.all("vicinity_gateway_unacked_lines").map { lines in
            let (id, process) = (lines["gateway"] ?? "?", lines["pid"] ?? "")
            return Gateway(id: id, process: process, lines: wholeNumber(lines.value) ?? 0, age: ages["\(id) \(process)"] ?? 0)
        }
    }

    private static func subscribers(_ metrics: MetricsSample) -> [Subscriber] {
        var connected: Set<String> = []
        for one in metrics.all("vicinity_subscriber_connected") where one.value == 1 { connected.insert(one["subscriber"] ?? "?") }
        return metrics.all("vicinity_subscriber_lag_events").map { lag in
            let name = lag["subscriber"] ?? "?"
            return Subscriber(name: name, isConnected: connected.contains(name), lag: wholeNumber(lag.value) ?? 0)
        }
    }
}

/// What the difference of two readings says.
private struct Rates {
    let now: MetricsSample
    let before: MetricsSample?
    /// Between them; 0 if there is only one.
    let seconds: Double

    init(_ now: TopReading, _ before: TopReading?) {
        self.now = now.metrics
        self.before = before?.metrics
        seconds = before.map { Double(now.time - $0.time) / 1000 } ?? 0
    }

    /// How fast a counter grew; `nil` without an interval, or if it went back.
    ///
    /// - Parameter label: tells which series of the name; `nil` is the only one.
    func perSecond(_ name: String, _ label: MetricsSample.Label? = nil) -> Double? {
        func count(_ sample: MetricsSample) -> Double? {
            sample.all(name).first { series in label.map { series.labels.contains($0) } ?? true }?.value
        }
        guard seconds > 0, let before, let newer = count(now) else { return nil }
        // A reason that occurs for the first time may not have been there.
        let added = newer - (count(before) ?? 0)
        return added >= 0 ? added / seconds : nil
    }

    func latency(_ name: String, _ family: String) -> TopModel.Latency {
        guard seconds > 0, let before = before?.histogram(family), let added = now.histogram(family)?.since(before) else {
            return TopModel.Latency(name: name, median: nil, slowest: nil, perSecond: nil)
        }
        return TopModel.Latency(
            name: name, median: added.percentile(0.5), slowest: added.percentile(0.99), perSecond: added.count / seconds)
    }

    func rejections() -> [TopModel.Rejection] {
        func all(_ name: String, _ label: String) -> [TopModel.Rejection] {
            now.all(name).compactMap { series in
                guard let reason = series[label], reason != "accepted", let total = wholeNumber(series.value), total > 0 else { return nil }
                return TopModel.Rejection(
                    reason: reason, total: total, perSecond: perSecond(name, MetricsSample.Label(name: label, value: reason)))
            }
        }
        return (all("vicinity_fixes_total", "result") + all("vicinity_lines_rejected_total", "code")).sorted {
            ($0.perSecond ?? 0, $0.total, $1.reason) > ($1.perSecond ?? 0, $1.total, $0.reason)
        }
    }
}

/// - Returns: `nil` for what is no number, or too large for one.
private func wholeNumber(_ value: Double?) -> Int64? { value.flatMap { Int64(exactly: $0.rounded()) } }
