internal import ArgumentParser
internal import VicinityClient
internal import VicinityOffline

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine a state directory, and save what can be saved of a damaged one.",
        discussion: """
            Reads the log itself, without the daemon, and changes nothing in the directory: what there is, what is wrong with it, and a \
            verdict. If a daemon works on it, its last commit is examined.

            With --salvage everything that can be read is written into a new directory, which is examined in turn, and what could not be \
            saved is named. A log has no hole: events before the newest damage are left out (`log dump` still shows them). If the newest \
            events themselves are lost, the new log has a new id, and the cursors of subscribers are void.

            EXIT STATUS:
              0    all is sound; all was saved
              1    something is damaged; something could not be saved
              2    it cannot be examined: no log, not ours, of a newer version; nothing was saved
              130  interrupted by a signal; nothing was saved

            EXAMPLES:
              vicinityctl doctor /var/lib/vicinity
              vicinityctl doctor /var/lib/vicinity --json | jq .verdict
              vicinityctl doctor /var/lib/vicinity --salvage /var/lib/vicinity-saved
            """)

    @Flag(help: "The report as one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp("Save what can be saved into this directory, which must not exist or be empty.", valueName: "new-dir"),
        completion: .directory)
    var salvage: String?

    @Argument(help: ArgumentHelp("The directory that holds vicinity.db.", valueName: "state-dir"), completion: .directory)
    var stateDirectory: String

    func run() throws {
        if let salvage { try save(into: salvage) } else { try examine() }
    }

    private func examine() throws {
        let progress = OfflineProgress()
        do throws(Unexaminable) {
            let report = try Examination(directory: stateDirectory) { try progress.show($0) }.run()
            progress.clear()
            if json { Console.standard.say(report.json + [0x0A]) } else { Console.standard.saySafely(report.text) }
            if report.verdict == .sound { return }
        } catch {
            try progress.conclude("the examination is not complete")
            if json { Console.standard.say(error.json + [0x0A]) } else { Console.standard.refuse("\(error)") }
            return try ExaminationStatus.unexaminable.conclude()
        }
        try ExaminationStatus.damaged.conclude()
    }

    private func save(into directory: String) throws {
        let progress = OfflineProgress()
        do throws(Salvage.Failure) {
            let report = try Salvage(from: stateDirectory, into: directory, now: Clock.wall()) { try progress.show($0) }.run()
            progress.clear()
            if json { Console.standard.say(report.json + [0x0A]) } else { Console.standard.saySafely(report.text) }
            if report.isWhole { return }
        } catch {
            try progress.conclude("nothing was saved")
            Console.standard.refuse("\(error)")
            return try ExaminationStatus.unexaminable.conclude()
        }
        try ExaminationStatus.damaged.conclude()
    }
}
