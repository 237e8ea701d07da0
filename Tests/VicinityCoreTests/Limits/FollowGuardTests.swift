import Testing
import VicinityCore
import VicinitySimulation

/// A user and a bus, in metres along a line; what the follow guard of the contract's defaults says to it.
///
/// Engine and model play the same; a story says `enter`, `leave` with its cause, `following`.
private final class Outing {
    static let noon: Int64 = 1_732_276_800_000

    private var engine: EngineAdapter
    private var model: Model
    private let start: Coordinate
    /// Of the line: one of these is 0 to 1.
    private let way: (north: Double, east: Double)
    private(set) var events: [Event] = []

    init(
        at start: Coordinate = Coordinate(latitude: 481_372_000, longitude: 115_755_000), way: (north: Double, east: Double) = (0, 1),
        guarding: Rules.FollowGuard = Rules.FollowGuard(places: 3, apart: 500, within: 3_600_000, mute: 86_400_000),
        budget: Rules.Limit? = nil
    ) {
        var rules = Rules()
        rules.follow = guarding
        rules.subjectsPerUser = budget
        // Nobody is silent while nothing is told of the clock.
        let now = ClockReading(wall: Self.noon + 30 * 86_400_000, steady: 0)
        engine = EngineAdapter(rules: rules, at: now, seed: 1)
        model = Model(rules: rules, at: now)
        self.start = start
        self.way = way
    }

    func place(_ metres: Double) -> Coordinate { start.offset(north: way.north * metres, east: way.east * metres) }

    func perform(_ step: Step) {
        let seen = model.events.count
        model.perform(step)
        let (found, _) = engine.perform(step)
        #expect(found == Array(model.events[seen...]))
        #expect(engine.tally == model.tally)
        events += found
    }

    func put(_ names: String..., at metres: Double = 0) {
        perform(.put(names.map { SubjectPlacement(id: Array($0.utf8), kind: nil, position: place(metres)) }))
    }

    /// A bus is at a place, seconds after noon.
    func bus(_ metres: Double, _ second: Double, name: String = "bus") {
        perform(.lines([Line(.subject, Array(name.utf8), at: place(metres), time: Self.noon + Int64(second * 1000))]))
    }

    func user(_ metres: Double, _ second: Double, name: String = "u") {
        perform(.lines([Line(.user, Array(name.utf8), at: place(metres), time: Self.noon + Int64(second * 1000), accuracy: 5)]))
    }

    func signOff(_ second: Double, name: String = "u") {
        perform(.lines([Line(.gone, Array(name.utf8), at: start, time: Self.noon + Int64(second * 1000))]))
    }

    /// What happened since this was last asked.
    func story() -> [String] {
        defer { events = [] }
        return events.map { event in
            let subject = String(decoding: event.subject, as: UTF8.self)
            switch event.change {
            case .enter: return "enter \(subject)"
            case .leave(let cause, _, _): return "leave \(subject) \(cause)"
            case .report: return "report \(subject)"
            case .following: return "following \(subject)"
            }
        }
    }
}

struct FollowGuardTests {
    // MARK: - Who never follows

    /// A bus comes by at right angles, and goes.
    @Test(arguments: [1.4, 4, 12], [3.0, 10, 25])
    func aChanceCrossing(walking: Double, driving: Double) {
        let outing = Outing()
        outing.put("bus", at: -5_000)
        let centre = outing.place(0)
        for second in stride(from: -600.0, through: 600, by: 5) {
            let bus = centre.offset(north: driving * second, east: 0)
            outing.perform(.lines([Line(.subject, Array("bus".utf8), at: bus, time: Outing.noon + Int64(second * 1000))]))
            outing.user(walking * second, second)
        }
        let story = outing.story()
        #expect(story.count == 2 && story.first == "enter bus" && story.last != "leave bus muted", "\(story)")
    }

    /// The same bus to the next stop, 700 m on; then each goes a way of their own.
    @Test(arguments: [1.0, 5, 20])
    func aRideOfOneStop(interval: Double) {
        let outing = Outing()
        outing.put("bus", at: -3_000)
        for second in stride(from: 0.0, through: 400, by: interval) {
            outing.bus(-2_000 + 10 * second, second)
            outing.user(min(700, max(0, -2_000 + 10 * second)), second + 0.5)
        }
        #expect(!outing.story().contains { $0.hasPrefix("following") })
    }

    /// Who waits at a stop while the same bus comes by every ten minutes.
    @Test func aStopWhereBusesPass() {
        let outing = Outing()
        outing.put("bus", at: -3_000)
        for round in 0..<6 {
            for second in stride(from: 0.0, through: 400, by: 10) {
                outing.bus(-2_000 + 10 * second, second + Double(round) * 600)
                outing.user(0, second + Double(round) * 600 + 0.5)
            }
        }
        #expect(outing.story().count { $0 == "enter bus" } >= 6)
        #expect(!outing.story().contains { $0.hasPrefix("following") })
    }

    /// Who drives past a subject that hardly moves, again and again: it takes both.
    @Test func aStreetSweeperPassed() {
        let outing = Outing()
        outing.put("bus")
        for second in stride(from: 0.0, through: 3_500, by: 20) {
            outing.bus(second / 100, second)
            outing.user(second.truncatingRemainder(dividingBy: 400) * 10 - 2_000, second + 1)
        }
        #expect(!outing.story().contains { $0.hasPrefix("following") })
    }

    /// A queue that comes 900 m on in an hour.
    @Test func aTrafficJam() {
        let outing = Outing()
        outing.put("bus")
        for second in stride(from: 0.0, through: 3_600, by: 15) {
            outing.bus(second / 4, second)
            outing.user(second / 4 - 30, second + 1)
        }
        #expect(outing.story() == ["enter bus"])
    }

    /// Followed over places that are too long ago: the third comes when the first counts no more.
    @Test func tooSlow() {
        let outing = Outing()
        outing.put("bus")
        for second in stride(from: 0.0, through: 4 * 3_600, by: 30) {
            outing.bus(second / 3_600 * 990, second)
            outing.user(second / 3_600 * 990, second + 1)
        }
        #expect(outing.story() == ["enter bus"])
    }

    // MARK: - Who always does

    /// 100 m behind for 3 km, anywhere, in any direction, at any pace.
    @Test(
        arguments: [
            Coordinate(latitude: 0, longitude: 0), Coordinate(latitude: 481_372_000, longitude: 115_755_000),
            Coordinate(latitude: -546_000_000, longitude: 1_799_999_000), Coordinate(latitude: 782_232_000, longitude: -1_799_900_000),
            Coordinate(latitude: 899_000_000, longitude: 500_000_000),
        ], [(1.0, 0.0), (0, 1), (-0.6, 0.8)])
    func aFollower(start: Coordinate, way: (Double, Double)) {
        for (speed, interval) in [(1.2, 1.0), (1.2, 60), (5, 10), (15, 5), (33, 20)] {
            let outing = Outing(at: start, way: way)
            outing.put("bus")
            var muted: Double?
            var story: [String] = []
            for second in stride(from: 0.0, through: 3_000 / speed, by: interval) {
                outing.bus(speed * second, second)
                outing.user(speed * second - 100, second + 0.25)
                story += outing.story()
                if muted == nil, story.last == "following bus" { muted = speed * second }
            }
            // Nothing comes after it. Where the bus goes far between two fixes, the pair leaves and enters in between.
            #expect(story.suffix(2) == ["leave bus muted", "following bus"], "\(start), \(way), \(speed) m/s: \(story)")
            #expect(story.count { $0 == "following bus" } == 1)
            // Two steps of 500 m, and at most what lies between two fixes each; lines are a little curved.
            #expect(muted.map { (980...1_020 + 2 * speed * interval).contains($0) } == true, "\(String(describing: muted))")
        }
    }

    /// Leaving and entering again in between, fixes of the bus that come late, signing off: it is the places that count.
    @Test func whoDropsBackFollowsAllTheSame() {
        let outing = Outing()
        outing.put("bus")
        for (metres, second) in [(0.0, 0.0), (600, 100), (1_200, 200)] {
            outing.bus(metres, second)
            outing.user(metres, second + 1)
            if metres < 1_200 { outing.user(metres - 800, second + 30) }
            if metres == 600 { outing.signOff(second + 40) }
        }
        #expect(
            outing.story() == [
                "enter bus", "leave bus user", "enter bus", "leave bus user", "enter bus", "leave bus muted", "following bus",
            ])
    }

    /// Two at once: leaves by id, then what is said of them, by id.
    @Test func twoBuses() {
        let outing = Outing()
        outing.put("b", "a", "fixed")
        for (metres, second) in [(0.0, 0.0), (300, 50), (600, 100), (900, 150), (1_200, 200)] {
            outing.bus(metres, second, name: "b")
            outing.bus(metres, second, name: "a")
            outing.user(metres, second + 1)
        }
        #expect(
            outing.story() == [
                "enter a", "enter b", "enter fixed", "leave fixed user", "leave a muted", "leave b muted", "following a", "following b",
            ])
    }

    // MARK: - Exactly

    /// A place counts for `within`, and not at its end.
    @Test(arguments: [(3_599.999, true), (3_600, false)])
    func theSpanOfAPlace(third: Double, follows: Bool) {
        let outing = Outing()
        outing.put("bus")
        for (metres, second) in [(0.0, 0.0), (600, 1_800), (1_200, third)] {
            outing.bus(metres, max(0, second - 1))
            outing.user(metres, second)
        }
        #expect(outing.story().contains("following bus") == follows)
    }

    /// What the contract's words mean by apart: 500 m are, a centimetre less is not; of the user and of the subject.
    @Test(arguments: [(500.02, 500.02, true), (499.98, 510, false), (510, 499.98, false)])
    func apart(user: Double, bus: Double, follows: Bool) {
        let outing = Outing(guarding: Rules.FollowGuard(places: 2, apart: 500, within: 3_600_000, mute: 86_400_000))
        outing.put("bus")
        outing.bus(0, 0)
        outing.user(0, 1)
        outing.bus(bus, 100)
        outing.user(user, 101)
        #expect(outing.story().contains("following bus") == follows)
    }

    /// Outside until the mute is over, by any evaluation: of the user's fixes, of the bus's, of a bus that stands still.
    @Test(arguments: ["user", "bus", "standing"], [(-0.001, false), (0, true)])
    func theEndOfAMute(by side: String, end: (offset: Double, enters: Bool)) {
        let outing = Outing(guarding: Rules.FollowGuard(places: 2, apart: 500, within: 3_600_000, mute: 600_000))
        outing.put("bus")
        for (metres, second) in [(0.0, 0.0), (300, 50), (600, 100)] {
            outing.bus(metres, second)
            outing.user(metres, second + 1)
        }
        outing.bus(610, 102)
        #expect(outing.story() == ["enter bus", "leave bus muted", "following bus"])
        switch side {
        case "user": outing.user(601, 701 + end.offset)
        case "bus": outing.bus(620, 701 + end.offset)
        default: outing.bus(610, 701 + end.offset)
        }
        #expect(outing.story() == (end.enters ? ["enter bus"] : []))
    }

    /// Signing off, and a subject that is removed and put again, end no mute; nor do places begin anew while it lasts.
    @Test func aMuteOutlives() {
        let outing = Outing(guarding: Rules.FollowGuard(places: 2, apart: 500, within: 3_600_000, mute: 600_000))
        outing.put("bus")
        outing.bus(0, 0)
        outing.user(0, 1)
        outing.bus(600, 100)
        outing.user(600, 101)
        _ = outing.story()
        outing.signOff(110)
        outing.user(600, 120)
        outing.perform(.remove([Array("bus".utf8)]))
        // A put is dated by the clock.
        outing.put("bus", at: 9_000)
        outing.bus(601, 130)
        outing.user(602, 131)
        outing.signOff(132)
        outing.signOff(133)
        outing.user(600, 140)
        #expect(outing.story() == [])
        // Somebody else was never in question.
        outing.user(600, 150, name: "v")
        outing.user(600, 701)
        #expect(outing.story() == ["enter bus", "enter bus"])
    }

    /// A mute that is over by the user's own fixes is over for an older fix of the subject too, and for no other.
    @Test(arguments: [(last: 700.999, enters: false), (last: 701, enters: true)])
    func aMuteEndsForLateFixes(end: (last: Double, enters: Bool)) {
        let outing = Outing(guarding: Rules.FollowGuard(places: 2, apart: 500, within: 3_600_000, mute: 600_000))
        outing.put("bus")
        outing.bus(0, 0)
        outing.user(0, 1)
        outing.bus(600, 100)
        outing.user(600, 101)
        outing.user(5_000, end.last)
        _ = outing.story()
        outing.bus(5_000, 699)
        #expect(outing.story() == (end.enters ? ["enter bus"] : []))
    }

    /// One place is one too many: whoever enters leaves at once.
    @Test func aSinglePlace() {
        let outing = Outing(guarding: Rules.FollowGuard(places: 1, apart: 500, within: 1, mute: 1_000))
        outing.put("bus", "fixed")
        outing.bus(0, 0)
        outing.user(0, 1)
        #expect(outing.story() == ["enter bus", "enter fixed", "leave bus muted", "following bus"])
    }

    /// A subject that begins to move is one that whoever is inside already can follow.
    @Test func aSubjectThatBeginsToMove() {
        let outing = Outing(guarding: Rules.FollowGuard(places: 2, apart: 500, within: 3_600_000, mute: 600_000))
        outing.put("bus")
        outing.user(0, 0)
        outing.user(1, 1)
        outing.bus(0, 2)
        outing.user(2, 3)
        outing.bus(300, 50)
        outing.user(300, 51)
        outing.bus(600, 100)
        outing.user(600, 101)
        #expect(outing.story() == ["enter bus", "leave bus muted", "following bus"])
    }
}

/// Distinct subjects that one user may enter.
struct BudgetTests {
    private func outing(_ count: Int) -> Outing {
        Outing(guarding: Rules.FollowGuard(places: 100, apart: 500, within: 1, mute: 1), budget: Rules.Limit(count: count, span: 600_000))
    }

    /// In the order of the ids, whatever the distances; the last that is too many stays outside.
    @Test(arguments: [0, 1, 2, 3, 4])
    func inTheContractsOrder(count: Int) {
        let outing = outing(count)
        outing.put("c", at: 0)
        outing.put("a", at: 300)
        outing.put("b", at: -200)
        outing.user(0, 0)
        #expect(outing.story() == ["enter a", "enter b", "enter c"].prefix(count).map { $0 })
    }

    /// The window: at its end there is room again. What was entered and counts may be entered again, and is renewed by it.
    @Test func slides() {
        let outing = outing(2)
        outing.put("a", at: 0)
        outing.put("b", at: 2_000)
        outing.put("c", at: 4_000)
        outing.user(0, 0)
        outing.user(2_000, 100)
        outing.user(0, 200)
        outing.user(4_000, 300)
        outing.user(4_001, 699.999)
        #expect(outing.story() == ["enter a", "leave a user", "enter b", "leave b user", "enter a", "leave a user"])
        outing.user(4_000, 700)
        #expect(outing.story() == ["enter c"])
        // Of a and c the former counts until 800.
        outing.user(2_000, 799.999)
        outing.user(2_001, 800)
        #expect(outing.story() == ["leave c user", "enter b"])
    }

    /// Each pair that is withheld counts once, until it is near no more. The outing holds the tally against the model's.
    @Test func countsEachPairOnce() {
        var rules = Rules()
        rules.subjectsPerUser = Rules.Limit(count: 1, span: 600_000)
        let now = ClockReading(wall: Outing.noon + 86_400_000, steady: 0)
        var engine = EngineAdapter(rules: rules, at: now, seed: 1)
        let place = Coordinate(latitude: 1, longitude: 1)
        func line(_ place: Coordinate, _ second: Int64) -> Step {
            .lines([Line(.user, [117], at: place, time: Outing.noon + second * 1000)])
        }
        _ = engine.perform(.put(["a", "b", "c"].map { SubjectPlacement(id: Array($0.utf8), kind: nil, position: place) }))
        for second in Int64(0)..<5 { _ = engine.perform(line(place, second)) }
        #expect(engine.tally.withheld == 2)
        _ = engine.perform(line(place.offset(north: 2_000, east: 0), 60))
        _ = engine.perform(line(place, 120))
        #expect(engine.tally.withheld == 4)
        #expect(engine.pairCount == 1)
    }

    @Test func signingOffBringsNothing() {
        let outing = outing(1)
        outing.put("a", at: 0)
        outing.put("b", at: 2_000)
        outing.user(0, 0)
        outing.signOff(10)
        outing.user(2_000, 20)
        outing.signOff(30)
        outing.user(0, 40)
        #expect(outing.story() == ["enter a", "leave a gone", "enter a"])
    }
}
