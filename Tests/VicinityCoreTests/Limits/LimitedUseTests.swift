import Testing
import VicinityCore

/// So many details or reports in any stretch of time, on a clock that nobody sets.
struct LimitedUseTests {
    private static let wall: Int64 = 1_732_290_000_000
    private static let user = Array("u".utf8)

    private static func makeEngine() -> Engine {
        var rules = Rules()
        rules.detailsPerUser = Rules.Limit(count: 2, span: 10_000)
        rules.reportsPerUser = nil
        rules.forgetAfter = 5_000
        rules.expireAfter = 1_000
        return Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
    }

    /// What would be stored.
    private struct Disk {
        var journals: [[UInt8]] = []
        var signOffs: [SignOff] = []

        mutating func take(_ engine: inout Engine, _ changes: inout Changes) {
            engine.reclaim()
            var journal: [UInt8] = []
            engine.takeJournal(into: &journal)
            journals.append(journal)
            signOffs += changes.signOffs
            changes.removeAll()
        }

        func restore(now: ClockReading) throws -> Engine {
            var restoration = Restoration(LimitedUseTests.makeEngine())
            for signOff in signOffs { restoration.signOff(signOff) }
            for (place, journal) in journals.enumerated() { try restoration.journal(commit: Int64(place) + 1, journal) }
            return try restoration.finish(now: now)
        }
    }

    private func line(_ kind: Fix.Kind, _ time: Int64, _ engine: inout Engine, at now: ClockReading, _ changes: inout Changes) {
        var batch = FixBatch(source: 1, firstLine: 1)
        batch.ids = Self.user
        batch.fixes = [Fix(kind: kind, idOffset: 0, idLength: 1, line: 0, hash: engine.hasher.hash(Self.user), time: time)]
        engine.apply(batch, now: now, into: &changes)
    }

    /// Whether the user may be granted details at a reading of the clocks.
    private func may(_ engine: inout Engine, _ wall: Int64, _ steady: Int64, _ changes: inout Changes) -> Bool {
        engine.advance(to: ClockReading(wall: Self.wall + wall, steady: steady), into: &changes)
        return engine.mayUse(.details, user: Self.user)
    }

    @Test(arguments: [false, true])
    func slides(isKnown: Bool) {
        var engine = Self.makeEngine()
        var changes = Changes()
        #expect(may(&engine, 0, 100, &changes))
        if isKnown { line(.user, Self.wall, &engine, at: ClockReading(wall: Self.wall, steady: 100), &changes) }
        engine.use(.details, user: Self.user, into: &changes)
        #expect(may(&engine, 500, 600, &changes))
        engine.use(.details, user: Self.user, into: &changes)
        #expect(!may(&engine, 500, 600, &changes))
        // Setting the clock refills nothing, and empties nothing; but that somebody is gone is remembered by that clock.
        if isKnown {
            #expect(!may(&engine, 1_000_000, 700, &changes))
            #expect(!may(&engine, -1_000_000, 700, &changes))
        }
        #expect(!may(&engine, 0, 10_099, &changes))
        #expect(may(&engine, 0, 10_100, &changes))
        engine.use(.details, user: Self.user, into: &changes)
        #expect(!may(&engine, 0, 10_599, &changes))
        #expect(may(&engine, 0, 10_600, &changes))
        let mayReport = engine.mayUse(.reports, user: Self.user)
        #expect(mayReport)
    }

    /// Signing off, returning, silence and forgetting, and a start in between: it is as if nothing had happened.
    @Test(arguments: [
        [], ["gone"], ["gone", "start", "back"], ["silence"], ["silence", "start", "back", "start"], ["start", "gone", "back"],
    ])
    func outlives(story: [String]) throws {
        var engine = Self.makeEngine()
        var changes = Changes()
        var disk = Disk()
        var now = ClockReading(wall: Self.wall, steady: 100)
        line(.user, Self.wall, &engine, at: now, &changes)
        engine.use(.details, user: Self.user, into: &changes)
        engine.use(.details, user: Self.user, into: &changes)
        disk.take(&engine, &changes)
        for (place, word) in story.enumerated() {
            switch word {
            case "gone": line(.gone, Self.wall + 10 + Int64(place), &engine, at: now, &changes)
            case "back": line(.user, Self.wall + 6_500 + Int64(place), &engine, at: now, &changes)
            case "silence":
                // First silent, then forgotten.
                for _ in 0..<7 {
                    now = ClockReading(wall: now.wall + 1_000, steady: now.steady + 1_000)
                    engine.advance(to: now, into: &changes)
                }
                let user = engine.user(Self.user)
                #expect(user == nil)
            default: break
            }
            disk.take(&engine, &changes)
            if word == "start" {
                now = ClockReading(wall: now.wall + 1, steady: 3)
                engine = try disk.restore(now: now)
            }
            let may = engine.mayUse(.details, user: Self.user)
            #expect(!may, "after \(word)")
        }
        let elapsed = now.wall - Self.wall
        engine.advance(to: ClockReading(wall: now.wall, steady: now.steady + 9_998 - elapsed), into: &changes)
        let before = engine.mayUse(.details, user: Self.user)
        engine.advance(to: ClockReading(wall: now.wall, steady: now.steady + 10_000 - elapsed), into: &changes)
        let after = engine.mayUse(.details, user: Self.user)
        #expect(!before && after)
    }

    /// A clock that was far ahead before the last start leaves times of the future: they count as of now.
    @Test func timesOfTheFuture() throws {
        var engine = Self.makeEngine()
        var changes = Changes()
        var disk = Disk()
        line(.user, Self.wall, &engine, at: ClockReading(wall: Self.wall + 86_400_000, steady: 0), &changes)
        engine.use(.details, user: Self.user, into: &changes)
        engine.use(.details, user: Self.user, into: &changes)
        disk.take(&engine, &changes)
        engine = try disk.restore(now: ClockReading(wall: Self.wall, steady: 0))
        #expect(!may(&engine, 0, 0, &changes))
        #expect(!may(&engine, 9_999, 9_999, &changes))
    }
}
