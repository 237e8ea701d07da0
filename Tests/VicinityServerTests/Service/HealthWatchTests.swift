// What degrades a daemon that works: when it begins, and when it is over.

import Testing
import VicinityConfiguration

@testable import VicinityPipeline
@testable import VicinityServer

@Suite("Health: what is wrong though everything works")
struct HealthWatchTests {
    private var watch = HealthWatch()
    private var limits = Configuration().health

    private static func sight(
        _ now: Int64, commit: Int64 = 0, free: Int64? = 1 << 40, of size: Int64 = 1 << 40, age: Int64 = 1000, isWaiting: Bool = false,
        head: Int64 = 0,
        _ subscribers: [SubscriberState] = []
    ) -> HealthWatch.Sight {
        HealthWatch.Sight(
            now: now, longestCommit: commit, disk: free.map { DiskWatch.Answer(space: DiskWatch.Space(free: $0, size: size), age: age) },
            isStoreWaiting: isWaiting, head: head,
            subscribers: subscribers)
    }

    private mutating func troubles(_ sight: HealthWatch.Sight) -> [Health.Part: String] {
        var found: [Health.Part: String] = [:]
        for (part, sentence) in watch.look(sight, limits: limits) { found[part] = sentence }
        return found
    }

    @Test("A commit that took long counts for a minute, and the longest is named")
    mutating func commits() {
        #expect(troubles(Self.sight(0, commit: 1000)).isEmpty)
        #expect(troubles(Self.sight(1000, commit: 1001))[.storeSlow]?.contains("1001 ms") == true)
        #expect(troubles(Self.sight(30_000, commit: 4000))[.storeSlow]?.contains("4000 ms") == true)
        #expect(troubles(Self.sight(60_000, commit: 1500))[.storeSlow]?.contains("4000 ms") == true)
        #expect(troubles(Self.sight(90_000))[.storeSlow]?.contains("1500 ms") == true)
        #expect(troubles(Self.sight(119_999))[.storeSlow] != nil)
        #expect(troubles(Self.sight(120_000)).isEmpty)
        // Another limit counts at once.
        #expect(troubles(Self.sight(121_000, commit: 1500))[.storeSlow] != nil)
        limits.commitTime = .seconds(2)
        #expect(troubles(Self.sight(122_000)).isEmpty)
        limits.commitTime = .zero
        #expect(troubles(Self.sight(130_000, commit: 60_000)).isEmpty)
    }

    @Test("A disk that is nearly full is told of until a tenth more than the limit is free")
    mutating func disk() {
        limits.diskFree = 100
        #expect(troubles(Self.sight(0, free: 100 << 20)).isEmpty)
        #expect(troubles(Self.sight(0, free: (100 << 20) - 1))[.disk]?.hasPrefix("99 MiB are free") == true)
        #expect(troubles(Self.sight(0, free: 109 << 20))[.disk] != nil)
        #expect(troubles(Self.sight(0, free: 110 << 20)).isEmpty)
        #expect(troubles(Self.sight(0, free: 105 << 20)).isEmpty)
        #expect(troubles(Self.sight(0, free: nil)).isEmpty)
        #expect(troubles(Self.sight(0, free: 0))[.disk] != nil)
        #expect(troubles(Self.sight(0, free: nil))[.disk] != nil)
        // Of a small disk a twentieth is enough, and where the store waits it says so itself.
        #expect(troubles(Self.sight(0, free: 5 << 20, of: 100 << 20, isWaiting: true)).isEmpty)
        #expect(troubles(Self.sight(0, free: 5 << 20, of: 100 << 20)).isEmpty)
        #expect(troubles(Self.sight(0, free: 4 << 20, of: 100 << 20))[.disk]?.contains("less than 5 MiB") == true)
        limits.diskFree = 0
        #expect(troubles(Self.sight(0, free: 0)).isEmpty)
    }

    @Test("A disk that does not answer is told of, with what it said last, and is then as it was before")
    mutating func silentDisk() {
        limits.diskFree = 100
        #expect(troubles(Self.sight(0, free: 200 << 20, age: 9_999)).isEmpty)
        #expect(
            troubles(Self.sight(0, free: 200 << 20, age: 10_000))[.disk]
                == "the disk of the log has not said for 10 s how much is free; it was 200 MiB")
        #expect(troubles(Self.sight(0, free: 105 << 20)).isEmpty, "it was not low before")
        #expect(troubles(Self.sight(0, free: 99 << 20))[.disk] != nil)
        #expect(troubles(Self.sight(0, free: 99 << 20, age: 60_000))[.disk]?.contains("60 s") == true)
        #expect(troubles(Self.sight(0, free: 105 << 20))[.disk]?.hasPrefix("105 MiB are free") == true, "it was low before")
    }

    @Test("Who is furthest behind is named, and how many more there are")
    mutating func lag() {
        limits.subscriberLag = 10
        func state(_ name: String, _ acked: Int64, _ isConnected: Bool = true) -> SubscriberState {
            SubscriberState(name: Array(name.utf8), acked: acked, wallTime: 0, isConnected: isConnected)
        }
        #expect(troubles(Self.sight(0, head: 20, [state("a", 10)])).isEmpty)
        #expect(
            troubles(Self.sight(0, head: 20, [state("a", 9)]))[.subscriberLag]
                == "a is 11 events behind (health.subscriber_lag is 10)")
        #expect(
            troubles(Self.sight(0, head: 20, [state("a", 9), state("b", 2, false), state("c", 20)]))[.subscriberLag]
                == "b (away) is 18 events behind, and 1 more (health.subscriber_lag is 10)")
        #expect(troubles(Self.sight(0, head: 20, [state("a", 10)]))[.subscriberLag] != nil)
        #expect(troubles(Self.sight(0, head: 20, [state("a", 11)])).isEmpty)
        #expect(troubles(Self.sight(0, head: 20, [state("a", 10)])).isEmpty)
        limits.subscriberLag = 0
        #expect(troubles(Self.sight(0, head: 20, [state("a", 0)])).isEmpty)
    }
}
