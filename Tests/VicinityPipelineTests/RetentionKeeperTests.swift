import Synchronization
import Testing
import VicinityPipeline
import VicinityStore

@Suite("Keeping what retention says")
struct RetentionKeeperTests {
    private let settings = RetentionSettings(span: 1_000_000_000_000, events: 3)

    @Test("Looks once a second when there is nothing more to do, and keeps the newest")
    func pace() throws {
        var desk = try Desk.open()
        desk.put("s")
        desk.events(10)
        var keeper = RetentionKeeper(now: 0)
        #expect(try keeper.step(desk.store, settings: settings, clock: 0, now: 999) == nil)
        var now: Int64 = 1000
        while let step = try keeper.step(desk.store, settings: settings, clock: 0, now: now), !step.isDone { now += 1 }
        #expect(try desk.store.oldest() == 8)
        #expect(keeper.deadline == now + 1000)
    }

    @Test("Age counts by the clock, and not at all while the clock is not trusted")
    func age() throws {
        var desk = try Desk.open()
        desk.put("s")
        desk.events(4)
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
        var desk = try Desk.open()
        desk.put("s")
        desk.events(10)
        var keeper = RetentionKeeper(now: 0)
        let answer = Mutex<Pruned?>(nil)
        keeper.add(PruneRequest(beforeSeq: 6, reply: Reply { outcome in answer.withLock { $0 = try? outcome.get() } }))
        #expect(keeper.deadline == 0)
        let settings = RetentionSettings(span: 1_000_000_000_000, events: 1000)
        while let step = try keeper.step(desk.store, settings: settings, clock: 0, now: 5), !step.isDone {}
        #expect(answer.withLock { $0 } == Pruned(oldest: 6, removed: 5))
        #expect(keeper.deadline == 1005)
    }
}
