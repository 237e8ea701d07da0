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
        /// Of the disk of the log; `nil` if that is not known.
        var disk: DiskWatch.Answer?
        /// Commits wait already, because the disk is full or for another reason, which is told.
        var isStoreWaiting: Bool
        var head: Int64
        var subscribers: [SubscriberState]
    }

    /// How long a commit that took long counts, in milliseconds.
    static let memory: Int64 = 60_000

    /// Commits of the last minute that took longer than the limit of their time: how long, and when that was seen, in milliseconds.
    private var slow: [(time: Int64, seen: Int64)] = []
    private var isDiskLow = false
    private var isLagging = false

    /// - Returns: what is wrong, a sentence for each part, or `nil` where all is well.
    mutating func look(_ sight: Sight, limits: Configuration.Health) -> [(part: Health.Part, sentence: String?)] {
        [
            (.storeSlow, commits(sight, limits.commitTime.milliseconds)),
            (.disk, disk(sight, Int64(limits.diskFree) << 20)),
            (.subscriberLag, lag(sight, Int64(limits.subscriberLag))),
        ]
    }

    private mutating func commits(_ sight: Sight, _ limit: Int64) -> String? {
        if sight.longestCommit > limit { slow.append((sight.longestCommit, sight.now)) }
        slow.removeAll { sight.now >= $0.seen + Self.memory || $0.time <= limit || limit == 0 }
        return slow.map(\.time).max().map { "a commit took \($0) ms within the last minute (health.commit_time is \(limit) ms)" }
    }

    /// What is nearly full is told until a tenth more than the limit is free, so that it does not come and go. Of a small disk a twentieth is enough.
    private mutating func disk(_ sight: Sight, _ limit: Int64) -> String? {
        guard limit > 0, !sight.isStoreWaiting else {
            isDiskLow = false
            return nil
        }
        // Where it is not known for once, it is as before.
        guard let answer = sight.disk else { return isDiskLow ? "it is not known how much is free on the disk of the log" : nil }
        let free = answer.space.free
        guard answer.isFresh else {
            return "the disk of the log has not said for \(answer.age / 1000) s how much is free; it was \(free >> 20) MiB"
        }
        let least = min(limit, answer.space.size / 20)
        isDiskLow = free < (isDiskLow ? least + least / 10 : least)
        return isDiskLow
            ? "\(free >> 20) MiB are free on the disk of the log, less than \(least >> 20) MiB (health.disk_free, or a twentieth of the disk)"
            : nil
    }

    /// Who is behind is told of until nobody is by more than nine tenths of the limit.
    private mutating func lag(_ sight: Sight, _ limit: Int64) -> String? {
        guard limit > 0 else {
            isLagging = false
            return nil
        }
        let bound = isLagging ? limit - limit / 10 : limit
        let behind = sight.subscribers.filter { sight.head - $0.acked > bound }
        isLagging = !behind.isEmpty
        guard let worst = behind.min(by: { $0.acked < $1.acked }) else { return nil }
        let name = String(decoding: worst.name, as: UTF8.self)
        let others = behind.count > 1 ? ", and \(behind.count - 1) more" : ""
        return
            "\(name)\(worst.isConnected ? "" : " (away)") is \(sight.head - worst.acked) events behind\(others) (health.subscriber_lag is \(limit))"
    }
}
