internal import ArgumentParser
internal import Glibc
internal import VicinityClient
internal import VicinityOffline

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the daemon's log into a file, while it goes on.",
        discussion: """
            The file holds everything as of one commit: events, register, users, cursors. Run it as root or as the daemon's user. To restore \
            it, stop the daemon, copy the file to vicinity.db in the state directory, remove vicinity.db-wal, vicinity.db-shm and \
            vicinity.head there, and start. Ctrl-C ends it, and there is no file then.

            EXAMPLES:
              vicinityctl backup /var/backups/vicinity.db
              vicinityctl backup --overwrite --state-dir /srv/vicinity nightly.db
            """)

    @Option(
        help: ArgumentHelp(
            "The directory that holds vicinity.db (default: $STATE_DIRECTORY, or /var/lib/vicinity).", valueName: "dir"),
        completion: .directory)
    var stateDir: String?

    @Flag(help: "Replace the file if there is one.")
    var overwrite = false

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    /// The flag, or what systemd says, or where it puts the state; as the daemon finds it.
    private var stateDirectory: String {
        if let stateDir, !stateDir.isEmpty { return stateDir }
        let variable = getenv("STATE_DIRECTORY").map { String(cString: $0) } ?? ""
        return variable.split(separator: ":").first.map { String($0) } ?? "/var/lib/vicinity"
    }

    func run() throws {
        let progress = OfflineProgress()
        do throws(LogBackup.Failure) {
            let backup = LogBackup(of: stateDirectory, to: file, replaces: overwrite)
            let text = try backup.run { done, total in try progress.show("copying", done: done, of: total) }
            progress.clear()
            Console.standard.say(text)
        } catch {
            try progress.conclude("there is no new file")
            Console.standard.refuse("\(error)")
            return try ExaminationStatus.damaged.conclude()
        }
    }
}
