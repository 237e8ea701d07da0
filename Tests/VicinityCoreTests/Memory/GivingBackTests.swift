import Testing

@testable import VicinityCore

/// What users took goes back to the system when they are gone: counted in regions and segments, since what the system counts is everybody's.
struct GivingBackTests {
    /// More than three segments of 65,536.
    private static let crowd = 200_000

    @Test("A record of a user is a line and a half of the cache: two lines wherever it lies")
    func record() { #expect(MemoryLayout<UserRecord>.stride == 96) }

    @Test("Users who sign off leave one segment and one region behind, and those who come next have all they need")
    func signOff() {
        var engine = engine(expireAfter: 900_000)
        var changes = Changes()
        play(.user, at: 1000, &engine, &changes)
        #expect(engine.userCount == Self.crowd && engine.pairCount == Self.crowd)
        #expect(engine.users.segments == 4 && engine.lists.blocks == Self.crowd && engine.lists.regions > 1)
        play(.gone, at: 2000, &engine, &changes)
        #expect(engine.userCount == 0 && engine.pairCount == 0 && engine.lists.blocks == 0)
        #expect(engine.lists.regions == 1 && engine.userIndex.blocks == 0)
        // Their slots still stand in the ring that watches for silence.
        #expect(engine.users.segments == 4)
        engine.advance(to: ClockReading(wall: 2_000_000, steady: 2_000_000), into: &changes)
        #expect(engine.users.segments == 1)
        play(.user, at: 2_001_000, &engine, &changes)
        #expect(engine.userCount == Self.crowd && engine.pairCount == Self.crowd && engine.users.segments == 4)
        #expect(engine.users.count == Self.crowd)
    }

    @Test("Users who fall silent and are forgotten leave as little")
    func silence() {
        var engine = engine(expireAfter: 900_000)
        var changes = Changes()
        play(.user, at: 1000, &engine, &changes)
        engine.advance(to: ClockReading(wall: 1_000_000, steady: 1_000_000), into: &changes)
        settle(&engine, &changes)
        #expect(engine.userCount == 0 && engine.lists.blocks == 0 && engine.lists.regions == 1)
        engine.advance(to: ClockReading(wall: 100_000_000, steady: 100_000_000), into: &changes)
        settle(&engine, &changes)
        #expect(engine.users.segments == 1 && engine.userIndex.blocks == 0)
    }

    private func engine(expireAfter: Int64) -> Engine {
        var rules = Rules()
        rules.expireAfter = expireAfter
        var engine = Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var changes = Changes()
        let place = SubjectPlacement(id: [1], kind: nil, position: Coordinate(latitude: 0, longitude: 0))
        engine.put([place], now: ClockReading(wall: 0, steady: 0), into: &changes)
        return engine
    }

    /// A line of each of the crowd, all beside the subject, and what is done when a step is over.
    private func play(_ kind: Fix.Kind, at time: Int64, _ engine: inout Engine, _ changes: inout Changes) {
        var batch = FixBatch(source: 1, firstLine: 1)
        for number in 0..<UInt32(Self.crowd) {
            let id = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            batch.fixes.append(
                Fix(
                    kind: kind, idOffset: 4 * number, idLength: 4, line: number, hash: engine.hasher.hash(id),
                    latitude: Int32(number % 1000), longitude: 0, time: time))
            batch.ids += id
        }
        engine.apply(batch, now: ClockReading(wall: time, steady: time), into: &changes)
        settle(&engine, &changes)
    }

    private func settle(_ engine: inout Engine, _ changes: inout Changes) {
        engine.reclaim()
        changes = Changes()
        var journal: [UInt8] = []
        engine.takeJournal(into: &journal)
    }
}
