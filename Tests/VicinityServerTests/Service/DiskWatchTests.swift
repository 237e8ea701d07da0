import Dispatch
import Synchronization
import Testing

@testable import VicinityServer

/// Nobody waits for a disk but the thread that asks it.
@Suite(.timeLimit(.minutes(1))) struct DiskWatchTests {
    /// A disk that answers when it is told to.
    private final class Disk: Sendable {
        let asked = Atomic<Int>(0)
        private let free = Mutex<Int64?>(100)
        private let answers = DispatchSemaphore(value: 0)

        /// The first answer is 100.
        init() { answers.signal() }

        func answer() -> DiskWatch.Space? {
            asked.add(1, ordering: .relaxed)
            answers.wait()
            return free.withLock { $0.map { DiskWatch.Space(free: $0, size: 1000) } }
        }

        /// Answers one question.
        func say(_ free: Int64?) {
            self.free.withLock { $0 = free }
            answers.signal()
        }
    }

    private let disk = Disk()
    private let watch: DiskWatch

    init() { watch = DiskWatch(now: 5000) { [disk] in disk.answer() } }

    private func eventually(_ isSo: () -> Bool) async { while !isSo(), !Task.isCancelled { await Task.yield() } }

    @Test func theFirstAnswerIsThereAtOnce() {
        #expect(watch.answer(now: 5000) == DiskWatch.Answer(space: DiskWatch.Space(free: 100, size: 1000), age: 0))
        #expect(watch.answer(now: 4999)?.age == 0)
    }

    @Test func whileItHangsTheLastAnswerGrowsOldAndNobodyElseAsks() async {
        for _ in 0..<10 { watch.ask() }
        await eventually { disk.asked.load(ordering: .relaxed) == 2 }
        for _ in 0..<10 { watch.ask() }
        #expect(watch.answer(now: 14_999).map { $0.isFresh && $0.space.free == 100 } == true)
        #expect(watch.answer(now: 15_000).map { !$0.isFresh && $0.space.free == 100 && $0.age == 10_000 } == true)
        disk.say(70)
        await eventually { watch.answer(now: .max)?.space.free == 70 }
        #expect(disk.asked.load(ordering: .relaxed) == 2)
        // And it is asked again.
        disk.say(60)
        watch.ask()
        await eventually { watch.answer(now: .max)?.space.free == 60 }
    }

    @Test func whatCannotBeToldIsNotKnown() async {
        disk.say(nil)
        watch.ask()
        await eventually { watch.answer(now: 5000) == nil }
    }
}
