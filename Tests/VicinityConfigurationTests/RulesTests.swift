import Testing
import VicinityConfiguration
import VicinityCore

@Suite("Settings become rules")
struct RulesTests {
    /// The engine's own defaults are those of the manual's profile that protects nobody.
    @Test func theDefaultsAgree() { #expect(Rules(.defaults(for: .places)) == Rules()) }

    /// One key, and the one rule that differs from the defaults with it.
    private static let changes: [(path: String, text: String, change: @Sendable (inout Rules) -> Void)] = [
        ("halo.radius", "321", { $0.radius = 321 }),
        ("halo.min_radius", "7", { $0.minRadius = 7 }),
        ("halo.max_radius", "8000", { $0.maxRadius = 8_000 }),
        ("halo.radius_interval", "90s", { $0.radiusInterval = 90_000 }),
        ("halo.leave_margin", "11.5", { $0.leaveMargin = 11.5 }),
        ("halo.enter_dwell", "2s", { $0.enterDwell = 2_000 }),
        ("halo.leave_dwell", "3s", { $0.leaveDwell = 3_000 }),
        ("halo.cooldown", "4min", { $0.cooldown = 240_000 }),
        ("fixes.max_future", "1500us", { $0.maxFuture = 2 }),
        ("fixes.max_accuracy", "99", { $0.maxAccuracy = 99 }),
        ("fixes.assumed_accuracy", "12", { $0.assumedAccuracy = 12 }),
        ("fixes.accuracy_cap", "0", { $0.accuracyCap = 0 }),
        ("fixes.max_speed", "0", { $0.maxSpeed = 0 }),
        ("fixes.expire_after", "0", { $0.expireAfter = 0 }),
        ("fixes.forget_after", "2d", { $0.forgetAfter = 172_800_000 }),
        ("privacy.precision", "12.5", { $0.precision = 12.5 }),
        ("privacy.bands", "[5]", { $0.disclosure = .bands([5]) }),
        ("privacy.distance", "exact", { $0.disclosure = .exact }),
        ("privacy.distance", "none", { $0.disclosure = .nothing }),
        ("privacy.subjects_per_user", "7/2h", { $0.subjectsPerUser = Rules.Limit(count: 7, span: 7_200_000) }),
        ("privacy.subjects_per_user", "unlimited", { $0.subjectsPerUser = nil }),
        ("privacy.details_grace", "0", { $0.detailsGrace = 0 }),
        ("privacy.details_per_user", "0/1ms", { $0.detailsPerUser = Rules.Limit(count: 0, span: 1) }),
        ("reports.per_user", "9/1h", { $0.reportsPerUser = Rules.Limit(count: 9, span: 3_600_000) }),
        (
            "privacy.follow", "{ places: 4, apart: 250, within: 2h, mute: 3h }",
            { $0.follow = Rules.FollowGuard(places: 4, apart: 250, within: 7_200_000, mute: 10_800_000) }
        ),
        ("privacy.follow", "off", { $0.follow = nil }),
    ]

    /// Each key alone.
    @Test(arguments: changes.indices)
    func keyByKey(index: Int) throws {
        let (path, text, change) = Self.changes[index]
        let defaults = Rules(Configuration())
        var expected = defaults
        change(&expected)
        #expect(expected != defaults)
        let values = try load(arguments: [Configuration.Argument(name: "--set", path: path, text: text)]).get().values
        #expect(Rules(values) == expected)
    }

    /// A key of these sections that this table forgot would be read, shown and not obeyed.
    @Test func everyKeyOfTheEngineIsARule() throws {
        for row in ConfigurationRangeTests.rows {
            for path in row.paths where path.hasPrefix("halo.") || path.hasPrefix("fixes.") {
                let all = try row.good.map { Rules(try load(ConfigurationRangeTests.yaml(path, $0)).get().values) }
                #expect(all.contains { $0 != Rules(Configuration()) }, "\(path) changes no rule")
            }
        }
    }
}
