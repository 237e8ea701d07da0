import Foundation
import Testing
import VicinityConfiguration

@Suite("The effective configuration")
struct EffectiveConfigurationTests {
    static let full = """
        halo: { radius: 300, min_radius: 10, max_radius: 5000.5, radius_interval: 2min, leave_margin: 25, enter_dwell: 10s }
        fixes:
          max_future: 1min 30s
          max_accuracy: 100
          assumed_accuracy: 12.5
          accuracy_cap: 0
          max_speed: 0
          expire_after: 0
          forget_after: 2 weeks
        delivery:
          commit_interval: 500us
          heartbeat: 60
          retention: 1y
          retention_events: 1000
        durability: power
        privacy:
          profile: places
          precision: 50
          distance: exact
          bands:
            - 50
            - 1000
          disclose: [name, "opening hours", "null", "a\\"b"]
          follow:
            places: 4
            mute: 12h
          subjects_per_user: 10/1d
        reports:
          kinds: [tip]
          suspend_on: []
          per_user: unlimited
        access:
          ingest:
            users: [alice, 1000]
            groups: []
          control:
            admin: { groups: [wheel] }
        limits:
          connections: 64
        log_level: debug

        """

    @Test func checkTextOfTheDefaults() throws {
        try ProjectFile.expectGolden(load().get().checkText, "defaults.yaml")
    }

    @Test func checkTextOfTheProfilePlaces() throws {
        try ProjectFile.expectGolden(load("privacy:\n  profile: places\n").get().checkText, "places.yaml")
    }

    @Test func checkTextOfAFullFile() throws {
        let environment = ["VICINITY_HALO_COOLDOWN": "5min", "VICINITY_ACCESS_EVENTS": "{users: [relay]}"]
        try ProjectFile.expectGolden(load(Self.full, environment: environment).get().checkText, "full.yaml")
    }

    @Test func configGet() throws {
        let json = try load(Self.full).get().json
        try ProjectFile.expectGolden(json.replacing("},\"", with: "},\n\"") + "\n", "full.json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: [String: Any]])
        #expect(object.keys.sorted() == ConfigurationKey.all.map(\.path).sorted())
        #expect(object["halo.radius"]?["value"] as? Double == 300)
        #expect(object["halo.radius"]?["origin"] as? String == "f.yaml:1")
    }

    @Test(arguments: ["", full, "privacy: { profile: places }"])
    func checkTextReadsBackAsTheSameSettings(yaml: String) throws {
        let effective = try load(yaml).get()
        let again = try load(effective.checkText).get()
        #expect(again.values == effective.values)
        for key in ConfigurationKey.all {
            guard case .file = again.origin(of: key) else {
                Issue.record("\(key.path) is not in the text")
                continue
            }
        }
    }

    /// Each good value of each key, under both profiles: what is shown can be written, in the file and in the environment.
    @Test(arguments: Configuration.Privacy.Profile.allCases)
    func everyKeyReadsBack(profile: Configuration.Privacy.Profile) throws {
        let base = ["VICINITY_PRIVACY_PROFILE": profile.rawValue]
        for row in ConfigurationRangeTests.rows {
            for path in row.paths where path != "privacy.profile" {
                let key = try #require(ConfigurationKey.byPath[path])
                for text in row.good {
                    let effective = try load(ConfigurationRangeTests.yaml(path, text), environment: base).get()
                    #expect(try load(effective.checkText).get().values == effective.values, "\(path): \(text)")
                    let variable = [key.variable: key.value(effective.values).yaml].merging(base) { first, _ in first }
                    #expect(try load(environment: variable).get().values == effective.values, "\(key.variable)=\(text)")
                }
            }
        }
    }

    /// Any name and number that is accepted is shown so that it reads back.
    @Test(arguments: UInt64(0)..<100)
    func valuesReadBack(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let alphabet = Array("aZ09 _-./:#,[]{}&*!|>'\"%@`?~=\\\u{2028}\u{E000}ü").map { String($0) } + ["null", "true", "1e3", "🦓"]
        var effective = try load().get()
        var values = effective.values
        values.privacy.disclose = (0..<5).map { index in
            "\(index)" + (0..<Int.random(in: 0...6, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) }.joined()
        }
        values.privacy.disclose += ["null", "~", "1e3", "-1", "0x10", " a", "b ", "off"]
        values.halo.leaveMargin = Double(bitPattern: UInt64.random(in: 0..<0x7FF0_0000_0000_0000, using: &random))
        effective = EffectiveConfiguration(values: values, origins: effective.origins, warnings: [])
        #expect(try load(effective.checkText).get().values == values)
        #expect((try JSONSerialization.jsonObject(with: Data(effective.json.utf8))) is [String: Any])
    }

    // MARK: - Reload

    @Test func aReloadThatChangesNothing() throws {
        let running = try load("halo: { radius: 60 }").get()
        let change = running.reloading(try load("# moved\nhalo:\n  radius: 6e1").get())
        #expect(change.changed == [] && change.restartNeeded == [])
        #expect(change.effective.origins["halo.radius"] == .file(path: "f.yaml", line: 3))
    }

    @Test func aReloadNamesWhatChangedAndWhatWaits() throws {
        let running = try load("durability: process\nhalo: { radius: 60 }").get()
        let loaded = try load("durability: power\nhalo: { radius: 70 }\nlimits: { connections: 9 }\nlog_level: debug").get()
        let change = running.reloading(loaded)
        #expect(change.changed == ["halo.radius", "limits.connections", "log_level"])
        #expect(change.restartNeeded == ["durability"])
        #expect(change.effective.values.halo.radius == 70)
        #expect(change.effective.values.durability == .process && change.effective.values.limits.connections == 9)
        #expect(change.effective.origins["durability"] == .file(path: "f.yaml", line: 1))
        // It waits still when the same file is read again.
        let again = change.effective.reloading(loaded)
        #expect(again.changed == [] && again.restartNeeded == ["durability"])
        // And no more when the change is taken back.
        #expect(change.effective.reloading(running).restartNeeded == [])
    }

    @Test func aProfileChangesWhatItDecides() throws {
        let change = try load().get().reloading(try load("privacy: { profile: places, precision: 200 }").get())
        #expect(
            change.changed == ["privacy.profile", "privacy.details_per_user", "privacy.follow", "privacy.subjects_per_user"])
    }

    /// Each key alone, changed to another value, is seen, and none but it; only what suspends by default goes with the kinds.
    @Test func everyKeyIsCompared() throws {
        let running = try load().get()
        for row in ConfigurationRangeTests.rows {
            for path in row.paths where path != "privacy.profile" {
                let others = try row.good.map { try load(ConfigurationRangeTests.yaml(path, $0)).get() }
                let other = try #require(others.first { $0.values != running.values }, "\(path)")
                let change = running.reloading(other)
                let followers = path == "reports.kinds" ? ["reports.suspend_on"] : []
                #expect(change.changed + change.restartNeeded == [path] + followers)
            }
        }
    }
}
