import VicinityPipeline

/// What makes one simulated installation unlike another: sizes, habits, and how much goes wrong. Drawn once from the seed.
///
/// Bounds are drawn from what they are in the daemon down to what is met at every second step.
struct ServiceTraits {
    /// How the machine's clock behaves.
    enum ClockHabit {
        case steady
        /// Now and then three hours ahead, never back.
        case ahead
        /// Hours and days, in both directions. Nobody signs off there: how long that is remembered is left open for such a clock.
        case wild
    }

    // Who is there.
    let users: Int
    let subjects: Int
    let gateways: Int
    let relays: Int
    let loops: Int

    // Bytes, and lines.
    let inboxBound: Int
    let upstream: Int
    let downstream: Int
    let highWater: Int
    let readSize: Int
    let batchLines: Int
    let feedMemory: Int
    let greatestCommit: Int
    let pieceSize: Int

    /// Whether much happens in little time.
    let isHasty: Bool
    // Milliseconds.
    let commitInterval: Int64
    let heartbeat: Int64
    let retention: RetentionSettings

    // What lines are.
    let clock: ClockHabit
    let signOffs: Double
    let garbage: Double
    let hasLongLines: Bool
    let absentTimes: Double
    let oddTimes: Double
    let moves: Bool
    let reloads: Double
    /// Whether a put may give a subject another kind.
    let kindsChange: Bool
    /// Whether subjects have precisions.
    let blurs: Bool

    // What goes wrong, as a chance at each step.
    let crashes: Double
    let stops: Double
    let troubles: Double
    let leaps: Double
    /// The chance that a fault of the disk is one that ends the daemon.
    let fatal: Double
    let readFaults: Double

    init(_ dice: Dice) {
        let isCrowded = dice.chance(0.03)
        users = isCrowded ? 300 : dice.pick([3, 8, 16, 24])
        subjects = 3 + dice.below(isCrowded ? 4 : 12)
        gateways = 1 + dice.below(4)
        relays = 2 + dice.below(5)
        loops = 1 + dice.below(3)
        hasLongLines = dice.chance(0.05)
        inboxBound = dice.pick([400, 2_000, 20_000, 8 << 20])
        upstream = hasLongLines ? 1 << 17 : dice.pick([100, 1_000, 8_000, 65_536, 65_536])
        downstream = dice.pick([100, 1_000, 8_000, 65_536, 65_536])
        highWater = dice.pick([100, 2_000, 30_000, 262_144])
        readSize = hasLongLines ? 1 << 16 : dice.pick([50, 2_000, 65_536, 65_536])
        batchLines = dice.pick([1, 3, 20, 4_096])
        feedMemory = dice.pick([0, 300, 3_000, Feed.memory])
        greatestCommit = dice.pick([500, 5_000, Writer.greatestCommit, Writer.greatestCommit])
        pieceSize = dice.pick([1, 500, 5_000, EventsConversation.pieceSize])
        isHasty = dice.chance(0.3)
        commitInterval = dice.pick([0, 1, 5, isHasty ? 0 : 20])
        heartbeat = dice.pick([300, 1_000, 5_000])
        retention = RetentionSettings(span: dice.pick([3_000, 30_000, 604_800_000]), events: dice.pick([10, 200, 2_000, 50_000_000]))
        clock = dice.pick([.steady, .ahead, .wild])
        signOffs = clock == .wild ? 0 : dice.pick([0, 0.02, 0.15])
        garbage = dice.pick([0, 0.02, 0.2, 0.9])
        absentTimes = dice.pick([0, 0, 0.05])
        oddTimes = dice.pick([0, 0.05, 0.3])
        moves = dice.chance(0.5)
        reloads = dice.pick([0, 0, 0.2])
        kindsChange = dice.chance(0.3)
        crashes = dice.pick([0, 1.0 / 1_000, 1.0 / 400, 1.0 / 150])
        stops = dice.pick([0, 0, 1.0 / 2_000, 1.0 / 400])
        troubles = dice.pick([0, 0, 1.0 / 500, 1.0 / 200])
        leaps = clock == .steady ? 0 : dice.pick([1.0 / 1_000, 1.0 / 200])
        fatal = dice.pick([0, 0.2])
        readFaults = dice.pick([0, 0, 0.02])
        blurs = dice.chance(0.5)
    }
}
