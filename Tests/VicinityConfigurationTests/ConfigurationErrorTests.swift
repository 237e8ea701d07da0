import Foundation
import Testing
import VicinityConfiguration

/// Every form of mistake, word for word: these lines are read by operators and by their tools.
@Suite("Mistakes in the configuration")
struct ConfigurationErrorTests {
    static let forms: [(yaml: String, mistakes: [String])] = [
        // Names.
        ("halo:\n  raduis: 5\n", ["f.yaml:2: halo.raduis: there is no such key; did you mean halo.radius?"]),
        ("hallo:\n  radius: 5\n", ["f.yaml:1: hallo: there is no such key; did you mean halo?"]),
        ("commit_interval: 5\n", ["f.yaml:1: commit_interval: there is no such key; did you mean delivery.commit_interval?"]),
        ("halo.radius: 5\n", ["f.yaml:1: halo.radius: a point makes no section, write a map in a map"]),
        ("access:\n  control:\n    root: {}\n", ["f.yaml:3: access.control.root: there is no such key"]),
        ("access:\n  ingest: { group: [a] }\n", ["f.yaml:2: access.ingest.group: there is no such key; did you mean groups?"]),
        ("\"a\\nb\": 1\n", ["f.yaml:1: a\\nb: there is no such key"]),
        ("? [1]\n: 2\n", ["f.yaml:1: [a list]: there is no such key"]),
        // Twice.
        ("halo:\n  radius: 60\n  cooldown: 0\n  radius: 70\n", ["f.yaml:4: halo.radius: is given twice, first on line 2"]),
        ("halo:\n  radius: 60\nfixes:\nhalo:\n  cooldown: 1\n", ["f.yaml:4: halo: is given twice, first on line 1"]),
        ("privacy:\n  follow:\n    places: 3\n    places: 4\n", ["f.yaml:4: privacy.follow.places: is given twice, first on line 3"]),
        (
            "log_level: info\n\"log_level\": debug\n'log_level': trace\n",
            [
                "f.yaml:2: log_level: is given twice, first on line 1", "f.yaml:3: log_level: is given twice, first on line 1",
            ]
        ),
        (
            "halo: { radius: 60, radius: 70, bad: 1 }\ndurability: no\ndurability: power\n",
            [
                "f.yaml:1: halo.radius: is given twice, first on line 1",
                "f.yaml:1: halo.bad: there is no such key",
                "f.yaml:2: durability: is no, must be one of process, power",
                "f.yaml:3: durability: is given twice, first on line 2",
            ]
        ),
        // Ranges and types.
        ("halo:\n  radius: 0.5\n", ["f.yaml:2: halo.radius: is 0.5, must be metres, 1 to 1000000"]),
        ("halo:\n  leave_margin: -5\n", ["f.yaml:2: halo.leave_margin: is -5, must be metres, 0 or more"]),
        ("halo:\n  leave_margin: .inf\n", ["f.yaml:2: halo.leave_margin: is .inf, must be metres, 0 or more"]),
        ("halo:\n  leave_margin: 1e400\n", ["f.yaml:2: halo.leave_margin: is 1e400, must be metres, 0 or more"]),
        ("halo:\n  leave_margin: 0x10\n", ["f.yaml:2: halo.leave_margin: is 0x10, must be metres, 0 or more"]),
        ("halo:\n  radius: \"500\"\n", ["f.yaml:2: halo.radius: is the text \"500\", must be metres, 1 to 1000000"]),
        ("halo:\n  radius: [500]\n", ["f.yaml:2: halo.radius: is a list, must be metres, 1 to 1000000"]),
        ("halo:\n  radius: { metres: 500 }\n", ["f.yaml:2: halo.radius: is a map, must be metres, 1 to 1000000"]),
        ("halo:\n  radius:\n  cooldown: 1\n", ["f.yaml:2: halo.radius: is empty, must be metres, 1 to 1000000"]),
        ("fixes:\n  max_speed: fast\n", ["f.yaml:2: fixes.max_speed: is fast, must be metres per second, 0 or more"]),
        (
            "fixes:\n  max_future: 11y\n",
            ["f.yaml:2: fixes.max_future: is 11y, must be a span of time like 10, 500ms, 1h 30min, from 0 to 10y"]
        ),
        (
            "delivery:\n  retention_events: 1.5\n",
            [
                "f.yaml:2: delivery.retention_events: is 1.5, must be a whole number, 1 to 9007199254740991"
            ]
        ),
        (
            "reports:\n  per_user: 5\n",
            [
                "f.yaml:2: reports.per_user: is 5, must be count/span like 20/1h (count 0 to 1000000000, span above 0, to 10y), or unlimited"
            ]
        ),
        ("privacy:\n  profile: ponies\n", ["f.yaml:2: privacy.profile: is ponies, must be one of people, places"]),
        ("log_level: loud\n", ["f.yaml:1: log_level: is loud, must be one of trace, debug, info, notice, warning, error, critical"]),
        // Parts, each on its own line.
        (
            "privacy:\n  bands: 100\n",
            ["f.yaml:2: privacy.bands: is 100, must be a list of metres, each 0 or more, ascending, like [100, 250]"]
        ),
        (
            "privacy:\n  bands:\n    - 100\n    - x\n    - -1\n",
            [
                "f.yaml:4: privacy.bands: is x, must be metres, 0 or more", "f.yaml:5: privacy.bands: is -1, must be metres, 0 or more",
            ]
        ),
        ("privacy:\n  bands:\n    - 100\n    - 50\n", ["f.yaml:4: privacy.bands: has 50 after 100, must be ascending"]),
        ("privacy:\n  bands: [100, 100]\n", ["f.yaml:2: privacy.bands: names 100 twice"]),
        (
            "privacy:\n  disclose:\n    - a\n    -\n",
            [
                "f.yaml:4: privacy.disclose: is empty, must be a name of 1 to 128 bytes without control characters"
            ]
        ),
        (
            "reports:\n  kinds: [\"a\\tb\"]\n  suspend_on: []\n",
            [
                "f.yaml:2: reports.kinds: is the text \"a\\tb\", must be a name of 1 to 128 bytes without control characters"
            ]
        ),
        ("privacy:\n  follow: on\n", ["f.yaml:2: privacy.follow: is on, must be off, or a map of places, apart, within and mute"]),
        (
            "privacy:\n  follow:\n    places: 0\n    apart: -1\n",
            [
                "f.yaml:3: privacy.follow.places: is 0, must be a whole number, 1 to 100",
                "f.yaml:4: privacy.follow.apart: is -1, must be metres, 0 or more",
            ]
        ),
        (
            "access:\n  events: [relay]\n",
            [
                "f.yaml:2: access.events: is a list, must be a map of users and groups, each a list of names and numbers,"
                    + " like { groups: [staff, 1000] }"
            ]
        ),
        (
            "access:\n  events:\n    users: bob\n",
            [
                "f.yaml:3: access.events.users: is bob, must be a list of names and numbers, like [] or [a, b]"
            ]
        ),
        (
            "access:\n  events:\n    users:\n      - 4294967295\n      - -1\n",
            [
                "f.yaml:4: access.events.users: is 4294967295, must be the name of a user or group, or its number, 0 to 4294967294",
                "f.yaml:5: access.events.users: is -1, must be the name of a user or group, or its number, 0 to 4294967294",
            ]
        ),
        // What is no section.
        (
            "halo: 5\n",
            [
                "f.yaml:1: halo: is 5, must be a map of radius, min_radius, max_radius, radius_interval, leave_margin, enter_dwell, leave_dwell, cooldown"
            ]
        ),
        ("access:\n  control: [a]\n", ["f.yaml:2: access.control: is a list, must be a map of observer, relay, admin"]),
        (
            "- halo\n",
            [
                "f.yaml:1: yaml: is a list, must be a map of halo, fixes, delivery, durability, privacy, reports, access, limits, health, log_level"
            ]
        ),
        // What is no YAML.
        (
            "halo:\n  radius: [1, 2\nfixes:\n",
            [
                "f.yaml:3: yaml: did not find expected ',' or ']' (while parsing a flow sequence, line 2)"
            ]
        ),
        (
            "halo:\n\tradius: 5\n",
            ["f.yaml:2: yaml: found character that cannot start any token (while scanning for the next token, line 2)"]
        ),
        ("a: b: c\n", ["f.yaml:1: yaml: mapping values are not allowed in this context"]),
        ("a: *nowhere\n", ["f.yaml:1: yaml: found undefined alias"]),
        ("halo:\n---\nhalo:\n", ["f.yaml:2: yaml: but found another document (expected a single document in the stream, line 1)"]),
        ("halo:\n  # \u{1}\n", ["f.yaml:2: yaml: control characters are not allowed"]),
        // What does not fit together.
        ("halo:\n  radius: 40\n", ["f.yaml:2: halo.radius: is 40, must be at least halo.min_radius, which is 50 (default)"]),
        ("halo:\n  radius: 60000\n", ["f.yaml:2: halo.radius: is 60000, must be at most halo.max_radius, which is 50000 (default)"]),
        ("halo:\n  min_radius: 600\n", ["f.yaml:2: halo.min_radius: is 600, must be at most halo.radius, which is 500 (default)"]),
        ("halo:\n  max_radius: 400\n", ["f.yaml:2: halo.max_radius: is 400, must be at least halo.radius, which is 500 (default)"]),
        (
            "halo:\n  max_radius: 60\n  radius: 70\n  min_radius: 80\n",
            [
                "f.yaml:4: halo.min_radius: is 80, must be at most halo.radius, which is 70 (f.yaml:3)",
                "f.yaml:3: halo.radius: is 70, must be at most halo.max_radius, which is 60 (f.yaml:2)",
            ]
        ),
        (
            "reports:\n  kinds: [tip, spam]\n  suspend_on: [spam, dispute]\n",
            [
                "f.yaml:3: reports.suspend_on: names \"dispute\", must be among reports.kinds, which is [tip, spam] (f.yaml:2)"
            ]
        ),
    ]

    @Test(arguments: forms.indices)
    func wording(index: Int) {
        let form = Self.forms[index]
        #expect(mistakes(form.yaml) == form.mistakes, "\(form.yaml)")
    }

    @Test func allMistakesAreToldAtOnceInTheOrderOfTheFile() {
        let yaml = "log_level: loud\nhalo:\n  radius: x\n  what: 1\nfixes:\n  max_accuracy: -1\n  max_accuracy: 1\n"
        let environment = ["VICINITY_HALO_COOLDOWN": "soon", "VICINITY_FIXES_MAX_SPEED": "[1"]
        let places = mistakes(yaml, environment: environment).map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        #expect(
            places == [
                "f.yaml:1: log_level:", "f.yaml:3: halo.radius:", "f.yaml:4: halo.what:", "f.yaml:6: fixes.max_accuracy:",
                "f.yaml:7: fixes.max_accuracy:", "VICINITY_FIXES_MAX_SPEED: fixes.max_speed:", "VICINITY_HALO_COOLDOWN: halo.cooldown:",
            ])
    }

    @Test func aWrongValueIsNotToldAgainByACrossCheck() {
        #expect(mistakes("halo:\n  radius: 0\n  min_radius: 600\n").count == 1)
    }

    /// The default of what suspends shrinks with the kinds, so that it can be written as it is shown.
    @Test(arguments: [("[tip]", []), ("[]", []), ("[dispute]", ["dispute"]), ("[dispute, spam]", ["dispute"]), ("[Dispute]", [])])
    func aDefaultIsNoSlip(kinds: String, suspendOn: [String]) throws {
        let effective = try load("reports:\n  kinds: \(kinds)\n").get()
        #expect(effective.values.reports.suspendOn == suspendOn)
        #expect(effective.origins["reports.suspend_on"] == .builtIn)
        #expect(try load(effective.checkText).get().values == effective.values)
    }

    /// Where kinds and what suspends come from different layers, the slip is told where it was written.
    @Test func aSlipBetweenLayers() {
        #expect(
            mistakes("reports:\n  suspend_on: [tip]\n", environment: ["VICINITY_REPORTS_KINDS": "[spam]"]) == [
                "f.yaml:2: reports.suspend_on: names \"tip\", must be among reports.kinds, which is [spam] (VICINITY_REPORTS_KINDS)"
            ])
        #expect(
            mistakes("reports:\n  kinds: [spam]\n", environment: ["VICINITY_REPORTS_SUSPEND_ON": "[tip, spam, \"a b\"]"]) == [
                "VICINITY_REPORTS_SUSPEND_ON: reports.suspend_on: names \"tip\", \"a b\", must be among reports.kinds,"
                    + " which is [spam] (f.yaml:2)"
            ])
        // What is wrong in itself is told once.
        #expect(mistakes("reports:\n  kinds: spam\n  suspend_on: [tip, x]\n").count == 1)
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func linesAreCountedWhateverEndsThem(lineBreak: String) {
        let yaml = ["halo:", "  radius: 60", "  # more", "  radius: 70", "  bad: 1", ""].joined(separator: lineBreak)
        #expect(
            mistakes(yaml) == [
                "f.yaml:4: halo.radius: is given twice, first on line 2",
                "f.yaml:5: halo.bad: there is no such key",
            ])
    }

    @Test func aKeyGivenVeryOftenIsStillRefused() {
        let yaml = String(repeating: "log_level: info\n", count: 300)
        #expect(!mistakes(yaml).isEmpty)
        #expect(mistakes(String(repeating: "log_level: info\n", count: 50)).count == 49)
    }

    @Test func privateUseCharactersAreOrdinaryText() {
        let yaml = "\u{E000}a: 1\n\u{E000}a: 2\n"
        #expect(
            mistakes(yaml) == [
                "f.yaml:1: \u{E000}a: there is no such key", "f.yaml:2: \u{E000}a: is given twice, first on line 1",
            ])
    }

    @Test func textThatIsNotUTF8() {
        let file = Configuration.File(path: "f.yaml", contents: Array("halo:\n  # ".utf8) + [0xFF, 0x0A])
        guard case .failure(let errors) = Configuration.load(file: file, environment: [:]) else {
            Issue.record("bad UTF-8 was read")
            return
        }
        #expect(errors.description == "f.yaml:2: yaml: the text is not UTF-8")
    }

    // MARK: - Files

    @Test func aFileThatIsMissing() {
        let environment = ["VICINITY_LOG_LEVEL": "loud"]
        let result = Configuration.load(path: "/nonexistent/f.yaml", isRequired: true, environment: environment)
        guard case .failure(let errors) = result else {
            Issue.record("a file that is missing was read")
            return
        }
        #expect(errors.errors.count == 2)
        #expect(errors.errors.first?.description == "/nonexistent/f.yaml:1: --config: the file cannot be read: No such file or directory")
    }

    @Test func aFileThatWasOnlyLookedForMayBeMissing() throws {
        #expect(try Configuration.load(path: "/nonexistent/f.yaml", isRequired: false, environment: [:]).get() == .defaults)
        #expect(try Configuration.load(path: nil, isRequired: false, environment: [:]).get() == .defaults)
    }

    @Test(arguments: [("/", "the file cannot be read: Is a directory"), ("/dev/zero", "the file is larger than 1 MiB")])
    func whatIsNoFile(path: String, why: String) {
        guard case .failure(let errors) = Configuration.load(path: path, isRequired: false, environment: [:]) else {
            Issue.record("\(path) was read")
            return
        }
        #expect(errors.description == "\(path):1: --config: \(why)")
    }

    @Test func aFileIsRead() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "vicinity-\(UUID().uuidString).yaml").path
        try Data("halo:\n  radius: 60\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let configuration = try Configuration.load(path: path, isRequired: true, environment: [:]).get()
        #expect(configuration.values.halo.radius == 60)
        #expect(configuration.origins["halo.radius"] == .file(path: path, line: 2))
    }

    // MARK: - Robustness

    /// Bytes of the sample changed at random: read or refused, but never a crash, and never an error on two lines or without a place.
    @Test(arguments: UInt64(0)..<50)
    func damagedFilesAreReadOrRefused(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let sample = Array(try ProjectFile.text("etc/vicinityd.yaml").utf8)
        let marks = Array("#:-[]{}&*!|>'\"%@`?, \n\t\r\0~".utf8)
        for _ in 0..<20 {
            var bytes = sample
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] = marks.randomElement(using: &random) ?? 0
                case 2: bytes.remove(at: index)
                case _: bytes.removeSubrange(index..<min(index + 40, bytes.count))
                }
                if bytes.isEmpty { bytes = sample }
            }
            let result = Configuration.load(file: Configuration.File(path: "f.yaml", contents: bytes), environment: [:])
            guard case .failure(let errors) = result else { continue }
            for error in errors.errors {
                #expect(error.description.wholeMatch(of: /f\.yaml:[1-9][0-9]*: [^\n]+: [^\n]+/) != nil, "\(error)")
            }
        }
    }
}
