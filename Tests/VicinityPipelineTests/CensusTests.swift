import Synchronization
import Testing
import VicinityCore
import VicinityPipeline
import VicinityStore

/// The census goes through the writer in slices, and holds nobody up.
struct CensusTests {
    private static let place = Coordinate(latitude: 399_000_000, longitude: 1_164_000_000)

    private final class Told: Sendable {
        private let state = Mutex<[Census]>([])

        var all: [Census] { state.withLock { $0 } }

        func take(_ census: Census) { state.withLock { $0.append(census) } }
    }

    private struct Daemon: ~Copyable {
        private let store: MemoryStore
        private(set) var writer: Writer
        var now = ClockReading(wall: 1_732_290_000_000, steady: 0)

        /// - Parameter steps: a slice; the census looks at 64 slots for each.
        init(steps: Int) throws {
            let identity = LogIdentity(logID: String(repeating: "a", count: 32), signOffKey: [UInt8](repeating: 7, count: 16))
            store = MemoryStore(MemoryStore.Contents(identity: identity), auditKey: AuditKey(bytes: Array(0..<32)))
            writer = Writer(
                try Recovery.run(store, rules: Rules(), hashSeed: 1, precisionKey: try .ofTheTests, now: now),
                slice: SweepLimit(steps: steps, events: 1_000))
        }

        mutating func perform(_ work: Work) { writer.handle(work, now: now) }

        mutating func pass(_ span: Int64) {
            now = ClockReading(wall: now.wall + span, steady: now.steady + span)
            writer.advance(to: now)
        }

        /// - Returns: whether there was something to make durable.
        mutating func commit() throws -> Bool {
            guard !writer.isEmpty else { return false }
            let committer = Committer(store: store, feed: Feed(head: store.head.seq, oldest: 1), statistics: Statistics())
            guard case .done = committer.attempt(writer.takeCommit(now: now.wall)) else { throw Failed() }
            return true
        }

        /// The next moment at which the writer wants to go on.
        var wake: Int64? { writer.wake(now: now) }

        private struct Failed: Error {}

        mutating func users(_ numbers: Range<Int>, at place: Coordinate) throws {
            var batch = FixBatch(source: 1, firstLine: 1)
            for number in numbers {
                let id = Array("u-\(number)".utf8)
                batch.fixes.append(
                    Fix(
                        kind: .user, idOffset: UInt32(batch.ids.count), idLength: UInt8(id.count),
                        line: UInt32(number - numbers.lowerBound),
                        hash: IDHasher(seed: 1).hash(id), latitude: place.latitude, longitude: place.longitude, time: now.wall))
                batch.ids += id
            }
            batch.lineCount = UInt32(numbers.count)
            perform(.fixes(batch, Gateway(id: 1) { _ in }))
            _ = try commit()
        }
    }

    @Test("It takes several turns where there are many, each of them asked for, and is told after a commit")
    func slices() throws {
        var daemon = try Daemon(steps: 1)
        try daemon.users(0..<300, at: Self.place)
        let told = Told()
        daemon.perform(.census(Reply { told.take($0) }))
        var turns = 0
        while told.all.isEmpty, turns < 100 {
            let next = daemon.wake
            let wake = try #require(next)
            #expect(wake > daemon.now.steady)
            daemon.pass(max(1, wake - daemon.now.steady))
            _ = try daemon.commit()
            turns += 1
        }
        // 64 of 300 were looked at with the first.
        #expect(turns == 4)
        #expect(told.all.map(\.userCount) == [300])
        // And then it wants nothing any more but what it wanted before.
        daemon.pass(100)
        let (next, present) = (daemon.wake, daemon.now.steady)
        #expect(next.map { $0 > present + 10 } ?? true)
        let isDone = try !daemon.commit()
        #expect(isDone)
    }

    @Test("Fixes and put subjects have their turn in between, and all who wait are told of the same")
    func between() throws {
        var daemon = try Daemon(steps: 1)
        try daemon.users(0..<300, at: Self.place)
        let told = Told()
        daemon.perform(.census(Reply { told.take($0) }))
        try daemon.users(300..<310, at: Self.place)
        daemon.perform(.census(Reply { told.take($0) }))
        daemon.perform(.put([SubjectRow(slot: 0, id: [65], latitude: 5, longitude: 5)], Reply { _ in }))
        _ = try daemon.commit()
        #expect(told.all.isEmpty)
        for _ in 0..<20 {
            daemon.pass(4)
            _ = try daemon.commit()
        }
        #expect(told.all.count == 2)
        #expect(told.all.allSatisfy { $0.userCount == 310 && $0.subjectCount == 1 && $0.isComplete })
        // The next one is counted anew.
        try daemon.users(310..<320, at: Self.place)
        daemon.perform(.census(Reply { told.take($0) }))
        for _ in 0..<20 {
            daemon.pass(4)
            _ = try daemon.commit()
        }
        #expect(told.all.map(\.userCount) == [310, 310, 320])
    }

    @Test("Nothing of it is written to the log")
    func leavesNoTrace() throws {
        var daemon = try Daemon(steps: 500)
        try daemon.users(0..<20, at: Self.place)
        let told = Told()
        daemon.perform(.census(Reply { told.take($0) }))
        let open = daemon.writer.openSize
        #expect(open == 0)
        let isTold = try daemon.commit()
        #expect(isTold && told.all.map(\.userCount) == [20])
    }
}
