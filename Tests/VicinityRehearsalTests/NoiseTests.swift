import Foundation
import Testing
import VicinityCore

/// What docs/noise.md says of noise, held to it: the same formulas, the same engine, no daemon.
@Suite("Noise at the edge of a halo")
struct NoiseTests {
    @Test(
        "Who stands at the very edge for a day enters once at most, and leaves once at most, with a leave dwell of 10 s",
        arguments: [10.0, 30, 60], [1, 2] as [UInt64])
    func dwellStopsFlapping(accuracy: Double, seed: UInt64) {
        var rules = Rules()
        rules.leaveDwell = 10_000
        let count = Crowd(rules).stand(accuracy: accuracy, seconds: 86_400, seed: seed)
        #expect(count.enters <= 1 && count.leaves <= 1, "seed \(seed)")
        #expect(count.enters == 1, "who stands at the edge for a day is inside by half of the fixes, seed \(seed)")
    }

    @Test(
        "By the defaults, a day at the edge gives what the tail beyond the margin predicts, and not more",
        arguments: [10.0, 30, 50, 100], [3] as [UInt64])
    func tailBeyondTheMargin(accuracy: Double, seed: UInt64) {
        let rules = Rules()
        let count = Crowd(rules).stand(accuracy: accuracy, seconds: 86_400, seed: seed)
        let predicted = Prediction(rules, accuracy: accuracy, fixes: 86_400)
        // The first enter is no false one.
        #expect(Double(count.enters) <= 1 + predicted.enters + 5 * predicted.deviation, "seed \(seed)")
        // Fewer would mean that the test does not measure what it says.
        #expect(Double(count.enters) >= predicted.enters - 5 * predicted.deviation, "seed \(seed)")
    }

    @Test("The bare rule flaps by thousands, as often as predicted", arguments: [10.0, 60], [4] as [UInt64])
    func bareRuleFlaps(accuracy: Double, seed: UInt64) {
        let rules = Self.bare
        let count = Crowd(rules).stand(accuracy: accuracy, seconds: 21_600, seed: seed)
        let predicted = Prediction(rules, accuracy: accuracy, fixes: 21_600)
        #expect(count.enters > 5_000, "seed \(seed)")
        #expect(abs(Double(count.enters) - predicted.enters) <= 1 + 5 * predicted.deviation, "seed \(seed)")
    }

    @Test("A dwell of 3 s is three fixes in a row, since the fourth shows it whatever it is", arguments: [5] as [UInt64])
    func dwellAgainstTheBareRule(seed: UInt64) {
        var rules = Self.bare
        rules.leaveDwell = 3_000
        let count = Crowd(rules).stand(accuracy: 30, seconds: 86_400, seed: seed)
        let predicted = Prediction(rules, accuracy: 30, fixes: 86_400)
        #expect(abs(Double(count.enters) - predicted.enters) <= 1 + 5 * predicted.deviation, "seed \(seed)")
    }

    @Test(
        "Who walks straight through enters once and leaves once, with dwells and without",
        arguments: [(0, 0), (0, 10_000), (10_000, 0), (10_000, 10_000), (30_000, 30_000)] as [(Int64, Int64)])
    func straightThrough(enterDwell: Int64, leaveDwell: Int64) {
        var rules = Rules()
        rules.enterDwell = enterDwell
        rules.leaveDwell = leaveDwell
        for seed in 10..<20 as Range<UInt64> {
            let count = Crowd(rules).walk(accuracy: 10, passing: Double(seed - 10) * 40, seed: seed)
            #expect(count == Count(enters: 1, leaves: 1), "seed \(seed)")
        }
    }

    @Test("The bare rule does not see one walk as one encounter", arguments: [20] as [UInt64])
    func straightThroughByTheBareRule(seed: UInt64) {
        let count = Crowd(Self.bare).walk(accuracy: 10, passing: 0, seed: seed)
        #expect(count.enters > 1 && count.leaves > 1, "seed \(seed)")
    }

    /// `d <= r` and nothing else.
    private static var bare: Rules {
        var rules = Rules()
        rules.leaveMargin = 0
        rules.accuracyCap = 0
        rules.maxSpeed = 0
        rules.expireAfter = 0
        rules.maxAccuracy = 1e6
        return rules
    }
}

/// Events of one pair; those of silence are not counted.
private struct Count: Equatable {
    var enters = 0
    var leaves = 0
}

/// How many enters independent noise at the very edge must give.
///
/// With p the chance that a fix is within r, and q that it is beyond r + h + c, an encounter ends at the first k fixes in a row that are
/// beyond, k = dwell / 1 s (at least 1), and the next begins at the first fix that is within. So a cycle is a sum of two independent waiting
/// times, with the means (1 − q^k) / ((1 − q) q^k) and 1 / p; and n fixes hold n / mean cycles, with variance n · variance / mean³.
private struct Prediction {
    let enters: Double
    let deviation: Double

    init(_ rules: Rules, accuracy: Double, fixes: Int) {
        let sigma = Noise.sigma(accuracy)
        let within = 1 - Self.beyond(rules.radius, from: rules.radius, sigma)
        let threshold = rules.radius + rules.leaveMargin + min(accuracy, rules.accuracyCap)
        let beyond = Self.beyond(threshold, from: rules.radius, sigma)
        let run = max(1, Double(rules.leaveDwell / 1_000))
        let stay = (1 - pow(beyond, run)) / ((1 - beyond) * pow(beyond, run))
        let mean = stay + 1 / within
        let ends = (1 - beyond) * pow(beyond, run)
        let stayVariance = 1 / (ends * ends) - (2 * run + 1) / ends - beyond / ((1 - beyond) * (1 - beyond))
        let variance = stayVariance + (1 - within) / (within * within)
        enters = Double(fixes) / mean
        deviation = (Double(fixes) * variance / (mean * mean * mean)).squareRoot()
    }

    /// The chance that a fix is farther than `limit` from the subject, if it is taken at `distance`: summed over the noise along the edge,
    /// which is round.
    private static func beyond(_ limit: Double, from distance: Double, _ sigma: Double) -> Double {
        let steps = 2_000
        let width = 16 * sigma / Double(steps)
        var sum = 0.0
        for step in 0..<steps {
            let along = (Double(step) + 0.5) * width - 8 * sigma
            let density = exp(-along * along / (2 * sigma * sigma)) / (sigma * (2 * Double.pi).squareRoot())
            let edge = max(0, limit * limit - along * along).squareRoot()
            // Beyond on this side of the subject, or on the other.
            let tail = erfc((edge - distance) / (sigma * 2.0.squareRoot())) + erfc((edge + distance) / (sigma * 2.0.squareRoot()))
            sum += density * width * tail / 2
        }
        return sum
    }
}

/// Independent Gaussian noise on a plane.
private struct Noise {
    private var random: Seeded
    private let sigma: Double

    init(accuracy: Double, seed: UInt64) {
        random = Seeded(state: seed)
        sigma = Self.sigma(accuracy)
    }

    /// Of each axis, such that 68 % of the fixes are within `accuracy`.
    static func sigma(_ accuracy: Double) -> Double { accuracy / (-2 * log(1 - 0.68)).squareRoot() }

    /// Metres east and north.
    mutating func next() -> (east: Double, north: Double) {
        let size = sigma * (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
        let angle = Double.random(in: 0..<2 * .pi, using: &random)
        return (size * cos(angle), size * sin(angle))
    }
}

/// One user and one subject in the engine, a fix a second.
private struct Crowd: ~Copyable {
    private var engine: Engine
    private var changes = Changes()
    private var batch = FixBatch(source: 1, firstLine: 1)
    private var count = Count()
    private let radius: Double
    /// Of the subject.
    private let origin = (latitude: 39.9, longitude: 116.4)
    private static let start: Int64 = 1_700_000_000_000
    private static let user = Array("u".utf8)

    init(_ rules: Rules) {
        engine = Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        radius = rules.radius
    }

    /// Stays where the distance is the radius.
    consuming func stand(accuracy: Double, seconds: Int, seed: UInt64) -> Count {
        let radius = radius
        return run(seconds: seconds, Noise(accuracy: accuracy, seed: seed), accuracy: accuracy) { _ in (radius, 0) }
    }

    /// Walks from 900 m before the halo's middle to 900 m behind it.
    ///
    /// - Parameter passing: metres by which the walk misses the subject.
    consuming func walk(accuracy: Double, passing: Double, seed: UInt64) -> Count {
        let speed = 1.4
        return run(seconds: Int(1_800 / speed), Noise(accuracy: accuracy, seed: seed), accuracy: accuracy) { second in
            (passing, Double(second) * speed - 900)
        }
    }

    private consuming func run(
        seconds: Int, _ noise: consuming Noise, accuracy: Double, _ place: (Int) -> (east: Double, north: Double)
    ) -> Count {
        guard let position = position(east: 0, north: 0) else { preconditionFailure("the subject is somewhere") }
        let start = ClockReading(wall: Self.start, steady: Self.start)
        engine.put([SubjectPlacement(id: Array("s".utf8), kind: nil, position: position)], now: start, into: &changes)
        for second in 0..<seconds {
            let (truth, error) = (place(second), noise.next())
            add(east: truth.east + error.east, north: truth.north + error.north, accuracy, at: Self.start + Int64(second) * 1_000)
            if batch.lineCount == 600 { apply() }
        }
        apply()
        return count
    }

    private mutating func add(east: Double, north: Double, _ accuracy: Double, at time: Int64) {
        guard let position = position(east: east, north: north) else { return }
        var fix = Fix(
            kind: .user, idOffset: UInt32(batch.ids.count), idLength: UInt8(Self.user.count), line: batch.lineCount,
            hash: engine.hasher.hash(Self.user))
        fix.latitude = position.latitude
        fix.longitude = position.longitude
        fix.time = time
        fix.accuracy = accuracy
        batch.fixes.append(fix)
        batch.ids.append(contentsOf: Self.user)
        batch.lineCount += 1
    }

    /// Hands over what has come, at the time of its last fix.
    private mutating func apply() {
        guard let last = batch.fixes.last else { return }
        engine.apply(batch, now: ClockReading(wall: last.time, steady: last.time), into: &changes)
        precondition(changes.errors.isEmpty, "each line is good")
        for transition in changes.transitions {
            switch transition.change {
            case .enter: count.enters += 1
            case .leave(.user, _, _): count.leaves += 1
            case .leave, .report, .following: break
            }
        }
        changes.removeAll()
        engine.reclaim()
        batch.reset(source: 1, firstLine: batch.firstLine + UInt64(batch.lineCount))
    }

    /// The place so many metres from the subject: with the ellipsoid's two radii there, to a centimetre within a kilometre.
    private func position(east: Double, north: Double) -> Coordinate? {
        let (axis, eccentricity) = (6_378_137.0, 0.006_694_379_990_14)
        let sine = sin(origin.latitude * .pi / 180)
        let part = 1 - eccentricity * sine * sine
        let alongMeridian = axis * (1 - eccentricity) / (part * part.squareRoot())
        let latitude = origin.latitude + north / alongMeridian * 180 / .pi
        let acrossMeridian = axis / part.squareRoot() * cos((origin.latitude + latitude) / 2 * .pi / 180)
        return Coordinate(latitudeDegrees: latitude, longitudeDegrees: origin.longitude + east / acrossMeridian * 180 / .pi)
    }
}
