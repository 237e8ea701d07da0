import Testing
import VicinityConfiguration

/// Each key at and beyond the limits of its range. A key that is in no row fails, so that none is forgotten.
@Suite("Ranges")
struct ConfigurationRangeTests {
    struct Row: Sendable {
        var paths: [String]
        var good: [String]
        var bad: [String]
    }

    static let rows = [
        // 1 to 1,000,000, but also min ≤ radius ≤ max: what is good alone is tested with its neighbours below.
        Row(paths: ["halo.radius"], good: ["50", "50000", "77.5", "5e2"], bad: ["0", "0.99", "1000001", "-1", "x", ""]),
        Row(paths: ["halo.min_radius"], good: ["1", "500"], bad: ["0", "0.999", "1000000.5", "-1", "x"]),
        Row(paths: ["halo.max_radius"], good: ["1000000", "500"], bad: ["0", "1000000.001", "1e7", "x"]),
        Row(
            paths: [
                "halo.radius_interval", "halo.enter_dwell", "halo.leave_dwell", "halo.cooldown", "fixes.max_future", "fixes.expire_after",
                "fixes.forget_after", "delivery.commit_interval", "delivery.heartbeat", "delivery.retention", "privacy.details_grace",
                "privacy.audit_retention", "health.commit_time",
            ],
            good: ["0", "0s", "10y", "315576000", "1.5s", "\"1h 30min\"", "500us"],
            bad: ["-1", "-1s", "315576000.000001", "10y 1us", "x", "[1]", "", "1 parsec"]),
        Row(
            paths: ["halo.leave_margin", "fixes.max_accuracy", "fixes.assumed_accuracy", "fixes.accuracy_cap", "fixes.max_speed"],
            good: ["0", "0.001", "1e300", "-0"], bad: ["-0.001", "-1", "1e309", ".nan", "nan", ".inf", "inf", "5m", "true", ""]),
        Row(
            paths: ["delivery.retention_events"], good: ["1", "9007199254740991"],
            bad: ["0", "-1", "9007199254740992", "1e3", "1.0", "99999999999999999999"]),
        Row(paths: ["durability"], good: ["process", "power"], bad: ["Power", "none", ""]),
        Row(paths: ["privacy.profile"], good: ["people", "places"], bad: ["place", "1"]),
        Row(paths: ["privacy.precision"], good: ["0", "100000", "0.5"], bad: ["-1", "100000.01", "x"]),
        Row(paths: ["privacy.distance"], good: ["band", "exact", "none"], bad: ["bands", "null"]),
        Row(
            paths: ["privacy.bands"], good: ["[]", "[0]", "[0, 0.5, 1e6]", "[100]"],
            bad: ["100", "[-1]", "[2, 1]", "[1, 1]", "[1, x]", "[[1]]", "{}", ""]),
        Row(
            paths: ["privacy.disclose", "reports.kinds"],
            good: ["[]", "[a]", "[\"a b\", ü, 12]", "[\(String(repeating: "x", count: 128))]"],
            bad: ["a", "[a, a]", "[\(String(repeating: "x", count: 129))]", "[\"\"]", "[\"\\x7f\"]", "[[a]]"]),
        Row(paths: ["reports.suspend_on"], good: ["[]", "[tip]", "[dispute, tip]"], bad: ["tip", "[rumour]", "[tip, tip]"]),
        Row(
            paths: ["privacy.details_per_user", "privacy.subjects_per_user", "reports.per_user"],
            good: ["unlimited", "0/1us", "1000000000/10y", "20/1h", "5/60"],
            bad: ["20", "20/0s", "-1/1h", "1000000001/1h", "20/11y", "none"]),
        Row(
            paths: ["privacy.follow"],
            good: ["off", "{}", "{ places: 1 }", "{ places: 100, apart: 0, within: 0, mute: 10y }"],
            bad: [
                "on", "\"off\"", "false", "[]", "{ places: 0 }", "{ places: 101 }", "{ apart: -1 }", "{ within: -1 }", "{ mute: 11y }",
                "{ far: 1 }",
            ]),
        Row(paths: ["privacy.map_floor"], good: ["0", "1", "1000000"], bad: ["-1", "1000001", "2.5", "off"]),
        Row(paths: ["reports.suspend_after"], good: ["1", "1000000"], bad: ["0", "1000001", "1.5"]),
        Row(
            paths: ["access.ingest", "access.events", "access.control.observer", "access.control.relay", "access.control.admin"],
            good: ["{}", "{ users: [], groups: [] }", "{ users: [root, 0, 4294967294] }", "{ groups: [\"domain users\", DOM\\bob] }"],
            bad: [
                "[]", "root", "{ users: root }", "{ users: [-1] }", "{ users: [4294967295] }", "{ users: [root, root] }",
                "{ users: [a:b] }", "{ group: [] }",
            ]),
        Row(paths: ["health.subscriber_lag"], good: ["0", "9007199254740991"], bad: ["-1", "9007199254740992", "1.5", "any"]),
        Row(paths: ["health.disk_free"], good: ["0", "1000000000"], bad: ["-1", "1000000001", "1GiB", "5%"]),
        Row(paths: ["limits.connections"], good: ["1", "1000000"], bad: ["0", "1000001", "many"]),
        Row(
            paths: ["log_level"], good: ["trace", "debug", "info", "notice", "warning", "error", "critical"], bad: ["Info", "verbose", "3"]),
    ]

    @Test func everyKeyHasARow() {
        #expect(Self.rows.flatMap(\.paths).sorted() == ConfigurationKey.all.map(\.path).sorted())
    }

    @Test(arguments: rows)
    func limits(row: Row) throws {
        for path in row.paths {
            for value in row.good { #expect(mistakes(Self.yaml(path, value)) == [], "\(path): \(value)") }
            for value in row.bad {
                let found = mistakes(Self.yaml(path, value))
                #expect(found.count == 1 && found.allSatisfy { $0.contains(": \(path)") }, "\(path): \(value): \(found)")
            }
        }
    }

    @Test func theRadiusAtItsLimits() throws {
        for radius in ["1", "1000000"] {
            let text = "halo: { min_radius: \(radius), radius: \(radius), max_radius: \(radius) }"
            #expect(try load(text).get().values.halo.radius == Double(radius))
        }
    }

    /// `a.b: value` as nested maps, a level a line.
    static func yaml(_ path: String, _ value: String) -> String {
        var text = ""
        for (depth, name) in path.split(separator: ".").enumerated() {
            text += (depth == 0 ? "" : "\n") + String(repeating: "  ", count: depth) + name + ":"
        }
        return text + " " + value + "\n"
    }
}
