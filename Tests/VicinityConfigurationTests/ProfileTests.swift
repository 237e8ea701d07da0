import Testing
import VicinityConfiguration

/// `privacy.profile` is a bundle of defaults and nothing else: each key of it can be set by itself, in every layer.
@Suite("Profiles")
struct ProfileTests {
    /// The keys that the profiles have otherwise, as the contract lists them.
    static let bundle = [
        (path: "privacy.precision", people: "200", places: "0"),
        (path: "privacy.details_per_user", people: "20/1h", places: "unlimited"),
        (path: "privacy.follow", people: "{ places: 3, apart: 500, within: 1h, mute: 1d }", places: "off"),
        (path: "privacy.subjects_per_user", people: "200/1d", places: "unlimited"),
    ]

    /// A place to write settings, and the origin that they then have.
    enum Layer: CaseIterable {
        case file
        case environment
        case argument

        func load(_ settings: [(path: String, text: String)]) throws -> EffectiveConfiguration {
            switch self {
            case .file:
                let lines = settings.map { "  \($0.path.split(separator: ".").last ?? ""): \($0.text)\n" }
                return try VicinityConfigurationTests.load("privacy:\n" + lines.joined()).get()
            case .environment:
                let variables = try settings.map { (try #require(ConfigurationKey.byPath[$0.path]).variable, $0.text) }
                return try VicinityConfigurationTests.load(environment: Dictionary(uniqueKeysWithValues: variables)).get()
            case .argument:
                let arguments = settings.map { Configuration.Argument(name: "--set", path: $0.path, text: $0.text) }
                return try VicinityConfigurationTests.load(arguments: arguments).get()
            }
        }

        /// - Parameter index: of the setting, from 0.
        func origin(of path: String, at index: Int) -> ConfigurationOrigin {
            switch self {
            case .file: .file(path: "f.yaml", line: index + 2)
            case .environment: .named(ConfigurationKey.byPath[path]?.variable ?? "")
            case .argument: .named("--set")
            }
        }
    }

    private static func text(_ path: String, in effective: EffectiveConfiguration) throws -> String {
        try #require(ConfigurationKey.byPath[path]).value(effective.values).yaml
    }

    // MARK: - The bundles

    @Test func theBundleIsTheContracts() throws {
        #expect(ConfigurationKey.all.filter(\.dependsOnProfile).map(\.path) == Self.bundle.map(\.path))
        for layer in Layer.allCases {
            let people = try layer.load([("privacy.profile", "people")])
            let places = try layer.load([("privacy.profile", "places")])
            for key in Self.bundle {
                #expect(try Self.text(key.path, in: people) == key.people)
                #expect(try Self.text(key.path, in: places) == key.places)
                #expect(people.origins[key.path]?.description == "default (profile people)")
                #expect(places.origins[key.path]?.description == "default (profile places)")
            }
            #expect(places.origins["privacy.profile"] == layer.origin(of: "privacy.profile", at: 0))
            #expect(people.values == Configuration())
        }
    }

    /// A profile touches nothing but its bundle.
    @Test func theRestIsTheSame() throws {
        let people = try load().get()
        let places = try load("privacy: { profile: places }").get()
        let paths = Self.bundle.map(\.path) + ["privacy.profile"]
        for key in ConfigurationKey.all where !paths.contains(key.path) {
            #expect(key.value(people.values) == key.value(places.values), "\(key.path)")
            #expect(places.origins[key.path] == .builtIn, "\(key.path)")
        }
    }

    // MARK: - One by one

    /// Each key of the bundle set to the other profile's default, before and after the profile: it alone is then set, and has its own origin.
    @Test(arguments: Layer.allCases, bundle.indices)
    func eachKeyIsSettableByItself(layer: Layer, index: Int) throws {
        let key = Self.bundle[index]
        for isPeople in [true, false] {
            let profile = ("privacy.profile", isPeople ? "people" : "places")
            let setting = (key.path, isPeople ? key.places : key.people)
            for settings in [[profile, setting], [setting, profile]] {
                let effective = try layer.load(settings)
                for other in Self.bundle {
                    let isSet = other.path == key.path
                    #expect(try Self.text(other.path, in: effective) == (isPeople != isSet ? other.people : other.places))
                    if !isSet { #expect(effective.origins[other.path]?.description == "default (profile \(profile.1))") }
                }
                let place = settings.firstIndex { $0.0 == key.path } ?? 0
                #expect(effective.origins[key.path] == layer.origin(of: key.path, at: place))
            }
        }
    }

    /// Also where the profile comes from a higher layer than the key: a setting beats a default, whatever set the profile.
    @Test func aProfileIsOnlyDefaults() throws {
        let effective = try load("privacy:\n  precision: 77\n", environment: ["VICINITY_PRIVACY_PROFILE": "places"]).get()
        #expect(effective.values.privacy.precision == 77)
        #expect(effective.origins["privacy.precision"] == .file(path: "f.yaml", line: 2))
        #expect(effective.values.privacy.follow == nil)
        #expect(effective.origins["privacy.follow"] == .profile(.places))
    }

    /// A key written as its default is set all the same.
    @Test func aDefaultThatIsWrittenIsASetting() throws {
        let effective = try load("privacy:\n  precision: 200\n").get()
        #expect(effective.values == Configuration())
        #expect(effective.origins["privacy.precision"] == .file(path: "f.yaml", line: 2))
    }
}
