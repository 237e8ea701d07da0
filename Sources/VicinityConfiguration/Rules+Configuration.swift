package import VicinityCore

extension Rules {
    /// The engine's part of the settings: the one place where a key becomes a rule.
    package init(_ configuration: Configuration) {
        self.init()
        let halo = configuration.halo
        radius = halo.radius
        minRadius = halo.minimumRadius
        maxRadius = halo.maximumRadius
        radiusInterval = halo.radiusInterval.milliseconds
        leaveMargin = halo.leaveMargin
        enterDwell = halo.enterDwell.milliseconds
        leaveDwell = halo.leaveDwell.milliseconds
        cooldown = halo.cooldown.milliseconds
        let fixes = configuration.fixes
        maxFuture = fixes.maximumFuture.milliseconds
        maxAccuracy = fixes.maximumAccuracy
        assumedAccuracy = fixes.assumedAccuracy
        accuracyCap = fixes.accuracyCap
        maxSpeed = fixes.maximumSpeed
        expireAfter = fixes.expireAfter.milliseconds
        forgetAfter = fixes.forgetAfter.milliseconds
        switch configuration.privacy.distance {
        case .band: disclosure = .bands(configuration.privacy.bands)
        case .exact: disclosure = .exact
        case .none: disclosure = .nothing
        }
    }
}
