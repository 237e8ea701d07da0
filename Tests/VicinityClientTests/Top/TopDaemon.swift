import Foundation
import Testing

@testable import VicinityClient

/// What a daemon would say, from the few numbers that a test wants to choose.
struct TopDaemon: Sendable {
    struct Gateway: Sendable {
        var id: Int
        var pid: Int
        var lines: Int
        var age: Double
    }

    struct Subscriber: Sendable {
        var name: String
        var isConnected: Bool
        var lag: Int
    }

    /// Milliseconds since the daemon's start.
    var uptime = 8_040_000
    var start = 1_732_281_960
    var reasons: [String] = []
    var processorSeconds = 400.0
    var results = ["accepted": 115_088, "stale": 12, "inaccurate": 3, "implausible": 0]
    var codes = ["bad_json": 0, "bad_latitude": 2, "future_fix": 0, "missing_user": 0, "too_long": 0]
    var events = 5731
    /// By bucket, each for itself, with one above all bounds.
    var commits = [0, 0, 100, 0, 0]
    var acks = [0, 0, 100, 0, 0]
    var deliveries = [0, 0, 0, 0, 0]
    var queues = [
        ("inbox", 184_320, 8_388_608), ("commit", 90_000, 16_777_216), ("feed", 4_194_304, 4_194_304), ("gateways", 0, 2_097_152),
        ("subscribers", 1_258_291, 2_097_152),
    ]
    var gateways = [Gateway(id: 3, pid: 812, lines: 1204, age: 0.0021), Gateway(id: 11, pid: 4_194_303, lines: 0, age: 0)]
    var subscribers = [
        Subscriber(name: "relay-1", isConnected: true, lag: 0), Subscriber(name: "night-relay", isConnected: false, lag: 5719),
    ]
    var unnamedLag = 0

    /// Bounds of the buckets in seconds.
    static let bounds = ["0.001", "0.01", "0.1", "1.0", "+Inf"]

    var status: String {
        let health = #"{"state":"\#(reasons.isEmpty ? "ok" : "degraded")","reasons":\#(JSONValue.array(reasons.map { .string($0) }).text)}"#
        return #"{"version":"0.1.0","pid":4711,"uptime_ms":\#(uptime),"ready":true,"health":\#(health),"users":1234567}"#
    }

    var metrics: String {
        var lines = [
            "# TYPE vicinity_build info", "# HELP vicinity_build The version that runs.", #"vicinity_build_info{version="0.1.0"} 1"#,
        ]
        func add(_ name: String, _ value: some CustomStringConvertible) { lines += ["# TYPE \(name) gauge", "\(name) \(value)"] }
        add("vicinity_start_time_seconds", start)
        add("vicinity_cpu_seconds_total", processorSeconds)
        for (name, value) in [
            ("vicinity_resident_memory_bytes", 189_792_256), ("vicinity_open_fds", 31), ("vicinity_max_fds", 65_536),
            ("vicinity_users", 1_234_567), ("vicinity_subjects", 2657), ("vicinity_pairs_inside", 412), ("vicinity_events_total", events),
            ("vicinity_log_head", events), ("vicinity_log_bytes", 5_242_880), ("vicinity_disk_free_bytes", 13_207_024_640),
            ("vicinity_disk_size_bytes", 42_949_672_960), ("vicinity_unnamed_subscriber_lag_events", unnamedLag),
        ] { add(name, value) }
        for (result, count) in results.sorted(by: <) { lines.append(#"vicinity_fixes_total{result="\#(result)"} \#(count)"#) }
        for (code, count) in codes.sorted(by: <) { lines.append(#"vicinity_lines_rejected_total{code="\#(code)"} \#(count)"#) }
        for (name, counts) in [("commit_duration", commits), ("ack_latency", acks), ("event_latency", deliveries)] {
            var sum = 0
            for (bound, count) in zip(Self.bounds, counts) {
                sum += count
                lines.append("vicinity_\(name)_seconds_bucket{le=\"\(bound)\"} \(sum)")
            }
        }
        for (name, bytes, limit) in queues {
            lines.append(#"vicinity_queue_bytes{queue="\#(name)"} \#(bytes)"#)
            lines.append(#"vicinity_queue_limit_bytes{queue="\#(name)"} \#(limit)"#)
        }
        for (socket, count) in [("ingest", gateways.count), ("events", 2), ("control", 1)] {
            lines.append(#"vicinity_connections{socket="\#(socket)"} \#(count)"#)
        }
        for gateway in gateways {
            let labels = #"{gateway="\#(gateway.id)",pid="\#(gateway.pid)"}"#
            lines.append("vicinity_gateway_oldest_unacked_seconds\(labels) \(gateway.age)")
            lines.append("vicinity_gateway_unacked_lines\(labels) \(gateway.lines)")
        }
        for subscriber in subscribers {
            lines.append(#"vicinity_subscriber_lag_events{subscriber="\#(subscriber.name)"} \#(subscriber.lag)"#)
            lines.append(#"vicinity_subscriber_connected{subscriber="\#(subscriber.name)"} \#(subscriber.isConnected ? 1 : 0)"#)
        }
        return lines.joined(separator: "\n") + "\n# EOF\n"
    }

    /// - Parameter time: milliseconds.
    func reading(at time: Int64) throws -> TopReading {
        try TopReading(
            status: JSONValue(parsing: status), metrics: MetricsSample(parsing: metrics), time: time, wall: 1_732_290_000_123 + time)
    }

    /// What an operator sees who has looked at it a second ago, too: a good second with much to do.
    func model() throws -> TopModel {
        var later = self
        later.processorSeconds += 0.734
        later.results["accepted", default: 0] += 36_512
        later.results["stale", default: 0] += 7
        later.events += 7
        later.commits = zip(commits, [0, 98, 4, 0, 0]).map(+)
        later.acks = zip(acks, [30_000, 6_000, 512, 0, 0]).map(+)
        return try TopModel(later.reading(at: 1_000), since: reading(at: 0))
    }

    /// Answers a request as the daemon does; of other methods than those two it knows nothing.
    func answer(to line: String) -> String {
        let request = try? JSONValue(parsing: line)
        let id = request?["id"]?.text ?? "null"
        switch request?["method"]?.string {
        case "status": return #"{"jsonrpc":"2.0","id":\#(id),"result":\#(status)}"#
        case "metrics": return #"{"jsonrpc":"2.0","id":\#(id),"result":\#(JSONValue.string(metrics).text)}"#
        case let other: return #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32601,"message":"no method \#(other ?? "")"}}"#
        }
    }
}
