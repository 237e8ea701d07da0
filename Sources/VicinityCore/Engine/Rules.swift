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
    public var disclosure = Disclosure.bands([100, 250, 500])

    public init() {}

    /// The silence after which a sender starts afresh, in milliseconds of `ts`.
    @inline(__always) var expirySpan: Int64 { expireAfter > 0 ? expireAfter : .max }

    /// How far beyond its radius a user's pair may still be inside, in metres.
    var greatestMargin: Double { leaveMargin + accuracyCap }
}
