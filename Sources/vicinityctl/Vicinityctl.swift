// The command line: what can be typed, and what it means to VicinityClient. No decision is taken here.

package import ArgumentParser
internal import VicinityClient

@main
package struct Vicinityctl: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "vicinityctl",
        abstract: "Talk to vicinityd: its state, its register, fixes and events.",
        discussion: """
            EXAMPLES:
              vicinityctl status
              vicinityctl top
              vicinityctl subjects import stops.csv
              vicinityctl watch --after 0 --type enter
              vicinityctl send track.ndjson.gz --speed 60x
              vicinityctl simulate --register stops.csv --fixes walk.gpx

            EXIT STATUS:
            \(CommandStatus.allCases.map { "  \($0.rawValue)\(padding($0))\($0.meaning)" }.joined(separator: "\n"))

            ENVIRONMENT:
              VICINITY_SOCKET_DIR  the sockets' directory, where --socket-dir is not given
            """,
        version: "vicinityctl \(clientVersion)",
        subcommands: [
            StatusCommand.self, TopCommand.self, MapCommand.self, MetricsCommand.self, WatchCommand.self, SendCommand.self,
            SubjectsCommand.self,
            UsersCommand.self, NearbyCommand.self, DetailsCommand.self, ReportCommand.self, ReportsCommand.self,
            ExplainCommand.self,
            SubscribersCommand.self, AuditCommand.self, PrivacyCommand.self,
            ConfigCommand.self, LogCommand.self, BackupCommand.self, DoctorCommand.self, SimulateCommand.self,
        ])

    package init() {}

    private static func padding(_ status: CommandStatus) -> String {
        String(repeating: " ", count: 5 - "\(status.rawValue)".count)
    }
}
