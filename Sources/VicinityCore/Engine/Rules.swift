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
    /// Metres beyond the radius before a pair leaves.
    public var leaveMargin = 50.0
    /// Milliseconds that a fix may lie ahead of the clock.
    public var maxFuture: Int64 = 10_000
    /// Metres; a fix that is less accurate changes nothing.
    public var maxAccuracy = 200.0
    /// Metres, taken where a fix brings none.
    public var assumedAccuracy = 30.0
    /// Metres that accuracy may add to the leave threshold; with 0 accuracy plays no part in pairs.
    public var accuracyCap = 100.0
    public var disclosure = Disclosure.bands([100, 250, 500])

    public init() {}

    /// How far beyond its radius a user's pair may still be inside, in metres.
    var greatestMargin: Double { leaveMargin + accuracyCap }
}
