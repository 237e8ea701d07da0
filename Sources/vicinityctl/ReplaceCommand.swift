internal import ArgumentParser
internal import VicinityClient

extension SubjectsCommand {
    struct Replace: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make files the whole register, at once.",
            discussion: """
                Shows how many subjects would come, go and change, and does it only with --yes. Bad records, and an id that is there \
                twice, are named as FILE:LINE, and then nothing is done. The new register is brought unseen and swapped in at once: \
                who is inside with a subject of both gets no event.

                Ctrl-C leaves the register as it was. Once the swap itself is asked for it is too late, and the outcome is told.

                The formats are those of `subjects import`.

                EXAMPLES:
                  vicinityctl subjects replace stops.csv
                  vicinityctl subjects replace --yes stops.csv more-stops.ndjson
                """)

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("What the files are, if neither name nor content should say.", valueName: "format"))
        var format: RegisterFormat?

        @Flag(help: "Leave bad records out.")
        var skipBad = false

        @Flag(help: "Replace the register; without it, only say what would change.")
        var yes = false

        @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file"), completion: .file())
        var files: [String]

        func run() throws {
            try global.conclude { directory throws(ClientFault) in
                let source = RegisterSource(socketDirectory: directory, paths: files, format: format, skipsBad: skipBad)
                try RegisterReplacement(source, isMeant: yes, console: .standard, interrupts: Signals.interrupts()).run()
            }
        }
    }
}
