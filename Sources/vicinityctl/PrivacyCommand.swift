internal import ArgumentParser
internal import VicinityClient

struct PrivacyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privacy", abstract: "See what the register and the settings give away.",
        discussion: """
            EXAMPLES:
              vicinityctl privacy check
            """,
        subcommands: [PrivacyCheckCommand.self])
}
