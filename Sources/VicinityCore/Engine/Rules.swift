/// What an enter may say of the distance between a user and a subject.
public enum Disclosure: Sendable, Equatable {
    /// Nothing at all.
    case nothing
    /// The distance, to the centimetre.
    case exact
    /// The smallest of these bands that holds the distance, in metres, ascending.
    case bands([Double])
}

/// The settings that decide; the same names as in the configuration.
public struct Rules: Sendable, Equatable {
    /// Metres, for users that send none.
    public var radius = 500.0
    /// Metres.
    public var minRadius = 50.0
    /// Metres.
    public var maxRadius = 50_000.0
    /// Milliseconds in `ts` between two changes of one user's radius.
    public var radiusInterval: Int64 = 60_000
    /// Metres beyond the radius before a pair leaves.
    public var leaveMargin = 50.0
    /// Milliseconds for which a pair must be near before it enters; 0 is at once.
    public var enterDwell: Int64 = 0
    /// Milliseconds for which a pair must be beyond before it leaves; 0 is at once.
    public var leaveDwell: Int64 = 0
    /// Milliseconds for which a pair that has left stays outside; 0 is not at all.
    public var cooldown: Int64 = 0
    /// Milliseconds that a fix may lie ahead of the clock.
    public var maxFuture: Int64 = 10_000
    /// Metres; a fix that is less accurate changes nothing.
    public var maxAccuracy = 200.0
    /// Metres, taken where a fix brings none.
    public var assumedAccuracy = 30.0
    /// Metres that accuracy may add to the leave threshold; with 0 accuracy plays no part in pairs.
    public var accuracyCap = 100.0
    /// Metres a second; a fix that would need more is held until another confirms it. 0 is any.
    public var maxSpeed = 300.0
    /// Milliseconds of silence after which a sender's encounters are closed; 0 is never.
    public var expireAfter: Int64 = 900_000
    /// Milliseconds for which the last `ts` and the radius of a silent user are kept.
    public var forgetAfter: Int64 = 86_400_000
    /// Metres, 0 to 100,000: the precision of subjects that bring none, from when they are put; 0 is exactly where they are.
    public var precision = 0.0
    public var disclosure = Disclosure.bands([100, 250, 500])
    /// Distinct subjects that one user may enter, by `ts`; `nil` is any number.
    public var subjectsPerUser: Limit?
    /// How often one user may be granted details, on the daemon's clock; `nil` is as often as you like.
    public var detailsPerUser: Limit?
    /// Reports that one user may make, likewise.
    public var reportsPerUser: Limit? = Limit(count: 5, span: 86_400_000)
    /// `nil`: nobody is watched for following.
    public var follow: FollowGuard?
    /// Milliseconds of the daemon's clock for which details may be asked for after a leave was worked out; 0 is not at all.
    public var detailsGrace: Int64 = 300_000

    public init() {}

    /// The silence after which a sender starts afresh, in milliseconds of `ts`.
    @inline(__always) var expirySpan: Int64 { expireAfter > 0 ? expireAfter : .max }

    /// So many in any stretch of time.
    public struct Limit: Sendable, Equatable {
        /// At least 0.
        public var count: Int
        /// Milliseconds, above 0.
        public var span: Int64

        public init(count: Int, span: Int64) {
            self.count = count
            self.span = span
        }
    }

    /// When a user who is inside with a moving subject at one place after another is following it, and what comes of it.
    public struct FollowGuard: Sendable, Equatable {
        /// At least 1.
        public var places: Int
        /// Metres between two places, of the user and of the subject.
        public var apart: Double
        /// Milliseconds in `ts` for which a place counts.
        public var within: Int64
        /// Milliseconds in `ts` for which the pair then stays outside.
        public var mute: Int64

        public init(places: Int, apart: Double, within: Int64, mute: Int64) {
            self.places = places
            self.apart = apart
            self.within = within
            self.mute = mute
        }
    }

    /// How far beyond its radius a user's pair may still be inside, in metres.
    var greatestMargin: Double { leaveMargin + accuracyCap }
}
