import Testing
import VicinityCore
import VicinitySimulation

/// Sentences of the contract, one test each, on a small stage: subjects at and near 0° 0°, the clock at 1,000,000 ms.
struct ModelRuleTests {
    private static let start: Int64 = 1_000_000
    private let here = Coordinate(latitude: 0, longitude: 0)
    /// 445 m east.
    private let near = Coordinate(latitude: 0, longitude: 40_000)
    /// 1,113 m east.
    private let away = Coordinate(latitude: 0, longitude: 100_000)
    private let user = [UInt8]("u".utf8)

    private func model(_ subjects: [String] = ["s"], _ change: (inout Rules) -> Void = { _ in }) -> Model {
        var rules = Rules.timeless
        change(&rules)
        var model = Model(rules: rules, at: ClockReading(wall: Self.start, steady: 0))
        model.perform(.put(subjects.map { SubjectPlacement(id: [UInt8]($0.utf8), kind: nil, position: here) }))
        return model
    }

    private func fix(_ position: Coordinate, _ time: Int64?, of user: String = "u", accuracy: Double? = nil, radius: Double? = nil) -> Step
    {
        .lines([Line(.user, [UInt8](user.utf8), at: position, time: time, accuracy: accuracy, radius: radius)])
    }

    private func gone(_ time: Int64?) -> Step { .lines([Line(.gone, user, at: here, time: time)]) }

    /// Type, cause, subject, user and time of the events, a word each.
    private func story(_ events: some Sequence<Event>) -> [String] {
        events.map { event in
            let subject = String(decoding: event.subject, as: UTF8.self)
            let user = String(decoding: event.user ?? [], as: UTF8.self)
            switch event.change {
            case .enter(let cause, _): return "enter \(cause.word) \(subject) \(user) \(event.time)"
            case .leave(let cause, let encounter, let lasted):
                return "leave \(cause.word) \(subject) \(user) \(event.time) of \(encounter) after \(lasted)"
            case .report(let number, let kind): return "report \(number) \(kind) \(subject) \(user) \(event.time)"
            case .following: return "following \(subject) \(user) \(event.time)"
            }
        }
    }

    @Test func leavesComeBeforeEntersByBytesOfSubjectThenUser() {
        var model = model(["ab", "a", "b"])
        model.perform(fix(here, 10, of: "v"))
        model.perform(fix(here, 10, of: "u"))
        model.perform(
            .put([
                SubjectPlacement(id: [UInt8]("b".utf8), kind: nil, position: away),
                SubjectPlacement(id: [UInt8]("a".utf8), kind: nil, position: away),
                SubjectPlacement(id: [UInt8]("B".utf8), kind: nil, position: here),
            ]))
        #expect(
            story(model.events) == [
                "enter user a v 10", "enter user ab v 10", "enter user b v 10", "enter user a u 10", "enter user ab u 10",
                "enter user b u 10",
                "leave subject a u 1000000 of 4 after 999990", "leave subject a v 1000000 of 1 after 999990",
                "leave subject b u 1000000 of 6 after 999990", "leave subject b v 1000000 of 3 after 999990",
                "enter subject B u 1000000", "enter subject B v 1000000",
            ])
        #expect(model.events.map(\.seq) == Array(1...12))
    }

    @Test func causesOfAUsersFix() {
        var model = model { $0.radius = 300 }
        model.perform(fix(near, 10))
        model.perform(fix(near, 20, radius: 500))  // only the radius
        model.perform(fix(away, 30, radius: 600))  // moved, with a new radius
        model.perform(fix(near, 40, accuracy: 150, radius: 100))  // too small now
        model.perform(fix(near, 50, accuracy: 20, radius: 500))  // accuracy changed as well
        #expect(story(model.events) == ["enter radius s u 20", "leave user s u 30 of 1 after 10", "enter user s u 50"])
    }

    @Test func theRadiusIsKeptUntilChangedAndForgottenWithTheUser() {
        var model = model()
        model.perform(fix(near, 10, radius: 300))
        model.perform(fix(near, 20))
        #expect(model.events.isEmpty)
        model.perform(gone(30))
        model.perform(fix(near, 40))
        #expect(story(model.events) == ["enter user s u 40"])
    }

    @Test func staleLinesChangeNothing() {
        var model = model()
        model.perform(fix(here, 100))
        model.perform(fix(away, 100))
        model.perform(fix(away, 99, radius: 50))
        model.perform(gone(99))
        #expect(story(model.events) == ["enter user s u 100"])
        #expect(model.tally.stale == 3)
        model.perform(gone(100))  // a sign-off of the same instant counts
        #expect(story(model.events.dropFirst()) == ["leave gone s u 100 of 1 after 0"])
    }

    @Test func aSignOffKeepsResendsHarmlessForAnHour() {
        var model = model()
        let resent = [fix(here, 100), gone(200)]
        for step in resent + resent { model.perform(step) }
        model.perform(.clock(3_599_999))
        for step in resent { model.perform(step) }
        #expect(story(model.events) == ["enter user s u 100", "leave gone s u 200 of 1 after 100"])
        #expect(model.userCount == 0)
        model.perform(.clock(2 * 3_600_000))
        model.perform(fix(here, 100))
        #expect(story(model.events.dropFirst(2)) == ["enter user s u 100"])
    }

    @Test func aLineWithoutTimeIsDatedByTheClockOrJustAfterTheLast() {
        var model = model()
        model.perform(fix(away, nil))
        model.perform(fix(here, nil))
        model.perform(gone(nil))
        model.perform(fix(here, nil))
        #expect(story(model.events) == ["enter user s u 1000001", "leave gone s u 1000002 of 1 after 1", "enter user s u 1000003"])
    }

    @Test func errorsChangeNothing() {
        var model = model()
        model.perform(
            .lines([
                Line(.user, user, at: here, time: Self.start + 10_001),
                Line(.subject, [UInt8]("t".utf8), at: here, time: Self.start + 10_001),
                Line(.gone, user, at: here, time: Self.start + 10_001),
                Line(.user, user, at: away, time: Self.start + 10_000),
            ]))
        #expect(
            model.errors == [
                LineFault(line: 0, code: .futureFix), LineFault(line: 1, code: .unknownSubject), LineFault(line: 2, code: .futureFix),
            ])
        #expect(model.events.isEmpty)
        #expect(model.tally.invalid == 3)
        #expect(model.tally.accepted == 1)
    }

    @Test func anInaccurateFixChangesNothing() {
        var model = model()
        model.perform(fix(here, 10, accuracy: 200.5, radius: 60))
        #expect(model.userCount == 0)
        model.perform(fix(here, 10, accuracy: 200))
        model.perform(fix(away, 20, accuracy: 201))
        model.perform(fix(here, 15))  // an inaccurate fix makes none stale
        #expect(story(model.events) == ["enter user s u 10"])
        #expect(model.tally.inaccurate == 2)
        #expect(model.tally.accepted == 2)
    }

    @Test func removalLeavesAndAPutEntersAnew() {
        var model = model()
        model.perform(fix(here, Self.start + 5_000))
        model.perform(.remove([[UInt8]("none".utf8), [UInt8]("s".utf8), [UInt8]("s".utf8)]))
        model.perform(.clock(7))
        let again = SubjectPlacement(id: [UInt8]("s".utf8), kind: [UInt8]("toll".utf8), position: here)
        model.perform(.put([again]))
        model.perform(.put([again]))
        #expect(
            story(model.events) == [
                "enter user s u 1005000", "leave removed s u 1000000 of 1 after 0",  // an encounter lasts 0 at least
                "enter subject s u 1000007",
            ])
        #expect(model.events.last?.kind == [UInt8]("toll".utf8))
    }

    @Test(arguments: [
        (position: Coordinate(latitude: 0, longitude: 0), disclosure: Disclosure.bands([100, 250]), says: Disclosed.within(100)),
        (Coordinate(latitude: 0, longitude: 20_000), .bands([100, 250]), .within(250)),  // 222.64 m
        (Coordinate(latitude: 0, longitude: 40_000), .bands([100, 250]), .within(500)),
        (Coordinate(latitude: 0, longitude: 40_000), .bands([1_000]), .within(500)),
        (Coordinate(latitude: 0, longitude: 40_000), .bands([]), .within(500)),
        (Coordinate(latitude: 0, longitude: 40_000), .nothing, .nothing),
        (Coordinate(latitude: 0, longitude: 40_000), .exact, .distance(445.28)),  // 445.278
    ])
    func whatAnEnterSaysOfTheDistance(position: Coordinate, disclosure: Disclosure, says: Disclosed) {
        var model = model { $0.disclosure = disclosure }
        model.perform(fix(position, 10))
        #expect(model.events.map(\.change) == [.enter(.user, says)])
    }

    @Test func aMovingSubjectIsTheMirrorOfAMovingUser() {
        var model = Model(rules: .timeless, at: ClockReading(wall: Self.start, steady: 0))
        model.perform(.put([SubjectPlacement(id: [UInt8]("s".utf8), kind: nil, position: away)]))
        model.perform(fix(here, 10))
        for (position, time) in [(near, Int64(20)), (away, 30), (near, 30)] {
            model.perform(.lines([Line(.subject, [UInt8]("s".utf8), at: position, time: time)]))
        }
        #expect(story(model.events) == ["enter subject s u 20", "leave subject s u 30 of 1 after 10"])
        #expect(model.tally.stale == 1)
    }
}
