import Testing

@testable import VicinityClient

@Suite("The privacy check")
struct PrivacyTests {
    /// The settings of the profile people, as the daemon shows them, with some of them set.
    private static func settings(_ set: [String: String] = [:]) throws -> PrivacySettings {
        var values = [
            "halo.radius_interval": "\"1min\"", "fixes.expire_after": "\"15min\"", "fixes.forget_after": "\"1d\"",
            "delivery.retention": "\"7d\"", "privacy.profile": "\"people\"", "privacy.precision": "200", "privacy.distance": "\"band\"",
            "privacy.bands": "[100,250,500]", "privacy.disclose": "[]", "privacy.details_grace": "\"5min\"",
            "privacy.details_per_user": "\"20/1h\"", "privacy.follow": #"{"places":3,"apart":500,"within":"1h","mute":"1d"}"#,
            "privacy.audit_retention": "\"365d\"", "privacy.subjects_per_user": "\"200/1d\"", "privacy.map_floor": "10",
            "reports.suspend_on": #"["dispute"]"#,
            "access.ingest": #"{"users":[],"groups":["vicinity-gateway"]}"#, "access.events": #"{"users":[],"groups":["vicinity-relay"]}"#,
            "access.control.relay": #"{"users":[],"groups":["vicinity-relay"]}"#,
            "access.control.admin": #"{"users":[],"groups":["vicinity-admin"]}"#, "log_level": "\"info\"",
        ]
        values.merge(set) { $1 }
        let members = values.sorted { $0.key < $1.key }.map { "\"\($0.key)\":{\"value\":\($0.value),\"origin\":\"default\"}" }
        return PrivacySettings(try JSONValue(parsing: "{\(members.joined(separator: ","))}"))
    }

    private static func census(_ settings: PrivacySettings, _ subjects: [String]) throws -> RegisterCensus {
        var census = RegisterCensus(defaultPrecision: settings.precision)
        for subject in subjects { census.add(try JSONValue(parsing: subject)) }
        return census
    }

    private static func report(_ set: [String: String] = [:], _ subjects: [String] = []) throws -> PrivacyReport {
        let settings = try settings(set)
        return PrivacyCheck.report(settings, try census(settings, subjects))
    }

    /// As careless as can be.
    private static let carelessSettings = [
        "halo.radius_interval": "\"0s\"", "fixes.expire_after": "\"0s\"", "fixes.forget_after": "\"1y\"", "delivery.retention": "\"2y\"",
        "privacy.precision": "0", "privacy.distance": "\"exact\"", "privacy.disclose": #"["phone","home address","opening hours"]"#,
        "privacy.details_grace": "\"1d 12h\"", "privacy.details_per_user": "\"unlimited\"", "privacy.follow": "\"off\"",
        "privacy.audit_retention": "\"7d\"", "privacy.subjects_per_user": "\"unlimited\"", "privacy.map_floor": "1",
        "reports.suspend_on": "[]",
        "access.ingest": #"{"users":["app"],"groups":["users"]}"#, "access.events": #"{"users":["app"],"groups":[]}"#,
        "access.control.relay": #"{"users":["app",1000],"groups":[]}"#, "access.control.admin": #"{"users":[1000],"groups":[]}"#,
        "log_level": "\"debug\"",
    ]

    private static let people = [
        #"{"id":"p-1","lat":1,"lon":2,"name":"Anna Lindgren","details":{"phone":"1","home address":"x"}}"#,
        #"{"id":"p-2","lat":1,"lon":2,"name":"+49 30 1234567","precision":0}"#,
        #"{"id":"p-3","lat":1,"lon":2,"name":"Gate 7","precision":20.5}"#,
        #"{"id":"p-4","lat":1,"lon":2,"precision":500}"#,
    ]

    @Test("The careless operator is told everything, the gravest first")
    func careless() throws {
        let settings = try Self.settings(Self.carelessSettings)
        var census = try Self.census(settings, Self.people)
        census.addMoving("p-4")
        let report = PrivacyCheck.report(settings, census)
        try Fixture.expect(report.text + "\n", equals: "privacy-careless.txt")
        try Fixture.expect(report.json.replacing("},{", with: "},\n{") + "\n", equals: "privacy-careless.json")
        #expect(report.findings.map(\.severity) == report.findings.map(\.severity).sorted())
        #expect(try JSONValue(parsing: report.json)["findings"]?.array?.count == report.findings.count)
    }

    @Test("The defaults of the profile people, and a register that keeps to them: nothing to say")
    func careful() throws {
        let report = try Self.report(
            [:], [#"{"id":"a","lat":1,"lon":2}"#, #"{"id":"b","lat":1,"lon":2,"name":"Shelter 4","precision":400}"#])
        #expect(report.findings == [])
        #expect(report.text == "nothing to say: 2 subjects, profile people")
        #expect(report.json == #"{"subjects":2,"findings":[]}"#)
    }

    @Test("Places are no secret: what is grave of people is a remark there")
    func places() throws {
        let set = [
            "privacy.profile": "\"places\"", "privacy.precision": "0", "privacy.follow": "\"off\"",
            "privacy.details_per_user": "\"unlimited\"",
            "privacy.subjects_per_user": "\"unlimited\"",
        ]
        let report = try Self.report(set, [#"{"id":"stop-1","lat":1,"lon":2,"name":"Gate 7"}"#])
        #expect(report.findings.map(\.code) == ["no_precision", "unlimited_subjects"])
        #expect(report.findings.allSatisfy { $0.severity == .low })
    }

    /// Each rule by itself, from settings and a register of which there is nothing else to say.
    @Test(arguments: [
        (["privacy.distance": "\"exact\""], "exact_distance", PrivacyFinding.Severity.low),
        (["privacy.precision": "0"], "no_precision", .high),
        (["privacy.precision": "99"], "small_cells", .medium), (["privacy.precision": "1000"], "fine_bands", .low),
        (["privacy.disclose": #"["Coordinates"]"#], "disclosed_place", .high),
        (["privacy.disclose": #"["E-Mail"]"#], "disclosed_person", .high),
        (["privacy.disclose": #"["hours"]"#, "privacy.details_grace": "\"31min\""], "long_grace", .medium),
        (["privacy.disclose": #"["hours"]"#, "privacy.details_per_user": "\"unlimited\""], "unlimited_details", .high),
        (["privacy.subjects_per_user": "\"unlimited\""], "unlimited_subjects", .high),
        (["privacy.subjects_per_user": "\"200/1h\""], "many_subjects", .medium), (["privacy.follow": "\"off\""], "follow_off", .medium),
        (["reports.suspend_on": "[]"], "no_dispute", .low), (["delivery.retention": "\"31d\""], "long_retention", .medium),
        (["fixes.expire_after": "\"0s\""], "never_expires", .medium), (["fixes.forget_after": "\"6w\""], "long_memory", .low),
        (["privacy.map_floor": "1"], "small_groups", .high), (["privacy.map_floor": "4"], "small_groups", .medium),
        (["privacy.profile": "\"places\"", "privacy.map_floor": "2"], "small_groups", .medium),
        (["privacy.audit_retention": "\"30d\""], "short_audit", .medium), (["log_level": "\"trace\""], "talkative_log", .medium),
        (["access.control.admin": #"{"users":[],"groups":["vicinity-relay"]}"#], "shared_role", .high),
        (["access.control.observer": #"{"users":[],"groups":["vicinity-gateway"]}"#], "shared_role", .medium),
        (["access.ingest": #"{"users":[],"groups":["nogroup"]}"#], "open_role", .high),
    ])
    func rule(set: [String: String], code: String, severity: PrivacyFinding.Severity) throws {
        let report = try Self.report(set, [#"{"id":"a","lat":1,"lon":2}"#])
        let finding = try #require(report.findings.first { $0.code == code }, "\(report.text)")
        #expect(finding.severity == severity)
        let others = code == "shared_role" ? ["shared_role"] : []
        #expect(report.findings.allSatisfy { $0.code == code || others.contains($0.code) }, "\(report.text)")
    }

    @Test("The limits are where the sentences say")
    func thresholds() throws {
        for set in [
            ["privacy.disclose": #"["hours"]"#, "privacy.details_grace": "\"30min\""], ["privacy.subjects_per_user": "\"2000/1d\""],
            ["delivery.retention": "\"30d\""], ["privacy.audit_retention": "\"90d\""], ["privacy.precision": "100"],
            ["privacy.bands": "[1000]"], ["privacy.map_floor": "5"], ["privacy.map_floor": "0"], ["privacy.map_floor": "1000000"],
        ] { #expect(try Self.report(set, [#"{"id":"a","lat":1,"lon":2}"#]).findings == [], "\(set)") }
    }

    @Test(arguments: [
        ("Anna Lindgren", true), ("Jean-Luc O’Neill", true), ("Åsa B. Öberg", true), ("anna@example.org", true), ("+49 30 1234567", true),
        ("Bus Stop", false), ("Central Station", false), ("Gate 7", false), ("Shelter", false), ("toll", false), ("Karl Marx Allee", false),
        ("Große Hamburger Straße", false), ("SOS", false), ("", false),
    ])
    func names(name: String, isPersonal: Bool) { #expect(PersonalWords.isPersonal(name: name) == isPersonal) }

    @Test(arguments: [
        ("phone", true, false), ("Mobile No.", true, false), ("name", true, false), ("opening hours", false, false),
        ("capacity", false, false),
        ("lat", false, true), ("plate", true, false), ("home", false, true), ("street address", false, true), ("translation", false, false),
        ("wheelchair", false, false), ("id", true, false), ("tickets", false, false),
    ])
    func fields(field: String, isPersonal: Bool, isPlace: Bool) {
        #expect(PersonalWords.isPersonal(field: field) == isPersonal)
        #expect(PersonalWords.isPlace(field: field) == isPlace)
    }

    @Test("What a register says cannot move the cursor")
    func terminal() throws {
        let report = try Self.report(["privacy.precision": "0"], ["{\"id\":\"a\\u001b[2J\",\"lat\":1,\"lon\":2}"])
        #expect(!report.text.contains("\u{1B}") && report.text.contains("a\u{FFFD}[2J"))
    }
}
