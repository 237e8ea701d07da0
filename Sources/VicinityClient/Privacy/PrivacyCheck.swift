// What an outsider could learn with these settings and this register, in plain words. Each rule is a sentence about somebody who is found,
// not about a key that has a value; docs/privacy.md says what stands behind them.

/// The rules of a privacy check.
package struct PrivacyCheck {
    private let settings: PrivacySettings
    private let census: RegisterCensus
    private var findings: [PrivacyFinding] = []

    /// - Parameter census: of the register, with the default precision of the settings.
    package static func report(_ settings: PrivacySettings, _ census: RegisterCensus, files: [PrivacyFinding] = []) -> PrivacyReport {
        var check = PrivacyCheck(settings: settings, census: census)
        check.findings = files
        check.lookAtPlaces()
        check.lookAtDisclosure()
        check.lookAtLimits()
        check.lookAtMap()
        check.lookAtMemory()
        check.lookAtAccess()
        // By severity, and in the order of the rules within one; `sort` need not keep that.
        let sorted = check.findings.enumerated().sorted { ($0.element.severity, $0.offset) < ($1.element.severity, $1.offset) }
        return PrivacyReport(findings: sorted.map(\.element), subjects: census.subjects, isAboutPeople: settings.isAboutPeople)
    }

    private init(settings: PrivacySettings, census: RegisterCensus) {
        self.settings = settings
        self.census = census
    }

    private mutating func note(_ severity: PrivacyFinding.Severity, _ code: String, _ sentence: String, _ advice: String) {
        findings.append(PrivacyFinding(severity: severity, code: code, sentence: sentence, advice: advice))
    }

    /// Grave where the register is about people, and a remark where it is about places, which are no secret.
    private var graveForPeople: PrivacyFinding.Severity { settings.isAboutPeople ? .high : .low }

    // MARK: - Where somebody is

    private mutating func lookAtPlaces() {
        let (exact, small) = (census.exact, census.small)
        if exact.count > 0 {
            note(
                graveForPeople, "no_precision",
                "\(Self.have(exact, "no precision")): \(exact.count == 1 ? "its" : "their") place can be found to 1 m, by anybody whose "
                    + "fixes a gateway passes on",
                "give each that stands for a person, or for a place that gives one away, a precision; 200 m or more")
        }
        if small.count > 0, let smallest = census.smallest {
            note(
                .medium, "small_cells",
                "\(Self.have(small, "a precision below \(Self.metres(RegisterCensus.smallCell))")), the least "
                    + "\(Self.metres(smallest)): where few people live, such a cell is one house",
                "choose cells that hold many doors")
        }
        if settings.precision <= 0, census.exact.count == 0, settings.isAboutPeople {
            note(
                .medium, "default_precision", "privacy.precision is 0: the next subject that brings none is shown exactly where it is",
                "set privacy.precision, and let the few that may be exact bring a precision of 0")
        }
        if settings.text("privacy.distance") == "exact" {
            note(
                census.exact.count > 0 ? graveForPeople : .low, "exact_distance",
                census.exact.count > 0
                    ? "privacy.distance is exact: each enter tells the distance to the centimetre, so that three of them are enough to find a "
                        + "subject without precision"
                    : "privacy.distance is exact: it is the distance from the middle of a cell, and looks like more",
                "use privacy.distance: band, or none")
        }
        let bands = settings.numbers("privacy.bands")
        if settings.text("privacy.distance") == "band", let band = bands.first, let smallest = census.smallest, band < smallest / 2 {
            note(
                .low, "fine_bands",
                "privacy.bands begins at \(Self.metres(band)), which is finer than cells of \(Self.metres(smallest)): it is told of the middle "
                    + "of a cell, so that users believe themselves nearer than they may be",
                "begin the bands at half of the precision or more")
        }
    }

    // MARK: - What is told of somebody

    private mutating func lookAtDisclosure() {
        let disclosed = settings.texts("privacy.disclose")
        let places = disclosed.filter(PersonalWords.isPlace(field:))
        if !places.isEmpty {
            note(
                graveForPeople, "disclosed_place",
                "privacy.disclose shows \(Self.list(places)), which says where a subject is, whatever its precision, to whoever comes near",
                "take it out of privacy.disclose, or out of the details")
        }
        let personal = disclosed.filter { PersonalWords.isPersonal(field: $0) && !places.contains($0) }
        if !personal.isEmpty {
            note(
                settings.isAboutPeople ? .high : .medium, "disclosed_person",
                "privacy.disclose shows \(Self.list(personal)), which looks personal, to every user who comes near a subject",
                "disclose only what somebody who stands there needs to know")
        }
        if census.named.count > 0 {
            note(
                .medium, "personal_names",
                "\(Self.have(census.named, "a name that looks like a person's")): `nearby` shows it to every user who comes near",
                "use names that mean nothing outside, or none")
        }
        if !disclosed.isEmpty {
            if let grace = settings.span("privacy.details_grace"), grace > 1_800_000 {
                note(
                    .medium, "long_grace",
                    "privacy.details_grace is \(settings.text("privacy.details_grace") ?? ""): who once passed a subject can read its details "
                        + "for so long, from anywhere",
                    "a few minutes are enough to tap an alert")
            }
            if settings.limit("privacy.details_per_user") == nil {
                note(
                    graveForPeople, "unlimited_details",
                    "privacy.details_per_user is unlimited: one user with spoofed positions can read the details of the whole register",
                    "set it to what a person can look at, such as 20/1h")
            }
        }
    }

    // MARK: - How much one user can ask

    private mutating func lookAtLimits() {
        if let limit = settings.limit("privacy.subjects_per_user") {
            if limit.perDay > 2_000 {
                note(
                    .medium, "many_subjects",
                    "privacy.subjects_per_user is \(limit.text): one user can collect \(grouped(Int64(limit.perDay))) subjects a day",
                    "set it to what a person passes in a day, such as 200/1d")
            }
        } else {
            note(
                graveForPeople, "unlimited_subjects",
                "privacy.subjects_per_user is unlimited: one user with spoofed positions can collect the whole register in minutes",
                "set it to what a person passes in a day, such as 200/1d")
        }
        if !settings.watchesFollowing {
            let moving = census.moving
            if moving.count > 0 {
                note(
                    .high, "follow_off",
                    "privacy.follow is off, and \(Self.counted(moving)) \(moving.count == 1 ? "moves" : "move"): who goes along with one is told "
                        + "so again and again",
                    "switch it on: { places: 3, apart: 500, within: 1h, mute: 1d }")
            } else if settings.isAboutPeople {
                note(
                    .medium, "follow_off", "privacy.follow is off: as soon as a subject moves, it can be followed with alerts as the guide",
                    "switch it on: { places: 3, apart: 500, within: 1h, mute: 1d }")
            }
        }
        if settings.span("halo.radius_interval") == 0, census.exact.count > 0 {
            note(
                .low, "radius_interval", "halo.radius_interval is 0: a user can try radius after radius from one place, within a second",
                "set it to 1min; nobody's purpose changes faster")
        }
        if settings.isAboutPeople, settings.texts("reports.suspend_on").isEmpty {
            note(
                .low, "no_dispute",
                "reports.suspend_on is empty: who finds themselves in the register is alerted about until an operator acts",
                "suspend on disputes")
        }
    }

    // MARK: - What the map tells

    /// Fewer are mostly people who belong together, a household or a company in one car, so that their cell is the way of each of them; and
    /// whoever can move users has soon moved as many as are missing. docs/privacy.md says more; decision 0072 has the attacks.
    private static let smallGroup = 5.0

    /// Users are people, whatever the register is about.
    private mutating func lookAtMap() {
        // 0 tells of nobody.
        guard let floor = settings.number("privacy.map_floor"), floor > 0, floor < Self.smallGroup else { return }
        if floor < 2 {
            note(
                .high, "small_groups",
                "privacy.map_floor is 1: the map shows every user, also one who is alone in a cell, to every observer",
                "set it to 10 or more, or to 0, which tells of no users")
        } else {
            note(
                .medium, "small_groups",
                "privacy.map_floor is \(Int(floor)): so few are often one household, whose ways the map then shows to every observer",
                "set it to 10 or more, or to 0, which tells of no users")
        }
    }

    // MARK: - What is kept

    private mutating func lookAtMemory() {
        let day = 86_400_000.0
        if let retention = settings.span("delivery.retention"), retention > 30 * day {
            note(
                .medium, "long_retention",
                "delivery.retention is \(settings.text("delivery.retention") ?? ""): a thief of the disk gets a diary of who was near what, so "
                    + "long back",
                "keep events only until the slowest relay has them")
        }
        if settings.span("fixes.expire_after") == 0 {
            note(
                .medium, "never_expires", "fixes.expire_after is 0: the last position of everybody who ever sent one is kept for ever",
                "set it to a few minutes more than the longest pause between fixes")
        }
        if let memory = settings.span("fixes.forget_after"), memory > 30 * day {
            note(
                .low, "long_memory",
                "fixes.forget_after is \(settings.text("fixes.forget_after") ?? ""): so long it is kept who was here, and when last",
                "a day is enough for resends")
        }
        if let audit = settings.span("privacy.audit_retention"), audit < 90 * day {
            note(
                .medium, "short_audit",
                "privacy.audit_retention is \(settings.text("privacy.audit_retention") ?? ""): who looked at somebody can no longer be told "
                    + "after that",
                "keep it for a year")
        }
        if let level = settings.text("log_level"), ["trace", "debug"].contains(level) {
            note(.medium, "talkative_log", "log_level is \(level): lines below info may name users", "use info where people are")
        }
    }

    // MARK: - Who is let in

    private mutating func lookAtAccess() {
        let roles = [
            ("relay", "access.control.relay"), ("admin", "access.control.admin"), ("ingest", "access.ingest"), ("events", "access.events"),
            ("observer", "access.control.observer"),
        ].map { (name: $0, principals: settings.principals($1)) }
        for (one, other, severity, sentence) in [
            (
                "relay", "admin", PrivacyFinding.Severity.high,
                "a relay that is broken into can read the whole register and every user's position"
            ),
            ("ingest", "admin", .high, "a gateway that is broken into can read the whole register"),
            ("events", "admin", .high, "a relay that is broken into can read the whole register and every user's position"),
            ("ingest", "events", .medium, "one program that is broken into has both the fixes and what came of them"),
            ("ingest", "relay", .medium, "one program that is broken into can make up users and read the details that they come near"),
            ("ingest", "observer", .medium, "one program that is broken into can make up users and see on the map when others join them"),
        ] {
            let first = roles.first { $0.name == one }?.principals ?? []
            let both = roles.first { $0.name == other }?.principals.filter(first.contains) ?? []
            for principal in both {
                note(
                    severity, "shared_role", "\(principal) has the roles \(one) and \(other): \(sentence)",
                    "give each program its own group")
            }
        }
        for (role, principals) in roles {
            for principal in principals where Self.everybody.contains(principal) {
                note(
                    .high, "open_role", "\(principal) has the role \(role): on most machines that is everybody, or what nobody looks after",
                    "give the role to a group of its own")
            }
        }
    }

    private static let everybody: Set<String> = [
        "group users", "group nogroup", "group nobody", "user nobody", "group 100", "group 65534", "user 65534",
    ]

    // MARK: - Words

    /// `14 subjects (the first is "s-1")`.
    private static func counted(_ sort: RegisterCensus.Sort) -> String {
        let example = sort.example.map { sort.count == 1 ? " (\"\($0)\")" : " (the first is \"\($0)\")" } ?? ""
        return VicinityClient.counted(sort.count, "subject") + example
    }

    private static func have(_ sort: RegisterCensus.Sort, _ what: String) -> String {
        "\(counted(sort)) \(sort.count == 1 ? "has" : "have") \(what)"
    }

    private static func metres(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value)) m" : "\(value) m"
    }

    private static func list(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }
}
