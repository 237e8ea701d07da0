import Synchronization
import Testing
import VicinityCore
import VicinityPipeline
import VicinityStore

/// What is remembered of leaves, and of reports, across a crash.
struct GraceTests {
    private static let identity = LogIdentity(logID: String(repeating: "a", count: 32), signOffKey: [UInt8](repeating: 7, count: 16))
    private static let key = AuditKey(bytes: [UInt8](repeating: 3, count: AuditKey.size))
    private static let peer = AuditEntry.Peer(uid: 0, gid: 0, pid: 1)

    /// A writer over a store in memory.
    private struct Daemon: ~Copyable {
        private var store: MemoryStore
        private var writer: Writer
        private var rules = Rules()
        private var seed: UInt64 = 1
        var now = ClockReading(wall: 1_732_290_000_000, steady: 0)

        init(_ change: (inout Rules) -> Void = { _ in }) throws {
            rules.maxSpeed = 0
            change(&rules)
            store = MemoryStore(MemoryStore.Contents(identity: GraceTests.identity), auditKey: GraceTests.key)
            writer = Writer(try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: try .ofTheTests, now: now))
        }

        /// Dies and starts again, with a steady clock that begins anew.
        ///
        /// - Parameter span: milliseconds that go by meanwhile.
        mutating func restart(after span: Int64) throws {
            now = ClockReading(wall: now.wall + span, steady: 1_000_000)
            store = MemoryStore(store.contents, auditKey: GraceTests.key)
            seed += 1
            writer = Writer(try Recovery.run(store, rules: rules, hashSeed: seed, precisionKey: try .ofTheTests, now: now))
        }

        mutating func pass(_ span: Int64) { now = ClockReading(wall: now.wall + span, steady: now.steady + span) }

        mutating func perform(_ work: Work) throws {
            writer.handle(work, now: now)
            let committer = Committer(store: store, feed: Feed(head: store.head.seq, oldest: 1), statistics: Statistics())
            guard case .done = committer.attempt(writer.takeCommit(now: now.wall)) else { throw Failed() }
        }

        mutating func put(_ id: String) throws {
            try perform(.put([SubjectRow(slot: 0, id: Array(id.utf8), latitude: 0, longitude: 0)], Reply { _ in }))
        }

        /// One fix of a user, at the subjects or far from them.
        mutating func fix(_ user: String, isNear: Bool) throws {
            var batch = FixBatch(source: 1, firstLine: 1)
            let id = Array(user.utf8)
            var fix = Fix(kind: .user, idOffset: 0, idLength: UInt8(id.count), line: 0, hash: IDHasher(seed: seed).hash(id))
            fix.latitude = isNear ? 0 : 100_000_000
            fix.time = now.wall
            batch.fixes = [fix]
            batch.ids = id
            batch.lineCount = 1
            try perform(.fixes(batch, Gateway(id: 1) { _ in }))
        }

        mutating func mayRead(_ user: String, _ subject: String = "s") throws -> Bool {
            let request = DetailsRequest(user: Array(user.utf8), subject: Array(subject.utf8), purpose: "why")
            let box = Answer()
            try perform(.disclosure(.approach(request, Reply { box.value = $0 })))
            return box.value
        }

        private struct Failed: Error {}
    }

    private final class Answer: Sendable {
        private let state = Mutex(false)
        var value: Bool {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    @Test func theGraceCountsFromTheLeaveAcrossACrash() throws {
        var daemon = try Daemon { $0.detailsGrace = 60_000 }
        try daemon.put("s")
        try daemon.fix("u", isNear: true)
        daemon.pass(1000)
        try daemon.fix("u", isNear: false)
        daemon.pass(30_000)
        var may = try daemon.mayRead("u")
        #expect(may)
        try daemon.restart(after: 30_000)
        may = try daemon.mayRead("u")
        #expect(may, "a minute to the millisecond")
        daemon.pass(1)
        may = try daemon.mayRead("u")
        #expect(!may)
        try daemon.restart(after: 0)
        may = try daemon.mayRead("u")
        #expect(!may)
    }

    @Test func aClockThatWasSetBackCountsAsOneThatStoodStill() throws {
        var daemon = try Daemon { $0.detailsGrace = 60_000 }
        try daemon.put("s")
        try daemon.fix("u", isNear: true)
        daemon.pass(1000)
        try daemon.fix("u", isNear: false)
        try daemon.restart(after: -3_600_000)
        daemon.pass(60_000)
        var may = try daemon.mayRead("u")
        #expect(may)
        daemon.pass(1)
        may = try daemon.mayRead("u")
        #expect(!may)
    }

    @Test func withoutAGraceNothingIsRemembered() throws {
        var daemon = try Daemon { $0.detailsGrace = 0 }
        try daemon.put("s")
        try daemon.fix("u", isNear: true)
        var may = try daemon.mayRead("u")
        #expect(may)
        daemon.pass(1)
        try daemon.fix("u", isNear: false)
        may = try daemon.mayRead("u")
        #expect(!may)
    }
}
