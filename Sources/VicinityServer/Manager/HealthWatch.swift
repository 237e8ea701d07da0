import VicinityConfiguration
import VicinityPipeline

/// What is wrong though everything works: the disk fills, a relay falls behind, commits take long. The decision, without clocks or files.
struct HealthWatch {
    /// What is looked at.
    struct Sight {
        /// Monotonic milliseconds.
        var now: Int64
        /// The longest commit since the last look, in milliseconds.
        var longestCommit: Int64
        /// Bytes that may still be written to the disk of the log; `nil` if that is not known.
        var diskFree: Int64?
        var head: Int64
        var subscribers: [SubscriberState]
    }

    /// How long a commit that took long counts, in milliseconds.
    static let memory: Int64 = 60_000

    private var slow: (time: Int64, until: Int64)?
    private var isDiskLow = false

    /// - Returns: what is wrong, a sentence for each part, or `nil` where all is well.
    mutating func look(_ sight: Sight, limits: Configuration.Health) -> [(part: Health.Part, sentence: String?)] {
        [
            (.storeSlow, commits(sight, limits.commitTime.milliseconds)),
            (.disk, disk(sight, Int64(limits.diskFree) << 20)),
            (.subscriberLag, lag(sight, Int64(limits.subscriberLag))),
        ]
    }

    private mutating func commits(_ sight: Sight, _ limit: Int64) -> String? {
        if let slow, sight.now >= slow.until { self.slow = nil }
        guard limit > 0 else { return nil }
        if sight.longestCommit > limit {
            slow = (max(sight.longestCommit, slow?.time ?? 0), sight.now + Self.memory)
        }
        return slow.map { "a commit took \($0.time) ms within the last minute (health.commit_time is \(limit) ms)" }
    }

    /// What is nearly full is told until a tenth more than the limit is free, so that it does not come and go.
    private mutating func disk(_ sight: Sight, _ limit: Int64) -> String? {
        guard limit > 0, let free = sight.diskFree else { return nil }
        isDiskLow = free < (isDiskLow ? limit + limit / 10 : limit)
        return isDiskLow ? "\(free >> 20) MiB are free on the disk of the log (health.disk_free is \(limit >> 20) MiB)" : nil
    }

    private func lag(_ sight: Sight, _ limit: Int64) -> String? {
        guard limit > 0 else { return nil }
        let behind = sight.subscribers.filter { sight.head - $0.acked > limit }
        guard let worst = behind.min(by: { $0.acked < $1.acked }) else { return nil }
        let name = String(decoding: worst.name, as: UTF8.self)
        let others = behind.count > 1 ? ", and \(behind.count - 1) more" : ""
        return
            "\(name)\(worst.isConnected ? "" : " (away)") is \(sight.head - worst.acked) events behind\(others) (health.subscriber_lag is \(limit))"
    }
}
