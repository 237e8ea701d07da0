// A world draws its steps from one seed: what users send, what the operator does with the register and the settings, and
// how the clock goes on. It knows roughly where everybody is, so that it can aim at thresholds; what comes of it is the
// business of model and engine alone.

package import VicinityCore

/// A source of steps.
package struct World: Sendable {
    /// As far as a world knows of a user.
    private struct Person {
        let id: [UInt8]
        var position: Coordinate
        var radius: Double
        var time: Int64
        var accuracy: Double?
    }

    /// When every world begins, in Unix milliseconds.
    package static let beginning: Int64 = 1_732_290_000_000

    /// The settings that hold before the first step.
    package private(set) var rules: Rules
    private let scenery: Scenery
    private var random: SeededRandom
    private var now = World.beginning
    /// Milliseconds since the clock last went on by hours.
    private var sinceLeap: Int64 = 0
    private var people: [Person] = []
    private var subjectIDs: [[UInt8]]
    /// Where the register has which subject.
    private var places: [Int: Coordinate] = [:]
    private var opening: [Int]
    private var awaiting: Step?

    package init(_ scene: Scene, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        scenery = scene.scenery
        rules = Self.draw(for: scene, using: &random)
        subjectIDs = IDPool(count: scenery.subjects, mark: "s", using: &random).ids
        opening = Array(0..<Int(Double(scenery.subjects) * scenery.initially))
        let users = IDPool(count: scenery.users, mark: "u", using: &random).ids
        for id in users {
            people.append(
                Person(id: id, position: scenery.area.place(using: &random), radius: rules.radius, time: Self.beginning - 60_000))
        }
        self.random = random
    }

    /// The next thing that happens.
    package mutating func next() -> Step {
        if !opening.isEmpty {
            let count = min(opening.count, 1 + random.below(scenery.subjects))
            defer { opening.removeFirst(count) }
            return put(Array(opening.prefix(count)))
        }
        var roll = random.fraction()
        func falls(_ chance: Double) -> Bool {
            defer { roll -= chance }
            return roll >= 0 && roll < chance
        }
        if falls(scenery.puts) { return put(choice()) }
        if falls(scenery.removes) { return remove(choice()) }
        if falls(scenery.clocks) { return advance() }
        if falls(scenery.reloads) {
            rules = Self.vary(rules, using: &random)
            return .rules(rules)
        }
        let count = 1 + random.below(random.chance(0.01) ? scenery.lines * 20 : scenery.lines)
        return .lines((0..<count).map { _ in line() })
    }
}

// MARK: - Users

extension World {
    private mutating func line() -> Line {
        let index = random.below(people.count)
        var person = people[index]
        if random.chance(scenery.signOffs) {
            let time = time(of: &person)
            people[index] = person
            return Line(.gone, person.id, at: person.position, time: time)
        }
        if random.chance(0.01) {  // nobody put this one; moving subjects come with a later rule
            return Line(.subject, [UInt8]("nobody-\(random.below(3))".utf8), at: person.position, time: now)
        }
        let radius = radius(for: &person)
        let accuracy = accuracy(radius: person.radius)
        person.accuracy = accuracy
        person.position = destination(of: person)
        let time = time(of: &person)
        people[index] = person
        return Line(.user, person.id, at: person.position, time: time, accuracy: accuracy, radius: radius)
    }

    private mutating func destination(of person: Person) -> Coordinate {
        let roll = random.fraction()
        var bound = scenery.stays
        if roll < bound { return person.position }
        bound += scenery.jumps
        if roll < bound { return scenery.area.place(using: &random) }
        bound += scenery.edges
        if roll < bound, let place = anyPlace() { return place.atDistance(threshold(of: person), using: &random) }
        bound += scenery.coincides
        if roll < bound, let place = anyPlace() { return place }
        let direction = random.direction()
        let length = random.real(scenery.walk)
        return person.position.offset(north: direction.north * length, east: direction.east * length)
    }

    /// A distance at which something is decided, give or take 2 cm.
    private mutating func threshold(of person: Person) -> Double {
        let slack =
            rules.accuracyCap == 0
            ? 0 : min(person.accuracy.map { $0 == 0 ? rules.assumedAccuracy : $0 } ?? rules.assumedAccuracy, rules.accuracyCap)
        let thresholds = [person.radius, person.radius, person.radius + rules.leaveMargin, person.radius + rules.leaveMargin + slack]
        return min(max(0.01, random.pick(thresholds) + random.real(-0.02...0.02)), 15_000_000)
    }

    private mutating func time(of person: inout Person) -> Int64? {
        guard random.chance(scenery.oddTimes) else {
            person.time = max(person.time + 1 + random.whole(0...1_500), now - random.whole(0...4_000))
            person.time = min(person.time, now + rules.maxFuture)
            return person.time
        }
        switch random.below(7) {
        case 0: return person.time  // equal
        case 1: return person.time - random.whole(1...5_000)  // out of order
        case 2: return max(0, random.whole(0...now))  // old
        case 3:
            person.time = now + rules.maxFuture  // just not in the future
            return person.time
        case 4: return now + rules.maxFuture + random.whole(1...2)
        default:
            person.time = max(now, person.time + 1)
            return nil
        }
    }

    private mutating func accuracy(radius: Double) -> Double? {
        guard random.chance(scenery.accuracies) else { return nil }
        switch random.below(8) {
        case 0: return 0
        case 1, 2: return random.real(0.5...20)
        case 3: return random.real(20...rules.maxAccuracy + 20)
        case 4: return rules.maxAccuracy + random.real(0.001...2_000)
        case 5: return rules.maxAccuracy
        case 6: return radius
        default: return max(0, rules.accuracyCap + random.pick([-1, 0, 1]))
        }
    }

    private mutating func radius(for person: inout Person) -> Double? {
        if random.chance(0.05) { return person.radius }
        guard random.chance(scenery.radiusChanges) || (person.radius == rules.radius && random.chance(0.1)) else { return nil }
        person.radius = min(max(random.real(random.pick(scenery.radii)), rules.minRadius), rules.maxRadius)
        return person.radius
    }
}

// MARK: - The register, the clock and the settings

extension World {
    private mutating func choice() -> [Int] {
        var chosen: [Int] = []
        for _ in 0..<1 + random.below(scenery.requestSize) {
            let index = random.below(subjectIDs.count)
            if !chosen.contains(index) { chosen.append(index) }
        }
        return chosen
    }

    private mutating func put(_ indices: [Int]) -> Step {
        let placements = indices.map { index in
            let kinds: [[UInt8]?] = [nil, [UInt8]("toll".utf8), [UInt8]("café".utf8)]
            let place = place(of: index)
            places[index] = place
            return SubjectPlacement(id: subjectIDs[index], kind: random.pick(kinds), position: place)
        }
        return .put(placements)
    }

    private mutating func place(of index: Int) -> Coordinate {
        if random.chance(0.15), let same = places[index] { return same }
        if random.chance(scenery.subjectEdges) {
            let person = random.pick(people)
            return person.position.atDistance(threshold(of: person), using: &random)
        }
        if random.chance(scenery.coincides) { return random.pick(people).position }
        if random.chance(scenery.coincides), let other = anyPlace() { return other }
        return scenery.area.place(using: &random)
    }

    private mutating func anyPlace() -> Coordinate? { places[random.below(subjectIDs.count)] }

    private mutating func remove(_ indices: [Int]) -> Step {
        for index in indices { places[index] = nil }
        var ids = indices.map { subjectIDs[$0] }
        if random.chance(0.1) { ids.append([UInt8]("never-put".utf8)) }
        return .remove(ids)
    }

    /// Seconds, also back, or now and then three hours: how long beyond the first hour a sign-off is remembered is left open by the
    /// contract, so no world comes to lie in between.
    private mutating func advance() -> Step {
        let isLeap = sinceLeap > 50 * 60_000 || random.chance(0.05)
        let span: Int64 = isLeap ? 3 * 3_600_000 : random.pick([0, 1, random.whole(1...30_000), -random.whole(1...20_000)])
        sinceLeap = isLeap ? 0 : sinceLeap + span
        now += span
        return .clock(span)
    }

    private static func draw(for scene: Scene, using random: inout SeededRandom) -> Rules {
        var rules = Rules()
        rules.leaveMargin = random.pick([50, 50, 0, 0.01, 20])
        rules.accuracyCap = random.pick([100, 100, 0, 10])
        if scene == .far { rules.maxRadius = 1_000_000 }
        rules.disclosure = random.pick([rules.disclosure, rules.disclosure, .exact, .nothing, .bands([])])
        return rules
    }

    private static func vary(_ old: Rules, using random: inout SeededRandom) -> Rules {
        var rules = old
        switch random.below(7) {
        case 0: rules.leaveMargin = random.pick([0, 50, 200, 5_000, 30_000_000])
        case 1: rules.accuracyCap = random.pick([0, 10, 100, 500, 1_000_000])
        case 2: rules.radius = random.pick([50, 300, 500, 700])
        case 3: rules.disclosure = random.pick([.exact, .nothing, .bands([100, 250, 500]), .bands([77.7])])
        case 4: rules.maxAccuracy = random.pick([30, 40, 200, 1_000, 100_000])
        case 5: rules.assumedAccuracy = random.pick([0, 10, 30])
        default: rules.maxFuture = random.pick([0, 10_000, 3_600_000])
        }
        return rules
    }
}
