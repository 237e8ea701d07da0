import Synchronization
import Testing
import VicinityPipeline
import VicinityStore

@Suite("Keeping what retention says")
struct RetentionKeeperTests {
    private let settings = RetentionSettings(span: 1_000_000_000_000, events: 3)

    @Test("Looks once a second when there is nothing more to do, and keeps the newest")
    func pace() throws {
        let desk = try Desk.open(events: 10)
        var keeper = RetentionKeeper(now: 0)
        #expect(try keeper.step(desk.store, settings: settings, clock: 0, now: 999) == nil)
        var now: Int64 = 1000
        while let step = try keeper.step(desk.store, settings: settings, clock: 0, now: now), !step.isDone { now += 1 }
        #expect(try desk.store.oldest() == 8)
        #expect(keeper.deadline == now + 1000)
    }

    @Test("Age counts by the clock, and not at all while the clock is not trusted")
    func age() throws {
        let desk = try Desk.open(events: 4)
        var keeper = RetentionKeeper(now: 0)
        let settings = RetentionSettings(span: 1000, events: 1_000_000)
        _ = try keeper.step(desk.store, settings: settings, clock: nil, now: 1000)
        #expect(try desk.store.oldest() == 1)
        var now: Int64 = 2000
        while let step = try keeper.step(desk.store, settings: settings, clock: .max / 2, now: now), !step.isDone { now += 1 }
        #expect(try desk.store.oldest() == 5)
    }

    @Test("A wish is carried out at once and answered when all is done")
    func prune() throws {
        let desk = try Desk.open(events: 10)
        var keeper = RetentionKeeper(now: 0)
        let answer = Mutex<Pruned?>(nil)
        keeper.add(PruneRequest(beforeSeq: 6, reply: Reply { outcome in answer.withLock { $0 = try? outcome.get() } }))
        #expect(keeper.deadline == 0)
        let settings = RetentionSettings(span: 1_000_000_000_000, events: 1000)
        while let step = try keeper.step(desk.store, settings: settings, clock: 0, now: 5), !step.isDone {}
        #expect(answer.withLock { $0 } == Pruned(oldest: 6, removed: 5))
        #expect(keeper.deadline == 1005)
    }

    @Test("A sweep goes on at once, and nobody who wishes for something else waits for it")
    func sweep() throws {
        let store = SweepingStore(steps: 3)
        var keeper = RetentionKeeper(now: 0)
        let answer = Mutex<Pruned?>(nil)
        keeper.add(PruneRequest(beforeSeq: nil, reply: Reply { outcome in answer.withLock { $0 = try? outcome.get() } }))
        var found: [Int64] = []
        for _ in 0..<4 {
            let step = try keeper.step(store, settings: settings, clock: 0, now: 5)
            found.append(step == nil ? -1 : keeper.deadline)
            #expect(answer.withLock { $0 } == Pruned(oldest: 1, removed: 0))
        }
        #expect(found == [5, 5, 1005, -1])
    }
}

/// A store without events that has something to sweep for some steps.
private final class SweepingStore: LogStore {
    let identity = LogIdentity(logID: "sweeping", signOffKey: [])
    let head = LogHead(commit: 0, seq: 0)
    private let left: Mutex<Int>

    init(steps: Int) { left = Mutex(steps) }

    func append(_ commit: Commit) throws(StoreFault) {}

    func retain(_ retention: Retention) throws(StoreFault) -> RetentionStep {
        let left = left.withLock { left in
            left -= 1
            return left
        }
        return RetentionStep(oldest: 1, removed: 0, isDone: true, isSwept: left <= 0)
    }

    let erasures: [Erasure] = []

    func erase() throws(StoreFault) -> ErasureStep { .idle }

    func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead { head }

    func blocks(committedSince time: Int64, maxBytes: Int) throws(StoreFault) -> [CommittedBlock] { [] }
}
