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
        let privacy = configuration.privacy
        subjectsPerUser = Limit(privacy.subjectsPerUser)
        detailsPerUser = Limit(privacy.detailsPerUser)
        reportsPerUser = Limit(configuration.reports.perUser)
        follow = privacy.follow.map { follow in
            FollowGuard(places: follow.places, apart: follow.apart, within: follow.within.milliseconds, mute: follow.mute.milliseconds)
        }
        precision = privacy.precision
        switch privacy.distance {
        case .band: disclosure = .bands(privacy.bands)
        case .exact: disclosure = .exact
        case .none: disclosure = .nothing
        }
        detailsGrace = configuration.privacy.detailsGrace.milliseconds
    }
}

extension Rules.Limit {
    /// - Returns: `nil` for what is unlimited.
    fileprivate init?(_ limit: Limit) {
        switch limit {
        case .unlimited: return nil
        case .limited(let count, let span): self.init(count: count, span: span.milliseconds)
        }
    }
}
