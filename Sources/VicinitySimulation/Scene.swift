import VicinityCore

/// The kinds of worlds in which engine and model are compared.
package enum Scene: String, CaseIterable, Sendable {
    /// Spread evenly over a town.
    case uniform
    /// In a few dense places all over the world.
    case clustered
    /// Round both poles.
    case poles
    /// On both sides of ±180°, at several latitudes.
    case antimeridian
    /// Almost everything within 2 cm of a threshold.
    case edges
    /// Radii from 50 m to 50 km side by side.
    case radii
    /// Radii up to 1,000 km, over a continent.
    case far
    /// Users that jump across the world to other clusters.
    case jumps
    /// Hundreds of users among a thousand subjects, and a register that changes in large requests.
    case city
    /// Thousands of subjects in one place.
    case crowd
    /// No subject anywhere, most of the time.
    case empty
    /// Users that stand still at an edge, and jitter.
    case jitter
    /// Few ids, equal positions, equal, old and absent `ts`, sign-offs and returns.
    case coincidences
    /// Subjects that are put, put elsewhere and removed all the time.
    case register
    /// Settings that change in between.
    case settings
    /// All rules of time and noise at once, with few ids in a small town.
    case noise
    /// Dwells and cooldowns that are short against the time between two fixes.
    case dwell
    /// Users and moving subjects that fall silent and return.
    case silence
    /// Half of the subjects move.
    case movers
    /// Subjects that are valid for a while, and a clock that steps.
    case validity
    /// A register that is replaced as a whole again and again, with all rules of time.
    case editions
    /// Subjects, half of them moving, that are suspended and resumed all the time, in all that else happens to a register.
    case suspensions
    /// Subjects that are known by the centre of a cell, in a small town with all rules of time, and a default that changes.
    case precision
    /// The same round both poles and on both sides of ±180°.
    case cells
    /// Users who may enter few subjects, and find ways to enter more.
    case budget
    /// Users and moving subjects on the same ways, and a follow guard that is easily roused.
    case follow
}

/// What spans and speeds a scene of time draws its settings from.
struct Rhythm: Sendable {
    /// Milliseconds.
    var dwells: [Int64] = [0, 1_000, 5_000, 30_000]
    /// Milliseconds.
    var cooldowns: [Int64] = [0, 2_000, 10_000, 60_000]
    /// Metres a second.
    var speeds: [Double] = [0, 10, 50, 300]
    /// Milliseconds.
    var silences: [Int64] = [0, 10_000, 60_000, 900_000]
    /// Milliseconds.
    var memories: [Int64] = [20_000, 120_000, 3_600_000, 86_400_000]
    /// Milliseconds between two changes of the radius.
    var intervals: [Int64] = [0, 1_000, 10_000, 60_000]
    /// What one user may enter.
    var budgets: [Rules.Limit?] = [nil]
    var guards: [Rules.FollowGuard?] = [nil]

    static let any = Rhythm()

    /// Whether some limit is on now and then.
    var hasLimits: Bool { budgets.contains { $0 != nil } || guards.contains { $0 != nil } }
}

/// What tells one scene from another; chances are of 0 to 1.
struct Scenery: Sendable {
    var area: Area
    var users = 12
    var subjects = 40
    /// Metres; a user's radius is drawn from one of these.
    var radii: [ClosedRange<Double>] = [100...1_000]
    /// Metres that a user walks from one line to the next.
    var walk: ClosedRange<Double> = 0...150
    /// The most lines that come together, most of the time; now and then there are twenty times as many.
    var lines = 30

    // What a line's position is; the rest walks.
    var stays = 0.05
    var jumps = 0.03
    var edges = 0.1
    var coincides = 0.02

    // What a line brings beside its position.
    var oddTimes = 0.1
    var accuracies = 0.4
    var radiusChanges = 0.05
    var signOffs = 0.01
    /// A `ts` at which something may be due.
    var aims = 0.0
    /// A position that cannot be, as long as the last one was ordinary; of no account where any speed is plausible.
    var strays = 0.05

    // What a step is; the rest are lines.
    var puts = 0.06
    var removes = 0.03
    var editions = 0.0
    var suspensions = 0.0
    var clocks = 0.05
    var reloads = 0.0
    var rotations = 0.0

    /// The share of subjects that are put at a threshold of a user.
    var subjectEdges = 0.2
    /// How many subjects are there before the first line.
    var initially = 0.8
    /// How many subjects one request puts or removes.
    var requestSize = 5
    /// The share of subjects that send fixes, and the share of lines that are theirs.
    var movers = 0.0
    var moverLines = 0.0
    /// The share of puts that bring a validity.
    var validities = 0.0
    /// The share of puts that bring a precision, and whether those that bring none have one all the same.
    var precisions = 0.0
}

extension Scene {
    /// Whether a step costs a hundred times what it costs elsewhere; a long series of runs takes such worlds more seldom.
    package var isLarge: Bool { self == .city || self == .crowd }

    /// Whether places are known by cells, which lie where they lie however the world is turned.
    package var hasCells: Bool { scenery.precisions > 0 }

    /// Whether the scene is about rules of time and noise.
    var isOfTime: Bool {
        switch self {
        case .noise, .dwell, .silence, .movers, .validity, .editions, .suspensions, .precision, .cells, .budget, .follow: true
        case .uniform, .clustered, .poles, .antimeridian, .edges, .radii, .far, .jumps, .city, .crowd, .empty, .jitter, .coincidences,
            .register, .settings:
            false
        }
    }

    /// Where the scene is none of time, any.
    var rhythm: Rhythm {
        switch self {
        case .dwell:
            Rhythm(
                dwells: [1, 500, 1_500, 3_000], cooldowns: [0, 1, 700, 2_000, 4_000], speeds: [0, 0, 50], silences: [0, 20_000, 900_000])
        case .silence:
            Rhythm(
                dwells: [0, 0, 900, 4_000], cooldowns: [0, 0, 3_000], silences: [1_000, 5_000, 30_000],
                memories: [1_000, 8_000, 40_000, 86_400_000])
        case .movers: Rhythm(dwells: [0, 0, 1_000, 5_000], cooldowns: [0, 0, 3_000], speeds: [0, 20, 300], silences: [0, 8_000, 60_000])
        case .budget:
            Rhythm(
                dwells: [0, 0, 1_000, 5_000], cooldowns: [0, 0, 3_000], speeds: [0, 0, 300], silences: [0, 5_000, 30_000],
                memories: [1_000, 8_000, 40_000, 86_400_000], budgets: Self.budgets, guards: [nil, nil, Self.guards[1]])
        case .follow:
            Rhythm(
                dwells: [0, 0, 1_000, 5_000], cooldowns: [0, 0, 3_000], speeds: [0, 0, 300], silences: [0, 5_000, 30_000],
                memories: [1_000, 8_000, 40_000, 86_400_000], budgets: [nil, nil, Self.budgets[4]], guards: Self.guards)
        case .validity, .editions, .suspensions, .precision, .cells:
            Rhythm(dwells: [0, 0, 1_000, 5_000], cooldowns: [0, 0, 3_000], speeds: [0, 300])
        case .noise, .uniform, .clustered, .poles, .antimeridian, .edges, .radii, .far, .jumps, .city, .crowd, .empty, .jitter,
            .coincidences, .register, .settings:
            .any
        }
    }

    private static let budgets: [Rules.Limit?] = [
        Rules.Limit(count: 0, span: 10_000), Rules.Limit(count: 1, span: 5_000), Rules.Limit(count: 1, span: 60_000),
        Rules.Limit(count: 2, span: 20_000), Rules.Limit(count: 3, span: 40_000), Rules.Limit(count: 5, span: 600_000),
    ]
    private static let guards: [Rules.FollowGuard?] = [
        Rules.FollowGuard(places: 2, apart: 60, within: 30_000, mute: 5_000),
        Rules.FollowGuard(places: 2, apart: 150, within: 600_000, mute: 60_000),
        Rules.FollowGuard(places: 3, apart: 40, within: 60_000, mute: 20_000),
        Rules.FollowGuard(places: 3, apart: 0, within: 8_000, mute: 1),
        Rules.FollowGuard(places: 1, apart: 500, within: 1_000, mute: 30_000),
        Rules.FollowGuard(places: 4, apart: 25, within: 900_000, mute: 1_200_000),
    ]
    private static let town = Area.disc(Coordinate(latitude: 399_042_110, longitude: 1_164_073_950), metres: 3_000)
    private static let places: [Coordinate] = [
        Coordinate(latitude: 0, longitude: 0), Coordinate(latitude: 5, longitude: -1_800_000_000),
        Coordinate(latitude: 481_372_000, longitude: 115_755_000), Coordinate(latitude: -338_688_000, longitude: 1_512_093_000),
        Coordinate(latitude: 782_232_000, longitude: 156_267_000), Coordinate(latitude: -546_000_000, longitude: -681_000_000),
        Coordinate(latitude: 849_999_990, longitude: -1_000), Coordinate(latitude: 302_672_000, longitude: -977_431_000),
    ]

    var scenery: Scenery {
        switch self {
        case .uniform: return Scenery(area: Self.town)
        case .clustered: return Scenery(area: .discs(Self.places, metres: 900), users: 24, subjects: 80)
        case .poles:
            let poles = [Coordinate(latitude: 900_000_000, longitude: 0), Coordinate(latitude: -900_000_000, longitude: 0)]
            return Scenery(
                area: .discs(poles, metres: 2_500), radii: [50...1_500, 50...20_000], jumps: 0.1, coincides: 0.05,
                movers: 0.25, moverLines: 0.2)
        case .antimeridian:
            let latitudes: [Int32] = [0, 1, -170_000_000, 650_000_000, 899_000_000, -899_990_000]
            let line = latitudes.map { Coordinate(latitude: $0, longitude: -1_800_000_000) }
            return Scenery(
                area: .discs(line, metres: 800), users: 18, subjects: 80, radii: [50...1_500, 50...20_000], movers: 0.25, moverLines: 0.2)
        case .edges:
            return Scenery(
                area: .discs(Self.places, metres: 600), users: 6, subjects: 30, radii: [50...600, 500...500], edges: 0.8,
                radiusChanges: 0.1, puts: 0.2, subjectEdges: 0.95)
        case .radii:
            return Scenery(
                area: .disc(Self.places[2], metres: 30_000), users: 20, subjects: 60,
                radii: [50...60, 100...1_000, 1_000...10_000, 50_000...50_000], walk: 0...3_000, edges: 0.3, radiusChanges: 0.2,
                movers: 0.25, moverLines: 0.2)
        case .far:
            return Scenery(
                area: .discs(Self.places, metres: 700_000), users: 8, radii: [50...50_000, 100_000...1_000_000], walk: 0...100_000,
                edges: 0.3)
        case .jumps: return Scenery(area: .discs(Self.places, metres: 500), users: 10, subjects: 80, jumps: 0.7)
        case .city:
            return Scenery(
                area: .disc(Self.places[3], metres: 5_000), users: 300, subjects: 1_200, radii: [50...300, 500...500, 5_000...5_000],
                lines: 20, coincides: 0.01, radiusChanges: 0.02, puts: 0.05, removes: 0.05, subjectEdges: 0.05, requestSize: 80)
        case .crowd:
            return Scenery(
                area: .disc(Self.places[7], metres: 40), users: 5, subjects: 2_500, walk: 0...900, lines: 3, jumps: 0.2, edges: 0.05,
                puts: 0.02, removes: 0.02, subjectEdges: 0.02, initially: 1, requestSize: 200)
        case .empty:
            return Scenery(area: .globe, users: 30, subjects: 3, jumps: 0.3, puts: 0.02, removes: 0.2, initially: 0)
        case .jitter:
            return Scenery(
                area: .discs([Self.places[4], Self.places[5]], metres: 1_500), users: 8, subjects: 60, walk: 0...0.05, stays: 0.3,
                jumps: 0, edges: 0.25, accuracies: 0.6, subjectEdges: 0.6)
        case .coincidences:
            return Scenery(
                area: .disc(Self.places[2], metres: 700), users: 4, subjects: 8, radii: [200...200, 300...400], walk: 0...400, lines: 12,
                stays: 0.2, coincides: 0.2, oddTimes: 0.5, radiusChanges: 0.15, signOffs: 0.12, clocks: 0.15)
        case .register:
            return Scenery(
                area: .disc(Self.places[5], metres: 1_500), users: 25, subjects: 40, lines: 8, signOffs: 0.03, puts: 0.35, removes: 0.2,
                subjectEdges: 0.4, initially: 0.3, requestSize: 20)
        case .settings:
            return Scenery(area: Self.town, users: 10, subjects: 30, lines: 10, stays: 0.2, edges: 0.3, oddTimes: 0.15, reloads: 0.2)
        case .noise:
            var scenery = Self.timed
            scenery.strays = 0.15
            scenery.radiusChanges = 0.15
            scenery.signOffs = 0.05
            scenery.reloads = 0.05
            scenery.validities = 0.3
            return scenery
        case .dwell:
            var scenery = Self.timed
            scenery.stays = 0.3
            scenery.coincides = 0.15
            scenery.edges = 0.25
            return scenery
        case .silence:
            var scenery = Self.timed
            scenery.clocks = 0.4
            scenery.signOffs = 0.03
            scenery.strays = 0.15
            scenery.radiusChanges = 0.15
            return scenery
        case .movers:
            var scenery = Self.timed
            scenery.subjects = 14
            scenery.movers = 0.5
            scenery.moverLines = 0.6
            scenery.strays = 0.12
            scenery.puts = 0.1
            scenery.removes = 0.05
            return scenery
        case .validity:
            var scenery = Self.timed
            scenery.clocks = 0.35
            scenery.puts = 0.2
            scenery.removes = 0.04
            scenery.validities = 0.9
            return scenery
        case .editions:
            var scenery = Self.timed
            scenery.subjects = 14
            scenery.editions = 0.3
            scenery.movers = 0.3
            scenery.strays = 0.15
            scenery.validities = 0.3
            return scenery
        case .budget:
            var scenery = Self.timed
            scenery.subjects = 12
            scenery.signOffs = 0.05
            scenery.reloads = 0.03
            scenery.editions = 0.05
            scenery.validities = 0.1
            return scenery
        case .follow:
            var scenery = Self.timed
            scenery.subjects = 6
            scenery.movers = 0.7
            scenery.moverLines = 0.5
            scenery.walk = 0...120
            scenery.coincides = 0.3
            scenery.signOffs = 0.04
            scenery.reloads = 0.03
            scenery.editions = 0.03
            scenery.suspensions = 0.02
            return scenery
        case .suspensions:
            var scenery = Self.timed
            scenery.subjects = 12
            scenery.suspensions = 0.2
            scenery.editions = 0.12
            scenery.movers = 0.5
            scenery.validities = 0.2
            scenery.strays = 0.15
            scenery.lines = 8
            return scenery
        case .precision: return Self.blurred(.disc(Self.places[2], metres: 900))
        case .cells:
            let latitudes: [Int32] = [900_000_000, -900_000_000, 0, 899_000_000, -899_990_000, 650_000_000]
            return Self.blurred(.discs(latitudes.map { Coordinate(latitude: $0, longitude: -1_800_000_000) }, metres: 900))
        }
    }

    private static func blurred(_ area: Area) -> Scenery {
        var scenery = timed
        scenery.area = area
        scenery.subjects = 14
        scenery.puts = 0.15
        scenery.editions = 0.15
        scenery.movers = 0.4
        scenery.moverLines = 0.4
        scenery.strays = 0.12
        scenery.validities = 0.2
        scenery.reloads = 0.06
        scenery.precisions = 0.6
        scenery.rotations = 0.04
        return scenery
    }

    /// Few ids within reach of one another, with a few lines and then the clock.
    private static let timed = Scenery(
        area: .disc(places[2], metres: 900), users: 4, subjects: 8, radii: [200...200, 300...300, 400...600], walk: 0...250, lines: 5,
        stays: 0.15, jumps: 0.05, edges: 0.15, coincides: 0.1, oddTimes: 0.15, radiusChanges: 0.05, signOffs: 0.02, aims: 0.25,
        puts: 0.06, removes: 0.03, clocks: 0.25, requestSize: 3, movers: 0.4, moverLines: 0.3)
}
