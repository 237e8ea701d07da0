import VicinityCore
import VicinityPipeline
import VicinityStore

// Who lives where. The town makes up what gateways are to deliver and what the operator does to the register; it is small, so that many pairs
// change, and it aims at thresholds. It knows roughly where everybody is, and nothing of what comes of it.

/// A small crowd among a few subjects.
final class Town {
    private struct Person {
        let id: [UInt8]
        var position: Coordinate
        var radius: Double
        var time: Int64
    }

    private struct Place {
        let id: [UInt8]
        /// Whether it is moved by fixes of its own; then it is put once, and gone for good when it is removed.
        let isVehicle: Bool
        var position: Coordinate?
        var kind: [UInt8]?
        /// Metres; as it is put.
        var precision: Double?
        var time: Int64
        var isRetired = false
    }

    private static let size = 1_500.0
    private static let sites: [Coordinate] = [
        Coordinate(latitude: 399_042_110, longitude: 1_164_073_950), Coordinate(latitude: 10, longitude: -1_800_000_000),
        Coordinate(latitude: 782_232_000, longitude: 156_267_000), Coordinate(latitude: 0, longitude: 0),
        Coordinate(latitude: -338_688_000, longitude: 1_512_093_000),
    ]
    static let kinds: [[UInt8]] = [Array("toll".utf8), Array("café".utf8)]

    private let dice: Dice
    private let clock: VirtualClock
    private let traits: ServiceTraits
    private let area: Area
    private var people: [Person] = []
    private var places: [Place] = []
    /// As configured now.
    private(set) var rules = Rules()

    init(_ traits: ServiceTraits, _ clock: VirtualClock, _ dice: Dice) {
        self.traits = traits
        self.clock = clock
        self.dice = dice
        area = .disc(dice.pick(Self.sites), metres: Self.size)
        rules.disclosure = dice.pick([rules.disclosure, rules.disclosure, .exact, .nothing])
        rules.accuracyCap = dice.pick([100, 100, 0])
        rules.enterDwell = dice.pick([0, 0, 700])
        rules.leaveDwell = dice.pick([0, 0, 1_500])
        rules.cooldown = dice.pick([0, 0, 2_500])
        rules.maxSpeed = dice.pick([300, 300, 0])
        rules.expireAfter = dice.pick([900_000, 4_000, 0])
        rules.radiusInterval = dice.pick([60_000, 2_000, 0])
        // After a start it counts from commits, and of these some may be pruned.
        rules.detailsGrace = 0
        rules.reportsPerUser = nil
        for id in IDPool(count: traits.users, mark: "u", using: &dice.random).ids {
            people.append(Person(id: id, position: area.place(using: &dice.random), radius: rules.radius, time: clock.unix - 60_000))
        }
        let vehicles = traits.moves ? max(1, traits.subjects / 3) : 0
        for (index, id) in IDPool(count: traits.subjects, mark: "s", using: &dice.random).ids.enumerated() {
            places.append(Place(id: id, isVehicle: index < vehicles, kind: kind(), precision: precision(), time: clock.unix - 60_000))
        }
        if traits.blurs { rules.precision = dice.pick([0, 200, 1_000]) }
    }

    private func kind() -> [UInt8]? { dice.chance(0.4) ? nil : dice.pick(Self.kinds) }

    private func precision() -> Double? { traits.blurs ? dice.pick([nil, nil, 0, 30, 300]) : nil }

    /// A user's id.
    func someUser() -> [UInt8] { dice.pick(people).id }

    /// The id of a subject that the register may have.
    func someSubject() -> [UInt8] { dice.pick(places).id }

    // MARK: - Lines

    /// What a gateway gets to deliver.
    ///
    /// - Parameter share: which part of the users it mostly hears from.
    func line(_ share: (index: Int, of: Int)) -> Line {
        if traits.moves, dice.chance(0.15), let line = vehicleLine() { return line }
        var index = dice.below(people.count)
        if dice.chance(0.8) { index = min(people.count - 1, index / share.of * share.of + share.index) }
        var person = people[index]
        defer { people[index] = person }
        if dice.chance(traits.signOffs) { return Line(.gone, person.id, at: person.position, time: time(&person.time)) }
        var radius: Double?
        if dice.chance(0.05) {
            person.radius = dice.pick([50, 200, 500, 700.25])
            radius = person.radius
        }
        person.position = destination(of: person)
        return Line(.user, person.id, at: person.position, time: time(&person.time), accuracy: accuracy(person.radius), radius: radius)
    }

    private func vehicleLine() -> Line? {
        let vehicles = places.indices.filter { places[$0].isVehicle }
        let index = dice.pick(vehicles)
        let near = dice.chance(0.5) ? dice.pick(people).position : area.place(using: &dice.random)
        let direction = dice.random.direction()
        let position = near.offset(north: direction.north * 300, east: direction.east * 300)
        return Line(.subject, places[index].id, at: position, time: time(&places[index].time), accuracy: accuracy(500))
    }

    private func destination(of person: Person) -> Coordinate {
        switch dice.below(20) {
        case 0..<7:
            guard let place = dice.pick(places).position else { return area.place(using: &dice.random) }
            let direction = dice.random.direction()
            let length = dice.real(0...person.radius)
            return place.offset(north: direction.north * length, east: direction.east * length)
        case 7..<13: return area.place(using: &dice.random)
        case 13, 14: return person.position
        case 15:
            guard let place = dice.pick(places).position else { return person.position }
            let threshold = dice.pick([person.radius, person.radius + rules.leaveMargin]) + dice.real(-0.02...0.02)
            return place.atDistance(threshold, using: &dice.random)
        default:
            let direction = dice.random.direction()
            let length = dice.real(0...80)
            return person.position.offset(north: direction.north * length, east: direction.east * length)
        }
    }

    private func accuracy(_ radius: Double) -> Double? {
        switch dice.below(12) {
        case 0: 0
        case 1, 2: dice.real(0.5...60)
        case 3: rules.maxAccuracy + dice.real(0.001...100)
        case 4: radius
        default: nil
        }
    }

    /// The `ts` of the next line of somebody whose last one is `last`.
    private func time(_ last: inout Int64) -> Int64? {
        if dice.chance(traits.absentTimes) {
            last = max(clock.unix, last + 1)
            return nil
        }
        if dice.chance(traits.oddTimes) {
            switch dice.below(5) {
            case 0: return last
            case 1: return max(0, last - dice.whole(1...5_000))
            case 2: return dice.whole(0...clock.unix)
            case 3: return clock.unix + rules.maxFuture + dice.whole(1...1_000_000)
            default: break
            }
        }
        last = min(max(last + 1 + dice.whole(0...1_500), clock.unix - dice.whole(0...4_000)), clock.unix + rules.maxFuture)
        return last
    }

    // MARK: - The register and the settings

    /// A request to put some.
    func put() -> [SubjectRow] {
        var chosen: [Int] = []
        for _ in 0..<1 + dice.below(4) {
            let index = dice.below(places.count)
            if !chosen.contains(index), !places[index].isRetired { chosen.append(index) }
        }
        return chosen.map { index in
            if traits.kindsChange, dice.chance(0.3) { places[index].kind = kind() }
            if traits.blurs, dice.chance(0.1) { places[index].precision = precision() }
            if places[index].position == nil || dice.chance(0.7) { places[index].position = site() }
            let position = places[index].position ?? Coordinate(latitude: 0, longitude: 0)
            return SubjectRow(
                slot: 0, id: places[index].id, kind: places[index].kind, latitude: Double(position.latitude) / 1e7,
                longitude: Double(position.longitude) / 1e7, precision: places[index].precision)
        }
    }

    private func site() -> Coordinate {
        guard dice.chance(0.3) else { return area.place(using: &dice.random) }
        let person = dice.pick(people)
        return person.position.atDistance(person.radius + dice.real(-0.02...0.02), using: &dice.random)
    }

    /// A request to remove some.
    func removal() -> [[UInt8]] {
        let index = dice.below(places.count)
        places[index].position = nil
        if places[index].isVehicle { places[index].isRetired = true }
        return dice.chance(0.2) ? [Array("never-put".utf8), places[index].id] : [places[index].id]
    }

    /// A subject goes from the register in another way.
    func forget(subject id: [UInt8]) {
        guard let index = places.firstIndex(where: { $0.id == id }) else { return }
        places[index].position = nil
        if places[index].isVehicle { places[index].isRetired = true }
    }

    /// A request to put some into the edition that is to come: all vehicles, since none may come back, and some of the rest.
    func edition() -> [SubjectRow] {
        places.indices.compactMap { index in
            guard !places[index].isRetired, let position = places[index].position else { return nil }
            guard places[index].isVehicle || dice.chance(0.7) else { return nil }
            let moved = !places[index].isVehicle && dice.chance(0.2) ? site() : position
            return SubjectRow(
                slot: 0, id: places[index].id, kind: places[index].kind, latitude: Double(moved.latitude) / 1e7,
                longitude: Double(moved.longitude) / 1e7, precision: places[index].precision)
        }
    }

    /// Other settings from now on.
    func reconfigure() {
        switch dice.below(traits.blurs ? 9 : 8) {
        case 8: rules.precision = dice.pick([0, 50, 200])
        case 5: rules.enterDwell = dice.pick([0, 300])
        case 6: rules.leaveDwell = dice.pick([0, 2_000])
        case 7: rules.expireAfter = dice.pick([900_000, 4_000, 10_000])
        case 0: rules.leaveMargin = dice.pick([0, 50, 200])
        case 1: rules.accuracyCap = dice.pick([0, 10, 100])
        case 2: rules.radius = dice.pick([50, 300, 500])
        case 3: rules.disclosure = dice.pick([.exact, .nothing, .bands([100, 250, 500]), .bands([77.7])])
        default: rules.maxAccuracy = dice.pick([40, 200, 1_000])
        }
    }
}
