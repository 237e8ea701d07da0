import Testing
import VicinityCore

/// What a journal says of users: briefly where it can, at length where it must, and as older versions did.
struct JournalTests {
    private static let wall: Int64 = 2_000_000_000_000

    /// Each is a fix of a user of its own: what it brings, and whether it fits into a brief user of the second journal.
    private struct Case {
        var accuracy = 5.0
        var radius = 0.0
        /// Against the first user's, in milliseconds.
        var time: Int64 = 0
        let isBrief: Bool
    }

    private static let cases = [
        Case(isBrief: true),
        Case(accuracy: 12.3, isBrief: true),
        Case(accuracy: 0.1, isBrief: true),
        Case(accuracy: 409.5, isBrief: true),
        Case(accuracy: 409.6, isBrief: false),
        Case(accuracy: 12.34, isBrief: false),
        Case(accuracy: 12.3.nextUp, isBrief: false),
        Case(radius: 500, isBrief: true),
        Case(radius: 501, isBrief: false),
        Case(time: 524_287, isBrief: true),
        Case(time: 524_288, isBrief: false),
        Case(time: -524_288, isBrief: true),
        Case(time: -524_289, isBrief: false),
    ]

    private static func makeEngine() -> Engine {
        var rules = Rules()
        rules.radius = 500
        rules.maxAccuracy = 1_000_000
        return Engine(rules: rules, hashSeed: 5, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
    }

    private static func batch(_ cases: [Case], at time: Int64, _ hasher: IDHasher) -> FixBatch {
        var batch = FixBatch(source: 1, firstLine: 1)
        for (index, one) in cases.enumerated() {
            let id = Array("u\(index)".utf8)
            batch.fixes.append(
                Fix(
                    kind: .user, idOffset: UInt32(batch.ids.count), idLength: UInt8(id.count), line: UInt32(index), hash: hasher.hash(id),
                    latitude: Int32(index) * 10, longitude: -Int32(index), time: time + one.time, accuracy: one.accuracy,
                    radius: one.radius))
            batch.ids.append(contentsOf: id)
        }
        return batch
    }

    private static func journal(_ engine: inout Engine, _ batch: FixBatch) -> [UInt8] {
        var changes = Changes()
        engine.apply(batch, now: ClockReading(wall: wall, steady: 0), into: &changes)
        engine.reclaim()
        var bytes: [UInt8] = []
        engine.takeJournal(into: &bytes)
        return bytes
    }

    @Test func everyUserIsToldExactly() throws {
        var engine = Self.makeEngine()
        let first = Self.journal(&engine, Self.batch(Self.cases, at: Self.wall - 2_000_000, engine.hasher))
        let second = Self.journal(&engine, Self.batch(Self.cases, at: Self.wall - 1_000_000, engine.hasher))
        for (bytes, time) in [(first, Self.wall - 2_000_000), (second, Self.wall - 1_000_000)] {
            let journal = try #require(StoredJournal(bytes: bytes))
            let users = journal.users.sorted { $0.slot < $1.slot }
            #expect(users.map(\.slot) == Self.cases.indices.map { UInt32($0) })
            for (index, one) in Self.cases.enumerated() {
                let user = try #require(users[index].user)
                #expect(user.position == Coordinate(latitude: Int32(index) * 10, longitude: -Int32(index)))
                #expect(user.time == time + one.time)
                #expect(user.accuracy == one.accuracy)
                #expect(user.radius == (one.radius == 0 ? 500 : one.radius))
                #expect(user.hasOwnRadius == (one.radius > 0))
                #expect(!user.isNearOutside)
            }
        }
    }

    /// Nobody is written at length who need not be: that is what a brief user is for.
    @Test func mostAreTakenBriefly() throws {
        for one in Self.cases.indices {
            let cases = [Self.cases[0], Self.cases[one]]
            var engine = Self.makeEngine()
            _ = Self.journal(&engine, Self.batch(cases, at: Self.wall - 2_000_000, engine.hasher))
            let bytes = Self.journal(&engine, Self.batch(cases, at: Self.wall - 1_000_000, engine.hasher))
            // Version, head, no operations; references of 6 and 2 bytes; n, and no others, no subjects, no changes of limits.
            #expect((bytes.count == 3 + 8 + 4 + 2 * 16 + 3) == Self.cases[one].isBrief, "case \(one)")
        }
    }

    /// One user of 500 m with a pair, and then without: as version 4 wrote it.
    @Test func aJournalOfVersionFourIsRead() throws {
        let place: [UInt8] = [10, 0, 0, 0, 246, 255, 255, 255]
        let user = place + [100] + [232, 7] + [10]
        let opened: [UInt8] = [4, 1] + [1] + [1, 0, 1, 200, 1, 1] + [1] + [0, 9, 1, 65] + user + [0] + [0]
        let closed: [UInt8] = [4, 2] + [1] + [0, 0] + [1] + [0, 1] + user + [0] + [0]

        let first = try #require(StoredJournal(bytes: opened))
        #expect(first.operations == [.opened(user: 0, StoredPair(subject: 0, encounter: 1, since: 100, cause: .user))])
        #expect(first.users.first?.user?.id == [65])
        let second = try #require(StoredJournal(bytes: closed))
        #expect(second.operations == [.closed(user: 0, subject: 0)])
        #expect(second.users.first?.user?.radius == 500)

        var restoration = Restoration(Self.makeEngine())
        let placement = SubjectPlacement(id: [66], kind: nil, position: Coordinate(latitude: 10, longitude: -10))
        restoration.subject(slot: 0, placement, shown: nil)
        try restoration.journal(commit: 1, opened)
        try restoration.journal(commit: 2, closed)
        let engine = try restoration.finish(now: ClockReading(wall: Self.wall, steady: 0))
        #expect(engine.head == 2)
        #expect(engine.userCount == 1)
        #expect(engine.pairCount == 0)
    }

    /// A brief user of whom nothing was told before is no user.
    @Test func aBriefUserMustBeKnown() throws {
        var engine = Self.makeEngine()
        let cases = [Self.cases[0]]
        _ = Self.journal(&engine, Self.batch(cases, at: Self.wall - 2_000_000, engine.hasher))
        let bytes = Self.journal(&engine, Self.batch(cases, at: Self.wall - 1_000_000, engine.hasher))
        var restoration = Restoration(Self.makeEngine())
        #expect(throws: Restoration.Damaged.self) { try restoration.journal(commit: 2, bytes) }
    }
}
