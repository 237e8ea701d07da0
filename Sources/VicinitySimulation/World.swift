// A world draws its steps from one seed: what users and moving subjects send, what the operator does with the register
// and the settings, and how the clocks go on. It knows roughly where everybody is and when they were last heard of, so that
// it can aim at thresholds and instants; what comes of it is the business of model and engine alone.
//
// World+Senders.swift draws lines, World+Operators.swift all other steps.

package import VicinityCore

/// A source of steps.
package struct World: Sendable {
    /// Who sends fixes, a user or a moving subject, as far as a world knows.
    struct Sender: Sendable {
        let id: [UInt8]
        let isUser: Bool
        /// Whether its fixes are of hours ago.
        let isReplayed: Bool
        var position: Coordinate
        /// Where an implausible fix had it, as long as none confirmed it.
        var strange: Coordinate?
        /// Metres.
        var radius: Double
        /// The last `ts`.
        var time: Int64
        /// Metres; `nil` if the last fix brought none.
        var accuracy: Double?
        var isAway = false
    }

    /// When somebody was heard of.
    struct Mark: Sendable {
        let time: Int64
        /// On the steady clock.
        let steady: Int64
    }

    /// When every world begins, in Unix milliseconds.
    package static let beginning: Int64 = 1_732_290_000_000
    /// The steady clock begins anywhere.
    package static let clockAtBeginning = ClockReading(wall: beginning, steady: 5_000_000)
    /// What the cells of every world follow from at first.
    package static let precisionKeyAtBeginning = SipHashKey(0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321)
    /// Metres.
    static let precisions: [Double] = [0, 1, 30, 200, 200, 1_000, 100_000]
    /// How far back replayed fixes lie, in milliseconds.
    private static let replayLag: Int64 = 6 * 3_600_000

    /// The settings that hold before the first step.
    package internal(set) var rules: Rules
    let scenery: Scenery
    let rhythm: Rhythm
    /// Whether the rules of time and noise are on.
    let hasTimeRules: Bool
    var random: SeededRandom
    var clock = World.clockAtBeginning
    /// So that the world knows where subjects are shown.
    var precisionKey = World.precisionKeyAtBeginning
    /// The time of replayed fixes.
    var past = World.beginning - World.replayLag
    /// Milliseconds that the system clock went, forth or back, since it last went on by hours.
    var sinceLeap: Int64 = 0
    /// Milliseconds for which something of senders who left is remembered, at most, by any of the rules so far.
    var longestMemory: Int64 = 0
    var people: [Sender] = []
    /// The first of the subjects.
    var movers: [Sender] = []
    /// The last few times that anybody was heard of.
    var marks: [Mark] = []
    /// The last few instants at which a validity begins or ends, on the system clock.
    var boundaries: [Int64] = []
    var subjectIDs: [[UInt8]]
    /// What the register has, by the place in ``subjectIDs``.
    var placements: [Int: SubjectPlacement] = [:]
    /// What the edition has that is to come, likewise; `nil` if there is none.
    var staged: [Int: SubjectPlacement]?
    /// Who suspends a subject, by the place in ``subjectIDs``.
    var suspensions: [Int: SuspensionSources] = [:]
    private var opening: [Int]

    package init(_ scene: Scene, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        scenery = scene.scenery
        rhythm = scene.rhythm
        hasTimeRules = scene.isOfTime || random.chance(0.25)
        rules = Self.draw(for: scene, hasTimeRules: hasTimeRules, using: &random)
        subjectIDs = IDPool(count: scenery.subjects, mark: "s", using: &random).ids
        opening = Array(0..<Int(Double(scenery.subjects) * scenery.initially))
        let users = IDPool(count: scenery.users, mark: "u", using: &random).ids
        let replays = scene.isOfTime ? random.pick([0, 0, 0.4, 1]) : 0
        for id in users { people.append(Self.sender(id, isUser: true, replays, scenery, rules, using: &random)) }
        for id in subjectIDs.prefix(Int(Double(scenery.subjects) * scenery.movers)) {
            movers.append(Self.sender(id, isUser: false, replays, scenery, rules, using: &random))
        }
        if scenery.precisions > 0 { rules.precision = random.pick(Self.precisions) }
        self.random = random
        keepInMind(rules)
    }

    private static func sender(
        _ id: [UInt8], isUser: Bool, _ replays: Double, _ scenery: Scenery, _ rules: Rules, using random: inout SeededRandom
    ) -> Sender {
        let isReplayed = replays > 0 && random.chance(replays)
        return Sender(
            id: id, isUser: isUser, isReplayed: isReplayed, position: scenery.area.place(using: &random), radius: rules.radius,
            time: beginning - (isReplayed ? replayLag : 60_000))
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
        if falls(scenery.editions) { return edition() }
        if falls(scenery.suspensions) { return suspension() }
        if falls(scenery.clocks) { return advance() }
        if falls(scenery.reloads) { return reload() }
        if falls(scenery.rotations), staged == nil {
            precisionKey = SipHashKey(random.next(), random.next())
            return .rotate(precisionKey)
        }
        let count = 1 + random.below(random.chance(0.01) ? scenery.lines * 20 : scenery.lines)
        return .lines((0..<count).map { _ in line() })
    }

    /// One of the spans that are counted in `ts` or on the steady clock, in milliseconds; `nil` if all are off.
    mutating func span() -> Int64? {
        let spans = [
            rules.enterDwell, rules.leaveDwell, rules.cooldown, rules.expireAfter, rules.radiusInterval, rules.enterDwell + rules.cooldown,
            rules.leaveDwell + rules.cooldown, rules.expireAfter + rules.forgetAfter, rules.forgetAfter, rules.subjectsPerUser?.span ?? 0,
            rules.follow?.within ?? 0, rules.follow?.mute ?? 0,
        ].filter { $0 > 0 }
        return spans.isEmpty ? nil : random.pick(spans)
    }

    /// Exactly at what is aimed at, or 1 ms beside.
    mutating func aimed(_ instant: Int64) -> Int64 { instant + random.pick([-1, 0, 0, 0, 1]) }

    mutating func mark(_ time: Int64) {
        marks.append(Mark(time: time, steady: clock.steady))
        if marks.count > 12 { marks.removeFirst() }
    }

    mutating func keepInMind(_ rules: Rules) {
        longestMemory = max(
            longestMemory, 3_600_000, rules.forgetAfter, rules.radiusInterval, rules.subjectsPerUser?.span ?? 0, rules.follow?.within ?? 0,
            rules.follow?.mute ?? 0)
    }
}
