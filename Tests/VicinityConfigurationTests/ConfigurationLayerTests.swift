import Testing
import VicinityConfiguration

@Suite("Layers of the configuration")
struct ConfigurationLayerTests {
    @Test(arguments: [
        "", "\n\n", "# nothing\n  # at all", "---\n", "---\n...\n", "{}", "null", "halo:\nfixes:\n  # all defaults\n", "\u{FEFF}halo:\n",
    ])
    func nothingGivenIsTheDefaults(yaml: String) throws {
        #expect(try load(yaml).get() == .defaults)
    }

    @Test func environmentBeatsFileBeatsDefaults() throws {
        let yaml = "halo:\n  radius: 60\n  leave_margin: 5\n"
        let effective = try load(yaml, environment: ["VICINITY_HALO_RADIUS": "70", "HALO_LEAVE_MARGIN": "9", "PATH": "/bin"]).get()
        #expect(effective.values.halo.radius == 70)
        #expect(effective.values.halo.leaveMargin == 5)
        #expect(effective.values.halo.maximumRadius == 50_000)
        #expect(effective.origins["halo.radius"] == .named("VICINITY_HALO_RADIUS"))
        #expect(effective.origins["halo.leave_margin"] == .file(path: "f.yaml", line: 3))
        #expect(effective.origins["halo.max_radius"] == .builtIn)
        #expect(effective.warnings == [])
    }

    @Test func argumentsBeatAllAndTheLastOneCounts() throws {
        let arguments = ["60", "80"].map { Configuration.Argument(name: "--set", path: "halo.radius", text: $0) }
        let effective = try load("halo: { radius: 99 }", environment: ["VICINITY_HALO_RADIUS": "70"], arguments: arguments).get()
        #expect(effective.values.halo.radius == 80)
        #expect(effective.origins["halo.radius"] == .named("--set"))
    }

    @Test func mistakesOfArguments() {
        let arguments = [
            Configuration.Argument(name: "--set", path: "halo.radios", text: "1"),
            Configuration.Argument(name: "--set", path: "halo.radius", text: "big"),
        ]
        #expect(
            mistakes(arguments: arguments) == [
                "--set: halo.radios: there is no such key; did you mean halo.radius?",
                "--set: halo.radius: is big, must be metres, 1 to 1000000",
            ])
    }

    // MARK: - key=value

    @Test(arguments: [
        ("halo.radius=300", 300.0), (" halo.radius =  3e2 ", 300), ("halo.radius='300'", nil), ("halo.radius=", nil), ("halo.radius", nil),
    ])
    func assignments(text: String, radius: Double?) {
        let loaded = try? load(arguments: [Configuration.Argument(name: "--set", assignment: text)]).get()
        #expect(loaded?.values.halo.radius == radius)
        #expect(loaded?.origins["halo.radius"] == radius.map { _ in .named("--set") })
    }

    @Test func assignmentsTakeWhatTheEnvironmentTakes() throws {
        let assignments = [
            "privacy.bands=[50, 1000]", "privacy.follow={ places: 4, mute: 12h }", "privacy.disclose=[\"a=b\"]", "halo.cooldown=1h 30min",
        ]
        let values = try load(arguments: assignments.map { Configuration.Argument(name: "--set", assignment: $0) }).get().values
        #expect(values.privacy.bands == [50, 1000])
        #expect(values.privacy.follow == Configuration.FollowGuard(places: 4, mute: .hours(12)))
        #expect(values.privacy.disclose == ["a=b"])
        #expect(values.halo.cooldown == .minutes(90))
    }

    /// With the mistakes of the file, each with the words that file and environment have for it.
    @Test func allMistakesOfAssignmentsAreTold() {
        let assignments = [
            "halo.radios=1", "halo.radius", "halo.leave_margin=-5", "privacy.bands=[1, 2", "=3", "", "halo.cooldown=",
            "privacy.follow={places: 1, places: 2}", "fixes.max_speed=fast", "limits=1",
        ]
        let arguments = assignments.map { Configuration.Argument(name: "--set", assignment: $0) }
        #expect(
            mistakes("halo:\n  radius: 0\n", arguments: arguments) == [
                "f.yaml:2: halo.radius: is 0, must be metres, 1 to 1000000",
                "--set: halo.radios: there is no such key; did you mean halo.radius?",
                "--set: halo.radius: has no value, must be given as halo.radius=…, with metres, 1 to 1000000",
                "--set: privacy.bands: did not find expected ',' or ']' (while parsing a flow sequence, line 1)",
                "--set: key: is missing, must be given as key=value, like halo.radius=300",
                "--set: key: is missing, must be given as key=value, like halo.radius=300",
                "--set: limits: is a section, must be one key of it: connections",
                "--set: halo.leave_margin: is -5, must be metres, 0 or more",
                "--set: halo.cooldown: is empty, must be a span of time like 10, 500ms, 1h 30min, from 0 to 10y",
                "--set: privacy.follow.places: is given twice, first on line 1",
                "--set: fixes.max_speed: is fast, must be metres per second, 0 or more",
            ])
    }

    @Test func everyKeyHasAVariableOfItsOwn() throws {
        let variables = ConfigurationKey.all.map(\.variable)
        #expect(Set(variables).count == variables.count)
        #expect(variables.contains("VICINITY_HALO_RADIUS") && variables.contains("VICINITY_ACCESS_CONTROL_ADMIN"))
        // Each takes what config.get and --check-config show.
        var environment: [String: String] = [:]
        for key in ConfigurationKey.all { environment[key.variable] = key.defaultValue(for: .people).yaml }
        let effective = try load(environment: environment).get()
        #expect(effective.values == Configuration())
        for key in ConfigurationKey.all { #expect(effective.origins[key.path] == .named(key.variable)) }
    }

    @Test func listsAndMapsInTheEnvironmentAreFlowYAML() throws {
        let environment = [
            "VICINITY_PRIVACY_BANDS": "[10, 20]", "VICINITY_PRIVACY_FOLLOW": "{places: 4, within: 30min}",
            "VICINITY_ACCESS_CONTROL_ADMIN": "{users: [alice, 1000]}", "VICINITY_REPORTS_PER_USER": "9/1h",
        ]
        let values = try load(environment: environment).get().values
        #expect(values.privacy.bands == [10, 20])
        #expect(values.privacy.follow == Configuration.FollowGuard(places: 4, within: .minutes(30)))
        #expect(values.access.control.admin == Configuration.Principals(users: [.name("alice"), .number(1000)]))
        #expect(values.reports.perUser == .limited(count: 9, within: .hours(1)))
    }

    @Test(arguments: [
        ("VICINITY_HALO_RADIUS", "0", "VICINITY_HALO_RADIUS: halo.radius: is 0, must be metres, 1 to 1000000"),
        ("VICINITY_HALO_RADIUS", "", "VICINITY_HALO_RADIUS: halo.radius: is empty, must be metres, 1 to 1000000"),
        ("VICINITY_HALO_RADIUS", "40", "VICINITY_HALO_RADIUS: halo.radius: is 40, must be at least halo.min_radius, which is 50 (default)"),
        (
            "VICINITY_PRIVACY_BANDS", "[1, 2",
            "VICINITY_PRIVACY_BANDS: privacy.bands: did not find expected ',' or ']' (while parsing a flow sequence, line 1)"
        ),
        (
            "VICINITY_PRIVACY_FOLLOW", "{places: 1, places: 2}",
            "VICINITY_PRIVACY_FOLLOW: privacy.follow.places: is given twice, first on line 1"
        ),
    ])
    func mistakesOfTheEnvironment(name: String, value: String, mistake: String) {
        #expect(mistakes(environment: [name: value]) == [mistake])
    }

    @Test func aVariableThatIsNoKeyIsWarnedOf() throws {
        let environment = ["VICINITY_HALO_RADUIS": "70", "VICINITY_ZEBRA": "1", "VICINITY_HALO": "1", "VICINITY_SOCKET_DIR": "/run"]
        let warnings = try load(environment: environment).get().warnings
        #expect(
            warnings == [
                "VICINITY_HALO: the environment sets it, but no key has that name",
                "VICINITY_HALO_RADUIS: the environment sets it, but no key has that name; did you mean VICINITY_HALO_RADIUS?",
                "VICINITY_ZEBRA: the environment sets it, but no key has that name",
            ])
    }

    @Test func whatALayerReplacesMustBeRightAllTheSame() {
        #expect(mistakes("halo: { radius: 0 }", environment: ["VICINITY_HALO_RADIUS": "70"]).count == 1)
    }

    // MARK: - Forms of values

    @Test func aMapGivenInPartTakesTheRestFromItsDefault() throws {
        let values = try load("privacy:\n  profile: places\n  follow: { places: 5 }\n").get().values
        #expect(values.privacy.follow == Configuration.FollowGuard(places: 5))
    }

    @Test func accessGivenReplacesTheDefault() throws {
        let values = try load("access:\n  ingest:\n    users: [bob, \"17\"]\n").get().values
        #expect(values.access.ingest == Configuration.Principals(users: [.name("bob"), .number(17)], groups: []))
        #expect(values.access.events == Configuration().access.events)
    }

    @Test func anchorsAndAliasesWork() throws {
        let values = try load("halo: { enter_dwell: &d 5s, leave_dwell: *d }").get().values
        #expect(values.halo.leaveDwell == .seconds(5))
    }
}
