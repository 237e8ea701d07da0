import Synchronization
import Testing
import VicinitySystem

@testable import VicinityPipeline
@testable import VicinityServer

@Suite("What the manager is told and asked")
struct PatienceTests {
    /// counts at each look; asks: y more time is asked for, n not
    @Test(arguments: [
        (counts: [1, 2, 3] as [UInt64], asks: "yyy"),
        (counts: [0, 0], asks: "nn"),
        (counts: [5, 5, 6, 6], asks: "ynyn"),
    ])
    func aCountedStepIsWaitedForWhileItCounts(counts: [UInt64], asks: String) {
        var patience = Patience(.counted, now: 0)
        let result = counts.enumerated().map { patience.look(count: $1, now: Int64($0) * 5000) ? "y" : "n" }.joined()
        #expect(result == asks)
    }

    @Test func aSilentStepIsWaitedForAsLongAsItsSizeSaysAndNotForEver() {
        var patience = Patience(Patience.reading(bytes: 900_000_000), now: 1000)
        // A minute, and 900 MB at 5 MB/s.
        let end: Int64 = 1000 + 60_000 + 180_000
        #expect(patience.look(count: 0, now: 1000) && patience.look(count: 0, now: end - 1))
        #expect(!patience.look(count: 0, now: end) && !patience.look(count: 1, now: end + 1))
    }

    @Test(
        arguments: [
            (
                trouble: [], subscribers: [], unnamed: nil,
                text: "3 users, 2 subjects, 1 pairs inside; 41 fixes/s, 0.3 events/s; no subscribers"
            ),
            (
                trouble: [], subscribers: [("relay-1", 90, true), ("relay-2", 70, false)], unnamed: nil,
                text: "3 users, 2 subjects, 1 pairs inside; 41 fixes/s, 0.3 events/s; subscriber relay-2 (away) is 30 events behind"
            ),
            (
                trouble: [], subscribers: [("relay-1", 90, true)], unnamed: 40,
                text: "3 users, 2 subjects, 1 pairs inside; 41 fixes/s, 0.3 events/s; a subscriber without a name is 40 events behind"
            ),
            (
                trouble: ["the store waits", "the clock was set"], subscribers: [("relay-1", 100, true)], unnamed: 0,
                text: "degraded: the store waits; the clock was set. 3 users, 2 subjects, 1 pairs inside; 41 fixes/s, 0.3 events/s; "
                    + "subscribers are up to date"
            ),
        ] as [(trouble: [String], subscribers: [(String, Int64, Bool)], unnamed: Int64?, text: String)])
    func statusText(trouble: [String], subscribers: [(String, Int64, Bool)], unnamed: Int64?, text: String) {
        var snapshot = Snapshot()
        snapshot.users = 3
        snapshot.subjects = 2
        snapshot.pairs = 1
        snapshot.head = 100
        snapshot.subscribers = subscribers.map { SubscriberState(name: Array($0.utf8), acked: $1, wallTime: 0, isConnected: $2) }
        let status = StatusText(snapshot: snapshot, rates: (40.6, 0.25), trouble: trouble, unnamedLag: unnamed)
        #expect(status.text == text)
    }
}

@Suite("Long work: what the manager hears")
struct LongWorkTests {
    private final class Manager: Sendable {
        private let heard = Mutex<[String]>([])

        var messages: [String] { heard.withLock { $0 } }
        var requests: Int { messages.count { $0 == "EXTEND_TIMEOUT_USEC=30000000" } }

        func notifier() -> Notifier { Notifier { text in self.heard.withLock { $0.append(text) } } }

        func until(_ what: String, _ isSo: () -> Bool) async throws {
            for _ in 0..<3000 {
                if isSo() { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("\(what): \(messages)")
        }
    }

    @Test("Time is asked for while the work goes on, not when it hangs, and again with the next step; nothing is said after its end")
    func asks() async throws {
        let manager = Manager()
        let work = LongWork("one", .counted, request: .seconds(30), notifier: manager.notifier(), interval: 2)
        defer { work.end() }
        var count: UInt64 = 0
        try await manager.until("three requests") {
            count += 1
            work.counted(count, "one, \(count)")
            return manager.requests >= 3
        }
        // It hangs: the request for what it did last may be on its way still.
        try await Task.sleep(for: .milliseconds(50))
        let requests = manager.requests
        try await Task.sleep(for: .milliseconds(200))
        #expect(manager.requests == requests)
        work.begin("two", .within(60_000))
        try await manager.until("a request for the next step") { manager.requests > requests }
        #expect(manager.messages.first?.hasPrefix("STATUS=one") == true, "\(manager.messages)")
        work.end()
        let messages = manager.messages
        try await Task.sleep(for: .milliseconds(100))
        #expect(manager.messages == messages)
    }

    @Test("A step that has not moved when the manager could be asked is looked at again with the next look, not five later")
    func asksAsSoonAsSomethingMoves() async throws {
        let manager = Manager()
        let looks = Mutex(0)
        let asked = Mutex<Int?>(nil)
        let notifier = Notifier { text in
            guard text.hasPrefix("EXTEND_TIMEOUT_USEC=") else { return }
            asked.withLock { $0 = $0 ?? looks.withLock { $0 } }
        }
        // The first call is the one with which the step begins.
        let work = LongWork("one", .counted, request: .seconds(30), notifier: notifier, interval: 2) {
            looks.withLock {
                $0 += 1
                return $0 <= 7 ? 0 : 1
            }
        }
        defer { work.end() }
        try await manager.until("a request") { asked.withLock { $0 != nil } }
        #expect(asked.withLock { $0 } == 8)
    }
}
