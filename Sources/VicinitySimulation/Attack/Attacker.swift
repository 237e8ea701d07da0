// Somebody who wants to know where one entry of the register is, and has everything that a gateway takes: as many users as they like, and
// for each of them any position, any radius and any time.
//
// A question is one fix. Its `ts` lies so far behind the user's last that the user starts afresh: no speed is implausible then, no radius
// too soon, and no pair is inside from before, so that the entry enters exactly if it is within the radius. That makes of each fix the
// answer to *are you within r of p?*, which is all that a "nearby" service can be asked (decision 0044).

import VicinityCore

/// What one answer told of the place that is shown for the entry.
struct Finding: Sendable {
    /// Where the attacker's user was said to be.
    let place: Coordinate
    /// Metres: the distance is more than this; below 0 if that is all the same.
    let beyond: Double
    /// Metres: and at most this.
    let within: Double

    func allows(_ candidate: Coordinate) -> Bool {
        let distance = Geodesic.distance(from: place, to: candidate)
        return distance > beyond && distance <= within
    }
}

/// An attacker at work on the engine.
struct Attacker: ~Copyable {
    /// How many users they have.
    static let userCount = 1_000
    /// Milliseconds of `ts` between two fixes of one user: beyond every default of `fixes.expire_after` and `halo.radius_interval`.
    private static let pause: Int64 = 1_200_000

    private var engine: EngineAdapter
    private let target: [UInt8]
    private let users: [[UInt8]]
    /// Of each user's next fix.
    private var times: [Int64]
    private var next = 0
    /// Metres, ascending; they are in no way secret.
    private let bands: [Double]

    /// How many fixes were sent.
    private(set) var questions = 0
    /// Fixes that entered several subjects at once, so that their order could have told something.
    private(set) var orders = 0
    /// Those of them that came in another order than that of the ids, or at another time than the fix's: what would have told something.
    private(set) var tellingOrders = 0

    /// - Parameters:
    ///   - engine: with the register in it.
    ///   - target: the id of the entry that is looked for.
    init(_ engine: consuming EngineAdapter, target: [UInt8], bands: [Double]) {
        self.engine = engine
        self.target = target
        self.bands = bands
        users = (0..<Self.userCount).map { Array("attacker-\($0)".utf8) }
        times = Array(repeating: Self.pause, count: Self.userCount)
    }

    /// Asks whether the entry is within `radius` metres of a place, by the next user's fix.
    mutating func ask(at place: Coordinate, radius: Double) -> Finding {
        let user = next
        let time = times[user]
        next = (next + 1) % users.count
        times[user] += Self.pause
        questions += 1
        let line = Line(.user, users[user], at: place, time: time, accuracy: 1, radius: radius)
        let (events, errors) = engine.perform(.lines([line]))
        precondition(errors.isEmpty, "the attacker knows how to write a line: \(errors)")
        var finding = Finding(place: place, beyond: radius, within: .infinity)
        var entered: [Event] = []
        for event in events {
            guard case .enter(_, let disclosed) = event.change else { continue }
            entered.append(event)
            guard event.subject == target, case .within(let within) = disclosed else { continue }
            finding = Finding(place: place, beyond: bands.last { $0 < within } ?? -1, within: within)
        }
        if entered.count > 1 {
            orders += 1
            let isByID = zip(entered, entered.dropFirst()).allSatisfy { $0.subject.lexicographicallyPrecedes($1.subject) }
            if !isByID || entered.contains(where: { $0.time != time }) { tellingOrders += 1 }
        }
        return finding
    }

    // MARK: - Strategies

    /// Halves the radius about three fixed places until the distances are known to a millimetre, which is trilateration.
    mutating func bisectRadii(about anchors: [Coordinate]) -> [Finding] {
        var findings: [Finding] = []
        for anchor in anchors {
            var near = 50.0
            var far = 50_000.0
            while far - near > 0.001 {
                let radius = (near + far) / 2
                let finding = ask(at: anchor, radius: radius)
                findings.append(finding)
                if finding.within <= radius { far = radius } else { near = radius }
            }
        }
        return findings
    }

    /// Needs no choice of radius: finds a place within `radius` by a scan, and from there walks outwards in many directions to the edge, which
    /// it finds to the last digit that a position has.
    ///
    /// - Parameters:
    ///   - side: metres, of the square about `centre` that the entry is known to be in.
    ///   - directions: at least 3.
    mutating func walkEdge(of radius: Double, about centre: Coordinate, side: Double, directions: Int) -> [Finding] {
        var findings: [Finding] = []
        guard let start = scan(radius: radius, about: centre, side: side, into: &findings) else { return findings }
        for direction in 0..<directions {
            let (north, east) = Self.direction(direction, of: directions)
            // Whoever is within `radius` of the start is beyond it from here.
            let end = start.offset(north: 2.5 * radius * north, east: 2.5 * radius * east)
            var (inside, outside): (Int64, Int64) = (0, 1 << 20)
            while outside - inside > 1 {
                let middle = (inside + outside) / 2
                let place = Self.between(start, end, middle, of: 1 << 20)
                let finding = ask(at: place, radius: radius)
                findings.append(finding)
                if finding.within <= radius { inside = middle } else { outside = middle }
            }
        }
        return findings
    }

    /// Looks everywhere in rows, as close as the radius demands.
    private mutating func scan(radius: Double, about centre: Coordinate, side: Double, into findings: inout [Finding]) -> Coordinate? {
        let count = Int((side / radius).rounded(.up)) + 1
        for row in 0...count {
            for column in 0...count {
                let place = centre.offset(
                    north: (Double(row) - Double(count) / 2) * radius, east: (Double(column) - Double(count) / 2) * radius)
                let finding = ask(at: place, radius: radius)
                findings.append(finding)
                if finding.within <= radius { return place }
            }
        }
        return nil
    }

    /// Everybody at once, at places and with radii of chance: what is left when all that they were told is laid over each other.
    mutating func average(rounds: Int, about centre: Coordinate, side: Double, using random: inout SeededRandom) -> [Finding] {
        var findings: [Finding] = []
        for _ in 0..<(rounds * Self.userCount) {
            let place = centre.offset(north: (random.fraction() - 0.5) * side, east: (random.fraction() - 0.5) * side)
            // As many small ones as large ones: 50 m to 12.8 km.
            let radius = 50 * Double(1 << random.below(8)) * (1 + random.fraction())
            findings.append(ask(at: place, radius: radius))
        }
        return findings
    }

    /// Points of a rhombus, all in different directions: no trigonometry is needed to look everywhere.
    private static func direction(_ number: Int, of count: Int) -> (north: Double, east: Double) {
        let turn = 4 * Double(number) / Double(count)
        let part = turn - turn.rounded(.down)
        let (north, east): (Double, Double) =
            switch Int(turn) {
            case 0: (1 - part, part)
            case 1: (-part, 1 - part)
            case 2: (part - 1, -part)
            case _: (part, part - 1)
            }
        let length = (north * north + east * east).squareRoot()
        return (north / length, east / length)
    }

    private static func between(_ start: Coordinate, _ end: Coordinate, _ step: Int64, of steps: Int64) -> Coordinate {
        start.moved(
            north: Int64(end.latitude - start.latitude) * step / steps,
            east: Coordinate.longitudeDifference(from: start.longitude, to: end.longitude) * step / steps)
    }
}
