import Synchronization
import Testing
import VicinityCore
import VicinityPipeline
import VicinitySimulation
import VicinityStore

/// The daemon is killed in the middle of a swap of the register, again and again; what it logs is what the brute-force model says of a swap
/// in one moment.
struct EditionCrashTests {
    /// A writer over a store in memory, which works a swap out two users at a time and makes every step durable.
    private struct Daemon: ~Copyable {
        private(set) var store: MemoryStore
        private var writer: Writer
        private let rules: Rules
        private(set) var clock: ClockReading
        private var nextLine: UInt64 = 1
        private static let auditKey = AuditKey(bytes: [UInt8](repeating: 3, count: AuditKey.size))

        init(_ contents: MemoryStore.Contents, _ rules: Rules, at clock: ClockReading) throws {
            store = MemoryStore(contents, auditKey: Self.auditKey)
            self.rules = rules
            self.clock = clock
            writer = Writer(
                try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: try .ofTheTests, now: clock),
                slice: SweepLimit(steps: 2, events: 3))
        }

        /// What a kill at this moment leaves, once more.
        ///
        /// - Parameter greatestCommit: bytes; 1 lets what a swap still needs take a commit for each slice.
        mutating func restart(greatestCommit: Int) throws {
            store = MemoryStore(store.contents, auditKey: Self.auditKey)
            writer = Writer(
                try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: try .ofTheTests, now: clock),
                greatestCommit: greatestCommit,
                slice: SweepLimit(steps: 2, events: 3))
            nextLine = 1
            for _ in 0..<20 { try turn(to: clock) }
        }

        mutating func turn(to clock: ClockReading) throws {
            self.clock = clock
            writer.advance(to: clock)
            try commit()
        }

        mutating func perform(_ work: Work) throws {
            writer.handle(work, now: clock)
            try commit()
        }

        mutating func take(_ lines: [Line]) throws {
            var batch = FixBatch(source: 1, firstLine: nextLine)
            for (index, line) in lines.enumerated() {
                var fix = Fix(
                    kind: line.kind, idOffset: UInt32(batch.ids.count), idLength: UInt8(line.id.count), line: UInt32(index),
                    hash: IDHasher(seed: 1).hash(line.id))
                fix.latitude = line.position.latitude
                fix.longitude = line.position.longitude
                fix.time = line.time ?? Fix.absentTime
                fix.accuracy = line.accuracy ?? 0
                fix.radius = line.radius ?? 0
                batch.fixes.append(fix)
                batch.ids += line.id
            }
            batch.lineCount = UInt32(lines.count)
            nextLine += UInt64(lines.count)
            try perform(.fixes(batch, Gateway(id: 1) { _ in }))
        }

        private mutating func commit() throws {
            let committer = Committer(store: store, feed: Feed(head: store.head.seq, oldest: 1), statistics: Statistics())
            guard case .done = committer.attempt(writer.takeCommit(now: clock.wall)) else { throw Failed() }
        }

        private struct Failed: Error {}

        func events() throws -> [Event] {
            var events: [Event] = []
            for block in try store.blocks(after: 0, maxBytes: .max) { try block.forEachView { events.append($0.event) } }
            return events
        }
    }

    /// What the daemon has answered.
    private final class Answers: Sendable {
        private let state = Mutex((generation: Int64?.none, isSwapped: false))

        var generation: Int64? {
            get { state.withLock(\.generation) }
            set { state.withLock { $0.generation = newValue } }
        }
        var isSwapped: Bool {
            get { state.withLock(\.isSwapped) }
            set { state.withLock { $0.isSwapped = newValue } }
        }
    }

    private static let peer = AuditEntry.Peer(uid: 0, gid: 0, pid: 1)

    private func row(_ placement: SubjectPlacement) -> SubjectRow {
        SubjectRow(
            slot: 0, id: placement.id, kind: placement.kind, latitude: Double(placement.position.latitude) / 1e7,
            longitude: Double(placement.position.longitude) / 1e7, validFrom: placement.validFrom, validUntil: placement.validUntil)
    }

    @Test(arguments: [Scene.editions, .suspensions], UInt64(1)...40)
    func aSwapThatIsCutShortIsTheSameSwap(scene: Scene, seed: UInt64) throws {
        var world = World(scene, seed: seed)
        var model = Model(rules: world.rules, at: World.clockAtBeginning)
        let identity = LogIdentity(logID: String(repeating: "a", count: 32), signOffKey: [UInt8](repeating: 7, count: 16))
        var daemon = try Daemon(MemoryStore.Contents(identity: identity), world.rules, at: World.clockAtBeginning)
        let answers = Answers()
        var isStaging = false
        var isSettling = false
        var kills = 0
        var chance = SeededRandom(seed: seed)
        for _ in 0..<120 {
            var step = world.next()
            // Operators have one say, disputes come by reports.
            if case .suspend(let id, _) = step { step = .suspend(id, .operator) }
            if case .resume(let id, _) = step { step = .resume(id, .operator) }
            if case .suspend(let id, _) = step, !model.has(id) { continue }
            // A staged edition is gone with the daemon, and the world does not know.
            if case .edition(let edition) = step { if case .begin = edition {} else if !isStaging { continue } }
            model.perform(step)
            switch step {
            case .lines(let lines): try daemon.take(lines)
            case .put(let placements): try daemon.perform(.put(placements.map(row), Reply { _ in }))
            case .remove(let ids): try daemon.perform(.remove(ids, Reply { _ in }))
            case .edition(.begin):
                isStaging = true
                answers.generation = nil
                try daemon.perform(.edition(.begin(Reply { answers.generation = try? $0.get() })))
                // There is one at a time.
                while answers.generation == nil {
                    try pass(1, &daemon, &model)
                    try daemon.perform(.edition(.begin(Reply { answers.generation = try? $0.get() })))
                }
            case .edition(.put(let placements)):
                let generation = try #require(answers.generation)
                try daemon.perform(.edition(.put(placements.map(row), generation: generation, Reply { _ in })))
            case .edition(.commit):
                answers.isSwapped = false
                isSettling = true
                isStaging = false
                let generation = try #require(answers.generation)
                try daemon.perform(.edition(.commit(generation: generation, Reply { _ in answers.isSwapped = true })))
            case .edition(.abort):
                isStaging = false
                let generation = try #require(answers.generation)
                try daemon.perform(.edition(.abort(generation: generation, Reply { _ in })))
            case .suspend(let id, _): try daemon.perform(.suspension(.suspend(id, reason: "why", for: Self.peer, Reply { _ in })))
            case .resume(let id, _): try daemon.perform(.suspension(.resume(id, reason: "why", for: Self.peer, Reply { _ in })))
            case .forget(let id): try daemon.perform(.forget(id, for: Self.peer, Reply { _ in }))
            case .rules, .rotate: Issue.record("settings do not change here")
            case .clock(let span):
                try daemon.turn(to: ClockReading(wall: daemon.clock.wall + span, steady: daemon.clock.steady + span))
            case .jump(let span): try daemon.turn(to: ClockReading(wall: daemon.clock.wall + span, steady: daemon.clock.steady))
            }
            if isSettling, answers.isSwapped { isSettling = false }
            guard isSettling, !isStaging, chance.chance(0.3) else { continue }
            kills += 1
            isSettling = false
            model.restart(at: daemon.clock)
            model.turn(to: daemon.clock)
            try daemon.restart(greatestCommit: seed.isMultiple(of: 2) ? 1 : Writer.greatestCommit)
        }
        while isSettling {
            try pass(1, &daemon, &model)
            isSettling = !answers.isSwapped
        }
        let expected = byUser(model.events)
        let found = byUser(try daemon.events())
        for user in expected.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            #expect(found[user] == expected[user], "seed \(seed), \(Text.quoted(user))")
        }
        #expect(found.count == expected.count)
        #expect(kills > 0 || seed > 3 || scene == .suspensions, "nobody was killed")
    }

    private func pass(_ span: Int64, _ daemon: inout Daemon, _ model: inout Model) throws {
        let clock = ClockReading(wall: daemon.clock.wall + span, steady: daemon.clock.steady + span)
        model.turn(to: clock)
        try daemon.turn(to: clock)
    }

    /// What every user has seen, without the numbers that depend on what others have seen.
    private func byUser(_ events: [Event]) -> [[UInt8]: [String]] {
        Dictionary(grouping: events) { $0.user ?? [] }.mapValues { events in
            events.map { event in
                switch event.change {
                case .enter(let cause, let disclosed): "\(event.time) enter \(Text.quoted(event.subject)) \(cause) \(disclosed)"
                case .leave(let cause, _, let lasted): "\(event.time) leave \(Text.quoted(event.subject)) \(cause) \(lasted)"
                case .report(let number, let kind): "\(event.time) report \(Text.quoted(event.subject)) \(number) \(kind)"
                case .following: "\(event.time) following \(Text.quoted(event.subject))"
                }
            }
        }
    }
}
