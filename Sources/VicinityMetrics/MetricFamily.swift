/// One thing that is measured: its name, what it is, and what its labels are.
///
/// Names and units follow OpenMetrics (https://prometheus.io/docs/specs/om/open_metrics_spec/) and Prometheus' conventions
/// (https://prometheus.io/docs/practices/naming/): base units, the unit at the end of the name, `_total` for what only grows. What is usually
/// called `process_…` has our name here too: beside node_exporter's own it would be refused (its textfile collector).
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
        case info
    }

    /// Without the ending that a kind gives to its samples.
    package let name: String
    package let kind: Kind
    /// The end of ``name``; `nil` if it has none.
    package let unit: String?
    /// One sentence.
    package let help: String
    package let labels: [String]

    package init(_ name: String, _ kind: Kind, unit: String? = nil, labels: [String] = [], _ help: String) {
        precondition(unit.map { name.hasSuffix("_\($0)") } ?? true, "a name ends with its unit")
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }
}

// MARK: - All there are

extension MetricFamily {
    package static let build = MetricFamily("vicinity_build", .info, labels: ["version"], "The version that runs.")
    package static let startTime = MetricFamily(
        "vicinity_start_time_seconds", .gauge, unit: "seconds", "Unix time at which the process began.")
    package static let processorTime = MetricFamily(
        "vicinity_cpu_seconds", .counter, unit: "seconds", "Processor time of all threads, in user and kernel.")
    package static let memory = MetricFamily(
        "vicinity_resident_memory_bytes", .gauge, unit: "bytes", "Memory of the process that is resident.")
    package static let descriptors = MetricFamily("vicinity_open_fds", .gauge, "Open file descriptors.")
    package static let descriptorLimit = MetricFamily("vicinity_max_fds", .gauge, "How many file descriptors may be open.")

    package static let degraded = MetricFamily(
        "vicinity_degraded", .gauge, labels: ["reason"], "1 while the daemon is degraded for this reason; docs/runbook.md has each.")
    package static let recovery = MetricFamily(
        "vicinity_recovery_seconds", .gauge, unit: "seconds", "How long this start took until the daemon was ready.")

    package static let users = MetricFamily("vicinity_users", .gauge, "Users with a position.")
    package static let subjects = MetricFamily("vicinity_subjects", .gauge, "Subjects in the register.")
    package static let pairs = MetricFamily("vicinity_pairs_inside", .gauge, "Pairs of a user and a subject that are inside.")

    package static let fixes = MetricFamily(
        "vicinity_fixes", .counter, labels: ["result"],
        "Fixes since the start by what became of them: accepted, stale, inaccurate or implausible.")
    package static let rejected = MetricFamily(
        "vicinity_lines_rejected", .counter, labels: ["code"], "Lines of gateways that were answered with an error, by its code.")
    package static let withheld = MetricFamily(
        "vicinity_pairs_withheld", .counter,
        "Pairs kept outside because their user has entered enough subjects (privacy.subjects_per_user).")

    package static let events = MetricFamily("vicinity_events", .counter, "Events made durable since the start.")
    package static let logHead = MetricFamily("vicinity_log_head", .gauge, "The seq of the newest event.")
    package static let logOldest = MetricFamily("vicinity_log_oldest", .gauge, "The seq of the oldest event that is kept.")
    package static let logSize = MetricFamily("vicinity_log_bytes", .gauge, unit: "bytes", "Size of the log's file.")
    package static let logFree = MetricFamily(
        "vicinity_log_free_bytes", .gauge, unit: "bytes", "How much of the log's file is free, for what comes.")
    package static let diskFree = MetricFamily(
        "vicinity_disk_free_bytes", .gauge, unit: "bytes", "What the daemon may still write to the file system of the state directory.")
    package static let diskSize = MetricFamily(
        "vicinity_disk_size_bytes", .gauge, unit: "bytes", "Size of the file system of the state directory.")

    package static let commits = MetricFamily(
        "vicinity_commit_duration_seconds", .histogram, unit: "seconds", "How long the store took to make a commit durable.")
    package static let acks = MetricFamily(
        "vicinity_ack_latency_seconds", .histogram, unit: "seconds",
        "From the moment a line was decoded to the moment it was durable, and could be acked; each line counts.")
    package static let deliveries = MetricFamily(
        "vicinity_event_latency_seconds", .histogram, unit: "seconds",
        "From the moment the first fix of a commit was decoded to the moment its events were given to a subscriber's socket; each event counts for each subscriber who had caught up with the log."
    )

    package static let queues = MetricFamily(
        "vicinity_queue_bytes", .gauge, unit: "bytes", labels: ["queue"],
        "What waits: in the inbox, in the open commit, in the feed's memory, for gateways and for subscribers who do not read.")
    package static let queueLimits = MetricFamily(
        "vicinity_queue_limit_bytes", .gauge, unit: "bytes", labels: ["queue"], "Where a queue makes those who fill it wait.")

    package static let connections = MetricFamily(
        "vicinity_connections", .gauge, labels: ["socket"], "Connections that are served, by socket.")
    package static let connectionLimit = MetricFamily(
        "vicinity_connections_limit", .gauge, "How many gateways and subscribers are served at once (limits.connections).")
    package static let gatewayAge = MetricFamily(
        "vicinity_gateway_oldest_unacked_seconds", .gauge, unit: "seconds", labels: ["gateway", "pid"],
        "How long ago the oldest line was decoded that is not yet durable; 0 if there is none.")
    package static let gatewayLines = MetricFamily(
        "vicinity_gateway_unacked_lines", .gauge, labels: ["gateway", "pid"], "Lines that were read and are not yet durable.")
    package static let subscriberLag = MetricFamily(
        "vicinity_subscriber_lag_events", .gauge, labels: ["subscriber"], "How many events a named subscriber has not acked.")
    package static let subscriberConnected = MetricFamily(
        "vicinity_subscriber_connected", .gauge, labels: ["subscriber"], "1 while the named subscriber is connected.")
    package static let unnamedLag = MetricFamily(
        "vicinity_unnamed_subscriber_lag_events", .gauge,
        "How many events the slowest subscriber without a name has not been given; 0 if there is none.")

    /// In the order of the exposition.
    package static let all = [
        build, startTime, processorTime, memory, descriptors, descriptorLimit, degraded, recovery, users, subjects, pairs, fixes, rejected,
        withheld, events, logHead, logOldest, logSize, logFree, diskFree, diskSize, commits, acks, deliveries, queues, queueLimits,
        connections, connectionLimit, gatewayAge, gatewayLines, subscriberLag, subscriberConnected, unnamedLag,
    ]
}
