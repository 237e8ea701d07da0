internal import ArgumentParser
internal import VicinityClient

struct PrivacyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privacy", abstract: "See what the register and the settings give away, and give it other cells.",
        discussion: """
            EXAMPLES:
              vicinityctl privacy check
              vicinityctl privacy rotate-key
            """,
        subcommands: [PrivacyCheckCommand.self, RotateKeyCommand.self])
}
