// The attack as a whole: one entry hides in a square of 10 km among others whose places everybody knows; each strategy is tried, and then it is
// worked out where the entry could be as far as the attacker can tell.
//
// Two regions are told apart. The place that is *shown* is what answers depend on, and the attacker finds it (``AnswerRegion``). The *true* places
// are those that would have given the very same answers: of precision 0 the same region, of precision G every place whose cell has its centre
// there. They are counted with the installation's own key, which the attacker does not have, so that no attacker can do better.

package import VicinityCore

/// What is to be attacked, and how hard.
package struct Attack: Sendable {
    /// Metres: G of the entry; 0 is shown where it is.
    package var precision: Double
    package var seed: UInt64
    /// How many places each of the attacker's users tries for the averaging.
    package var rounds: Int
    /// How often the key is changed, with the attack repeated each time.
    package var rotations: Int

    package init(precision: Double, seed: UInt64 = 1, rounds: Int = 20, rotations: Int = 0) {
        self.precision = precision
        self.seed = seed
        self.rounds = rounds
        self.rotations = rotations
    }

    /// Metres, of the square that the entry is known to be in.
    package static let side = 10_000.0
    /// Metres: the radius with which the edge is walked, the one of users who may not choose.
    package static let walkRadius = 500.0
    /// Directions in which the edge is looked for.
    private static let directions = 16

    /// What one strategy came to.
    package struct Result: Sendable {
        package let name: String
        /// How many fixes it sent.
        package let questions: Int
        /// What the attacker believes; `nil` if no place fits, which is never.
        package let estimate: Coordinate?
        /// Square metres in which the shown place may be.
        package let shownArea: Double
        /// Square metres in which the entry may truly be.
        package let trueArea: Double
        /// Answers, for a picture.
        let findings: [Finding]
    }

    package struct Outcome: Sendable {
        package let attack: Attack
        /// Where the entry is.
        package let target: Coordinate
        /// What is shown for it.
        package let shown: Coordinate
        /// One for each strategy, and at last all of them together.
        package let results: [Result]
        /// Fixes that entered several subjects, and those of them whose order or time told anything.
        package let orders: (seen: Int, telling: Int)
        /// Square metres in which the entry may truly be after each further key, the first included.
        package let rotatedAreas: [Double]
    }

    /// Runs it; the same seed gives the same outcome.
    package func run() -> Outcome {
        var random = SeededRandom(seed: seed)
        let centre = Coordinate.wrapping(latitude: 399_000_000, longitude: 1_164_000_000)
        let register = AttackedRegister(attack: self, centre: centre, using: &random)
        var attacker = register.attacker()
        let anchors = [(-8_000.0, -8_000.0), (-8_000, 8_000), (8_000, 0)].map { centre.offset(north: $0, east: $1) }

        var results: [Result] = []
        func note(_ name: String, _ findings: [Finding], _ questions: Int) {
            let region = AnswerRegion(findings, about: centre)
            let trueArea = precision > 0 ? register.trueArea { place in findings.allSatisfy { $0.allows(place) } } : region.area
            results.append(
                Result(
                    name: name, questions: questions, estimate: region.middle, shownArea: region.area, trueArea: trueArea,
                    findings: findings))
        }
        let bisected = attacker.bisectRadii(about: anchors)
        note("bisection", bisected, bisected.count)
        let walked = attacker.walkEdge(of: Self.walkRadius, about: centre, side: Self.side, directions: Self.directions)
        note("boundary walk", walked, walked.count)
        let averaged = attacker.average(rounds: rounds, about: centre, side: Self.side, using: &random)
        note("averaging", averaged, averaged.count)
        note("all together", bisected + walked + averaged, attacker.questions)
        return Outcome(
            attack: self, target: register.target, shown: register.shown, results: results,
            orders: (attacker.orders, attacker.tellingOrders),
            rotatedAreas: register.rotatedAreas(rotations, using: &random))
    }
}

extension Attack {
    /// The register that is attacked.
    struct AttackedRegister {
        let precision: Double
        let target: Coordinate
        /// What is shown for it.
        let shown: Coordinate
        private let key: SipHashKey
        private let others: [SubjectPlacement]

        static let id = Array("m-the-entry".utf8)
        private static let otherCount = 40

        init(attack: Attack, centre: Coordinate, using random: inout SeededRandom) {
            func somewhere() -> Coordinate {
                centre.offset(north: (random.fraction() - 0.5) * Attack.side, east: (random.fraction() - 0.5) * Attack.side)
            }
            precision = attack.precision
            key = SipHashKey(random.next(), random.next())
            target = somewhere()
            shown = Self.shown(target, precision, key)
            // Their ids come before and after the entry's.
            others = (0..<Self.otherCount).map { number in
                SubjectPlacement(
                    id: Array("\(number % 2 == 0 ? "a" : "z")-\(number)".utf8), kind: nil, position: somewhere(), precision: 0)
            }
        }

        /// Where an entry is shown under a key.
        private static func shown(_ place: Coordinate, _ precision: Double, _ key: SipHashKey) -> Coordinate {
            precision > 0 ? id.withUnsafeBytes { PrecisionGrid(side: precision, id: $0, key: key) }.center(of: place) : place
        }

        /// An attacker of an engine with the register in it.
        func attacker() -> Attacker {
            let now = ClockReading(wall: 1_732_290_000_000, steady: 0)
            let bands = [100.0, 250, 500]
            // The defaults of the profile people.
            var rules = Rules()
            rules.precision = 200
            rules.disclosure = .bands(bands)
            rules.subjectsPerUser = Rules.Limit(count: 200, span: 86_400_000)
            rules.follow = Rules.FollowGuard(places: 3, apart: 500, within: 3_600_000, mute: 86_400_000)
            var engine = EngineAdapter(rules: rules, at: now, seed: 1, precisionKey: key)
            let entry = SubjectPlacement(id: Self.id, kind: nil, position: target, precision: precision)
            _ = engine.perform(.put(others + [entry]))
            return Attacker(engine, target: Self.id, bands: bands)
        }

        /// Square metres of the true places whose shown place is allowed; the precision is above 0.
        func trueArea(_ allows: (Coordinate) -> Bool) -> Double { area(under: [key]) { allows($0[0]) } }

        /// Square metres of the true places that are shown where the entry is, by the first key, the first two, and so on.
        func rotatedAreas(_ rotations: Int, using random: inout SeededRandom) -> [Double] {
            guard precision > 0, rotations > 0 else { return [] }
            let keys = [key] + (0..<rotations).map { _ in SipHashKey(random.next(), random.next()) }
            let all = keys.map { Self.shown(target, precision, $0) }
            return (1...keys.count).map { count in area(under: Array(keys.prefix(count))) { $0 == Array(all.prefix(count)) } }
        }

        /// Square metres of the true places about the entry whose shown places under all keys are allowed, counted on a raster of G/100.
        private func area(under keys: [SipHashKey], _ allows: ([Coordinate]) -> Bool) -> Double {
            let grids = keys.map { key in Self.id.withUnsafeBytes { PrecisionGrid(side: precision, id: $0, key: key) } }
            let step = precision / 100
            // No cell that holds the entry goes farther: columns are at most 2 G wide.
            let reach = Int((2 * precision / step).rounded(.up))
            var known: [[Coordinate]: Bool] = [:]
            var count = 0
            for north in -reach...reach {
                for east in -reach...reach {
                    let place = target.offset(north: Double(north) * step, east: Double(east) * step)
                    let centres = grids.map { $0.center(of: place) }
                    let isAllowed = known[centres] ?? allows(centres)
                    known[centres] = isAllowed
                    if isAllowed { count += 1 }
                }
            }
            return Double(count) * step * step
        }
    }
}
