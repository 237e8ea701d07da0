internal import ArgumentParser
internal import Glibc
internal import VicinityClient
internal import VicinityOffline

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Read the log without the daemon, or have the daemon remove old events.",
        discussion: """
            EXAMPLES:
              vicinityctl log dump /var/lib/vicinity --after 5000 --limit 100
              vicinityctl log verify /var/lib/vicinity
              vicinityctl log prune --before 20
            """,
        subcommands: [Dump.self, Verify.self, PruneCommand.self])

    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the events that are kept, one JSON object a line, as events.sock gives them.",
            discussion: """
                Stops at the first event that cannot be read, says so, and exits with 1; --after goes on behind it. Ctrl-C stops it after a \
                whole line, and it says which event that was.

                EXAMPLES:
                  vicinityctl log dump /var/lib/vicinity | gzip > events.ndjson.gz
                  vicinityctl log dump /var/lib/vicinity --after 5000 --limit 100
                """)

        @Option(help: ArgumentHelp("Begin after this seq.", valueName: "seq"))
        var after: Int64 = 0

        @Option(help: ArgumentHelp("At most so many events.", valueName: "n"))
        var limit: Int64?

        @Argument(help: ArgumentHelp("The directory that holds vicinity.db.", valueName: "state-dir"), completion: .directory)
        var stateDirectory: String

        func validate() throws {
            if after < 0 || after == .max { throw ValidationError("--after is \(after), must be a seq or 0") }
            if let limit, limit < 1 { throw ValidationError("--limit is \(limit), must be 1 or more") }
        }

        func run() throws {
            // Events on a terminal tell by themselves how far it is.
            let progress = OfflineProgress(isShown: !Console.standard.isRead)
            let dump = LogDump(directory: stateDirectory, after: after, limit: limit ?? .max) { try progress.show($0) }
            let end: LogDump.End
            do throws(Unexaminable) {
                end = try dump.run(to: STDOUT_FILENO)
            } catch {
                Console.standard.refuse("\(error)")
                return try ExaminationStatus.unexaminable.conclude()
            }
            progress.clear()
            switch end {
            case .complete, .unread: return
            case .interrupted(let last): try progress.conclude("the events up to \(last) have been written")
            case .damaged(let why):
                Console.standard.refuse(why)
                try ExaminationStatus.damaged.conclude()
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every event that is kept, and say what is wrong.",
            discussion: """
                Each block's checksum, that they follow one another up to the last commit, and that each pair enters and leaves in turn. \
                `vicinityctl doctor` checks everything else too. The exit status is 0 if all is sound, 1 if not, 2 if there is no log.

                EXAMPLES:
                  vicinityctl log verify /var/lib/vicinity
                """)

        @Argument(help: ArgumentHelp("The directory that holds vicinity.db.", valueName: "state-dir"), completion: .directory)
        var stateDirectory: String

        func run() throws {
            let progress = OfflineProgress()
            var status = ExaminationStatus.sound
            do throws(Unexaminable) {
                let report = try Examination(directory: stateDirectory, scope: .log) { try progress.show($0) }.run()
                progress.clear()
                Console.standard.saySafely(report.logText)
                if report.verdict == .damaged { status = .damaged }
            } catch {
                try progress.conclude("not every event was read")
                Console.standard.refuse("\(error)")
                status = .unexaminable
            }
            try status.conclude()
        }
    }
}
