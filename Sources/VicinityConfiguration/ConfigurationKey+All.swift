/// The table of keys, in the order in which they are printed.

extension ConfigurationKey {
    package static let all: [ConfigurationKey] = halo + fixes + delivery + privacy + reports + access + others

    private static let radius = ConfigurationForm<Double>.metres(1...1_000_000)
    /// 2^53 − 1, the largest number that every reader of JSON keeps.
    private static let largestInteger = 9_007_199_254_740_991

    private static let halo = [
        ConfigurationKey("halo.radius", \.halo.radius, radius, "metres, for users that send none"),
        ConfigurationKey("halo.min_radius", \.halo.minimumRadius, radius, "metres, the least that a fix may ask for"),
        ConfigurationKey("halo.max_radius", \.halo.maximumRadius, radius, "metres, the most that a fix may ask for"),
        ConfigurationKey(
            "halo.radius_interval", \.halo.radiusInterval, .span, "between two changes of one user's radius"),
        ConfigurationKey("halo.leave_margin", \.halo.leaveMargin, .metres(), "metres beyond the radius before a pair leaves"),
        ConfigurationKey(
            "halo.enter_dwell", \.halo.enterDwell, .span, "how long a pair must be inside before it enters"),
        ConfigurationKey(
            "halo.leave_dwell", \.halo.leaveDwell, .span, "how long a pair must be outside before it leaves"),
        ConfigurationKey(
            "halo.cooldown", \.halo.cooldown, .span, "how long a pair stays outside after a leave"),
    ]

    private static let fixes = [
        ConfigurationKey("fixes.max_future", \.fixes.maximumFuture, .span, "how far a fix may be dated past now"),
        ConfigurationKey("fixes.max_accuracy", \.fixes.maximumAccuracy, .metres(), "metres; a fix that is worse moves nothing"),
        ConfigurationKey("fixes.assumed_accuracy", \.fixes.assumedAccuracy, .metres(), "metres, where a fix brings none"),
        ConfigurationKey(
            "fixes.accuracy_cap", \.fixes.accuracyCap, .metres(),
            "metres that accuracy may add to the leave threshold; 0 = accuracy plays no part in pairs"),
        ConfigurationKey(
            "fixes.max_speed", \.fixes.maximumSpeed, .number("metres per second", 0...Double.greatestFiniteMagnitude),
            "metres per second, faster is not believed at once; 0 = any"),
        ConfigurationKey(
            "fixes.expire_after", \.fixes.expireAfter, .span, "silence after which encounters are closed; 0 = never"),
        ConfigurationKey(
            "fixes.forget_after", \.fixes.forgetAfter, .span, "how long the last ts and the radius of a silent user are kept"),
    ]

    private static let delivery = [
        ConfigurationKey("delivery.commit_interval", \.delivery.commitInterval, .span, "the longest that a commit waits for company"),
        ConfigurationKey("delivery.heartbeat", \.delivery.heartbeat, .span, "to a subscriber that got no event for so long; 0 = none"),
        ConfigurationKey(
            "delivery.retention", \.delivery.retention, .span, "events are kept while they are younger"),
        ConfigurationKey(
            "delivery.retention_events", \.delivery.retentionEvents, .count(1...largestInteger), "and among so many newest"),
        ConfigurationKey(
            "durability", \.durability, .choice,
            "process: survives a crash of the daemon; power: also one of the machine (fsync each commit)", takesEffect: .atRestart),
    ]

    private static let privacy = [
        ConfigurationKey(
            profilePath, \.privacy.profile, .choice, "people | places: a bundle of defaults for this section, each still settable by itself"
        ),
        ConfigurationKey(
            "privacy.precision", \.privacy.precision, .metres(0...100_000), "metres, for subjects that bring none"),
        ConfigurationKey("privacy.distance", \.privacy.distance, .choice, "what an enter event tells: band | exact | none"),
        ConfigurationKey("privacy.bands", \.privacy.bands, .bands, "metres, ascending"),
        ConfigurationKey(
            "privacy.disclose", \.privacy.disclose, .list("names", of: .name), "fields of details that may be shown; none unless named"),
        ConfigurationKey(
            "privacy.details_grace", \.privacy.detailsGrace, .span, "how long after a leave details may be asked for"),
        ConfigurationKey(
            "privacy.details_per_user", \.privacy.detailsPerUser, .limit, "granted requests for details"),
        ConfigurationKey(
            "privacy.follow", \.privacy.follow, .follow,
            "a user inside with one moving subject at so many places, so far apart, within a span, is muted; or off"),
        ConfigurationKey(
            "privacy.audit_retention", \.privacy.auditRetention, .span, "how long audit entries are kept"),
        ConfigurationKey(
            "privacy.subjects_per_user", \.privacy.subjectsPerUser, .limit,
            "distinct subjects one user may enter, by ts; past it the pair stays outside"),
        ConfigurationKey(
            "privacy.map_floor", \.privacy.mapFloor, .count(0...1_000_000),
            "the fewest users in a cell that the map tells of; 0 = it tells of no users"),
    ]

    private static let reports = [
        ConfigurationKey(
            "reports.kinds", \.reports.kinds, .list("names", of: .name), "what users may report"),
        ConfigurationKey(
            "reports.suspend_on", \.reports.suspendOn, .list("names", of: .name), "which of these kinds suspend the subject"),
        ConfigurationKey(
            "reports.suspend_after", \.reports.suspendAfter, .count(1...1_000_000), "from so many different users"),
        ConfigurationKey(
            "reports.per_user", \.reports.perUser, .limit, "reports that one user may make"),
    ]

    private static let access = [
        ConfigurationKey("access.ingest", \.access.ingest, .principals, "who may push fixes"),
        ConfigurationKey("access.events", \.access.events, .principals, "who may subscribe"),
        ConfigurationKey("access.control.observer", \.access.control.observer, .principals, "status, metrics, map"),
        ConfigurationKey("access.control.relay", \.access.control.relay, .principals, "nearby, details, reports.create"),
        ConfigurationKey("access.control.admin", \.access.control.admin, .principals, "everything"),
    ]

    private static let others = [
        ConfigurationKey(
            "limits.connections", \.limits.connections, .count(1...1_000_000), "of ingest and events together; control has 64 of its own"),
        ConfigurationKey(
            "health.subscriber_lag", \.health.subscriberLag, .count(0...largestInteger),
            "events that a named subscriber may be behind before the daemon is degraded; 0 = any"),
        ConfigurationKey(
            "health.disk_free", \.health.diskFree, .count(0...1_000_000_000),
            "MiB that must be free on the disk of the log, or a twentieth of it, or the daemon is degraded; 0 = any"),
        ConfigurationKey(
            "health.commit_time", \.health.commitTime, .span,
            "the longest that a commit may take, or the daemon is degraded for the next minute; 0 = any"),
        ConfigurationKey("log_level", \.logLevel, .choice, "trace, debug, info, notice, warning, error or critical"),
    ]
}
