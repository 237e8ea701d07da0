internal import ArgumentParser
internal import Glibc
internal import VicinityClient

struct MapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "Draw a part of the world: where users are many, subjects by kind, halos.",
        discussion: """
            On a terminal it is a live picture on the whole screen: arrows pan, + and - zoom, ? tells all keys, q quits. Where standard output is \
            none, it is one picture as text. Without --at it is where the register's subjects are.

            Users are counted by cells, in round numbers, and only where they are at least as many as privacy.map_floor says; no position is asked \
            for but those of --user, which only an admin may do, and which is written into the audit log. A file in which such a position stands \
            can be read by its owner only.

            EXAMPLES:
              vicinityctl map
              vicinityctl map --at 39.9042,116.4074 --width 25km --kind toll
              vicinityctl map --at -33.9249,18.4241 --user u-17
              vicinityctl map --svg map.svg --geojson map.geojson
            """)

    @OptionGroup var global: GlobalOptions

    // A southern latitude looks like an option.
    @Option(parsing: .unconditional, help: ArgumentHelp("The middle, in degrees, latitude first.", valueName: "lat,lon"))
    var at: MapPlace?

    @Option(help: ArgumentHelp("How much is to be seen at least, like 10km or 800m (default with --at: 10km).", valueName: "length"))
    var width: MapWidth?

    @Option(help: ArgumentHelp("Draw this user's halo; more than one can be given. Audited.", valueName: "id"))
    var user: [String] = []

    @Option(help: ArgumentHelp("Only subjects of this kind; more than one can be given.", valueName: "kind"))
    var kind: [String] = []

    @Option(help: ArgumentHelp("Write a picture into this file instead; - is standard output.", valueName: "file"), completion: .file())
    var svg: String?

    @Option(
        help: ArgumentHelp("Write cells and halos into this file instead; - is standard output.", valueName: "file"), completion: .file())
    var geojson: String?

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    func validate() throws {
        if json, svg != nil || geojson != nil || !user.isEmpty || !kind.isEmpty {
            throw ValidationError("--json is the daemon's answer as it is: neither --user, --kind, --svg nor --geojson goes with it")
        }
        if svg == "-", geojson == "-" { throw ValidationError("--svg and --geojson cannot both go to standard output") }
    }

    func run() throws {
        try global.conclude { directory throws(ClientFault) in
            var options = MapRun.Options(socketDirectory: directory)
            (options.center, options.width, options.users, options.kinds) = (at, width, user, kind)
            (options.svg, options.geoJSON, options.isJSON) = (svg, geojson, json)
            options.terminal = getenv("TERM").map { String(cString: $0) }
            options.isUnicode = Console.speaksUTF8
            let run = MapRun(options, console: .standard)
            try run.run()
        }
    }
}

extension MapPlace: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension MapWidth: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
