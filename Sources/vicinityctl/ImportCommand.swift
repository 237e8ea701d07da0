internal import ArgumentParser
internal import VicinityClient

extension RegisterFormat: ExpressibleByArgument {}

extension SubjectsCommand {
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the records of files into the register.",
            discussion: """
                Each file is read twice: first all records of all files are checked, and each bad one is named as FILE:LINE; only \
                if there is none, or with --skip-bad, they are put. What is in the register already is replaced, id by id.

                Ctrl-C ends it after the request that is under way, and says how many are imported; the same command again \
                brings the rest.

                FORMATS, plain or gzip, told by the file's name or content:
                  ndjson   {"id":"s-9","lat":39.9,"lon":116.4,"kind":"toll","name":"Gate 9","details":{"fee":2}}
                  csv      a header with id, lat, lon, and if you like kind, name, precision, valid_from, valid_until; any other column
                           goes into the details
                  geojson  a FeatureCollection, or Features one a line; Points, with the id of the Feature or of its properties

                EXAMPLES:
                  vicinityctl subjects import stops.csv
                  vicinityctl subjects import --skip-bad places.geojson.gz more.ndjson
                  grep toll places.ndjson | vicinityctl subjects import -
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("What the files are, if neither name nor content should say.", valueName: "format"))
        var format: RegisterFormat?

        @Flag(help: "Leave bad records out and import the others.")
        var skipBad = false

        @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file"), completion: .file())
        var files: [String]

        func run() throws {
            try global.conclude { directory throws(ClientFault) in
                let source = RegisterSource(socketDirectory: directory, paths: files, format: format, skipsBad: skipBad)
                var run = RegisterImport(source, console: .standard, interrupts: Signals.interrupts())
                try run.run()
            }
        }
    }
}
