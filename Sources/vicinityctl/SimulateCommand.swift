internal import ArgumentParser
internal import VicinityClient
internal import VicinityRehearsal

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Show the events that recorded fixes would have caused, without a daemon.",
        discussion: """
            Puts a register, sends the fixes through the daemon's own rules, and writes the events as events.sock would give them; a \
            summary comes on standard error. The clock is that of the recording: it goes on to each line's ts, and when the last line is \
            done, until nothing is due any more. A line without a ts is taken at the time that it is by then.

            Files of fixes are NDJSON as a gateway sends it, or GPX, plain or gzip. Several are merged by ts. A GPX track's user is its \
            name, else the file's. The register is any file that `vicinityctl subjects import` takes; - is standard input.

            Settings are the defaults, then --config, then --set, as if each were in the file. Keys of halo and fixes, privacy.profile, \
            privacy.precision, privacy.distance and privacy.bands matter. The daemon's environment is not looked at.

            Subjects with a precision are shown at the centre of a cell, as the daemon shows them; but the key that cells follow from is \
            the daemon's secret, so that a rehearsal has one of its own, and the centres are others. With --set privacy.profile=places \
            those that bring no precision are where they are.

            Lines that are refused are named as FILE:LINE: code: message, and the exit status is 1. If the register or a GPX file is \
            bad (65), or the configuration (78), nothing is simulated.

            EXAMPLES:
              vicinityctl simulate --register stops.csv --fixes walk.gpx
              vicinityctl simulate --register stops.csv --fixes mon.ndjson.gz tue.ndjson.gz --config vicinityd.yaml
              vicinityctl simulate --register stops.csv --fixes walk.gpx --set halo.radius=300 --set halo.enter_dwell=10s
              vicinityctl simulate --register stops.csv --fixes day.ndjson --explain u-17/s-9
            """)

    @Option(help: ArgumentHelp("The register: NDJSON, CSV or GeoJSON.", valueName: "file"), completion: .file())
    var register: String

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("The fixes: NDJSON or GPX; one file or more.", valueName: "file"), completion: .file())
    var fixes: [String]

    @Option(
        help: ArgumentHelp("The configuration file (default: none; every key has a default).", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: ArgumentHelp("Set a key, over the file. May be repeated.", valueName: "key=value"),
        completion: .list(RehearsalSettings.keys.map { "\($0)=" }))
    var set: [String] = []

    @Option(
        help: ArgumentHelp(
            "After each line of this user, or of this pair, say on standard error what holds.", valueName: "user[/subject]"))
    var explain: String?

    func validate() throws {
        if ([register] + fixes).count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read only once") }
        if let explain, Explained(explain) == nil {
            throw ValidationError("--explain is \(explain), must be a user's id, or user/subject, each of 1 to 128 bytes")
        }
    }

    func run() throws {
        try Conclusion.of { () throws(ClientFault) in
            let began = Clock.monotonic()
            let settings = try RehearsalSettings(path: config, assignments: set)
            let options = RehearsalOptions(register: register, fixes: fixes, explained: explain.flatMap { Explained($0) })
            let rehearsal = Rehearsal(options, engine: RehearsedEngine(rules: settings.rules), console: .standard, now: began)
            try rehearsal.run(radii: settings.radii) { Clock.monotonic() }
        }
    }
}
