import Testing
import VicinityCore
import VicinitySimulation

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
            // Version, head, no operations; references of 6 and 2 bytes; the number of brief users.
            #expect((bytes[11..<15] == [2, 0, 0, 0]) == Self.cases[one].isBrief, "case \(one)")
        }
    }

    /// Five thousand people within 30 km, and as many all over the world; more than go into one frame.
    @Test(arguments: [(Int64(2_500_000), 10.1), (850_000_000, 12.1)])
    func aBriefUserIsShort(span: Int64, greatest: Double) throws {
        var random = SeededRandom(seed: 5)
        var engine = Self.makeEngine()
        engine.rules.maxSpeed = 0
        var sizes: [Int] = []
        for round in Int64(1)...2 {
            var batch = FixBatch(source: 1, firstLine: 1)
            for number in 0..<5000 {
                let id = Array("u\(number)".utf8)
                batch.fixes.append(
                    Fix(
                        kind: .user, idOffset: UInt32(batch.ids.count), idLength: UInt8(id.count), line: UInt32(number),
                        hash: engine.hasher.hash(id), latitude: Int32(random.whole(-span...span)),
                        longitude: Int32(2 * random.whole(-span...span)),
                        time: Self.wall - 3_000_000 + round * 1_000_000 + random.whole(0...500), accuracy: Double(random.below(30))))
                batch.ids += id
            }
            let bytes = Self.journal(&engine, batch)
            let users = try #require(StoredJournal(bytes: bytes)).users
            #expect(users.count == 5000)
            for (fix, told) in zip(batch.fixes, users) {
                #expect(told.user?.position == Coordinate(latitude: fix.latitude, longitude: fix.longitude))
                #expect(told.user?.time == fix.time)
            }
            sizes.append(bytes.count)
        }
        #expect(Double(sizes[1]) / 5000 < greatest)
    }

    /// Two brief users, as version 5 wrote them, and a frame that is none.
    @Test func aJournalOfVersionFiveIsRead() throws {
        func journal(_ version: UInt8, _ brief: [UInt8]) -> [UInt8] {
            // Head 3, no operations; the time of reference 1,000, 500 m, two brief users; nobody else.
            [version, 3, 0] + [208, 15] + [232, 7] + [2, 0, 0, 0] + brief + [0, 0, 0]
        }
        let place: [UInt8] = [10, 0, 0, 0, 246, 255, 255, 255]
        // 5 ms later and 1 ms earlier, 3 and 409.5 m; the second with a radius of its own, and near but outside.
        let five = journal(5, [7, 0, 0, 0] + place + [5, 0, 224, 1] + [8, 0, 0, 192] + place + [255, 255, 255, 255])
        let users = try #require(StoredJournal(bytes: five)).users
        #expect(users.map(\.slot) == [7, 8])
        let (first, second) = (try #require(users[0].user), try #require(users[1].user))
        #expect(first.position == Coordinate(latitude: 10, longitude: -10) && second.position == first.position)
        #expect(first.time == 1005 && first.accuracy == 3 && !first.hasOwnRadius && !first.isNearOutside)
        #expect(second.time == 999 && second.accuracy == 409.5 && second.hasOwnRadius && second.isNearOutside)

        // The same in version 6: slots from 7 on in one bit, one place, times from −1 on in three bits, accuracies from 30 on in twelve.
        let frame: [UInt8] = [14, 1] + [20, 0] + [19, 0] + [1, 3] + [60, 12]
        let six = journal(6, frame + [0b0011_0000, 0, 0] + [0b0100_0111, 0b1111_1000, 0b0000_0011])
        let same = try #require(StoredJournal(bytes: six)).users
        #expect(same.map(\.slot) == [7, 8])
        #expect(same[0].user == first && same[1].user == second)

        for (place, wrong) in [(0, UInt8(1)), (1, 33), (3, 65), (7, 60)] {
            var frame = frame
            frame[place] = wrong
            #expect(StoredJournal(bytes: journal(6, frame + [UInt8](repeating: 0, count: 6))) == nil, "byte \(place) of the frame")
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

    /// A user `u`, of whom the first journal has told, and the journal of what happens to the user in the second commit.
    private func second(_ batches: [FixBatch], near subject: Coordinate? = nil) -> (first: [UInt8], second: [UInt8]) {
        var engine = Self.makeEngine()
        var changes = Changes()
        let now = ClockReading(wall: Self.wall, steady: 0)
        if let subject { _ = engine.put([SubjectPlacement(id: [115], kind: nil, position: subject)], now: now, into: &changes) }
        let first = Self.journal(&engine, Self.fix(east: 0, at: 1, engine.hasher))
        for batch in batches.dropLast() {
            engine.apply(batch, now: now, into: &changes)
            engine.reclaim()
        }
        return (first, Self.journal(&engine, batches[batches.count - 1]))
    }

    private static func fix(east units: Int32, at second: Int64, isGone: Bool = false, _ hasher: IDHasher? = nil) -> FixBatch {
        let hasher = hasher ?? makeEngine().hasher
        var batch = FixBatch(source: 1, firstLine: 1)
        batch.ids = [117]
        batch.fixes = [
            Fix(
                kind: isGone ? .gone : .user, idOffset: 0, idLength: 1, line: 0, hash: hasher.hash([117]), latitude: 0, longitude: units,
                time: wall - 1_000_000 + second * 1000, accuracy: 5)
        ]
        return batch
    }

    @Test("Of several fixes in one commit the last one counts")
    func theLastFixCounts() throws {
        let (first, journal) = second([Self.fix(east: 10, at: 2), Self.fix(east: 20, at: 3), Self.fix(east: 30, at: 4)])
        let users = try #require(StoredJournal(bytes: journal)).users
        #expect(users.map { $0.user?.position.longitude } == [10, 20, 30])
        var restoration = Restoration(Self.makeEngine())
        try restoration.journal(commit: 1, first)
        try restoration.journal(commit: 2, journal)
        let engine = try restoration.finish(now: ClockReading(wall: Self.wall, steady: 0))
        #expect(engine.user([117])?.position == Coordinate(latitude: 0, longitude: 30))
    }

    @Test("A fix that brings an event is noted once, as it has left the user")
    func aFixWithAnEventIsNotedOnce() throws {
        let journal = try #require(
            StoredJournal(
                bytes: second([Self.fix(east: 60_000, at: 60)], near: Coordinate(latitude: 0, longitude: 60_000)).second))
        #expect(journal.operations.count == 1)
        #expect(journal.users.map { $0.user?.position.longitude } == [60_000])
    }

    /// A journal lives as long as the state is not written anew, which is longer than somebody who is gone may be known.
    @Test("Where somebody was who is gone in the same commit stands nowhere in its journal")
    func whoIsGoneIsNotTold() throws {
        let journals = [Int32(10), 20].map { east in
            second([Self.fix(east: east, at: 2), Self.fix(east: 0, at: 3, isGone: true)]).second
        }
        #expect(journals[0] == journals[1])
        let users = try #require(StoredJournal(bytes: journals[0])).users
        #expect(users.count == 1 && users[0].user == nil)
    }

    @Test("Nor does it where somebody was who falls silent in the same commit, come back or not", arguments: [false, true])
    func whoIsSilentIsNotTold(comesBack: Bool) throws {
        let journals = [Int32(10), 20].map { east in
            var engine = Self.makeEngine()
            var changes = Changes()
            _ = Self.journal(&engine, Self.fix(east: 0, at: 1))
            engine.apply(Self.fix(east: east, at: 2), now: ClockReading(wall: Self.wall, steady: 0), into: &changes)
            let later = ClockReading(wall: Self.wall + 3_600_000, steady: 3_600_000)
            engine.advance(to: later, into: &changes)
            if comesBack { engine.apply(Self.fix(east: 0, at: 1_800), now: later, into: &changes) }
            engine.reclaim()
            var bytes: [UInt8] = []
            engine.takeJournal(into: &bytes)
            return bytes
        }
        #expect(journals[0] == journals[1])
        let users = try #require(StoredJournal(bytes: journals[0])).users
        #expect(users.count == 1 && (users[0].user?.silentSince != nil) == !comesBack)
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
