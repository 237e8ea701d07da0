internal import ArgumentParser
internal import VicinityClient
internal import VicinityRehearsal

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show or reload the daemon's configuration.",
        discussion: """
            EXAMPLES:
              vicinityctl config get halo
              vicinityctl config reload
            """,
        subcommands: [Get.self, Reload.self])

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the settings in force, and where each comes from.",
            discussion: """
                EXAMPLES:
                  vicinityctl config get
                  vicinityctl config get halo delivery.heartbeat
                """)

        @OptionGroup var global: GlobalOptions

        @Flag(help: "The daemon's answer as it is.")
        var json = false

        @Argument(
            help: ArgumentHelp("Settings or sections to show; all if there is none.", valueName: "key"),
            completion: .list(RehearsalSettings.keys))
        var keys: [String] = []

        func run() throws {
            try global.ask("config.get") { answer throws(ClientFault) in
                guard !json else { return Console.standard.say(answer.text) }
                guard let text = ConfigText.text(answer, keys: keys) else {
                    throw .refused("there is no setting \(keys.joined(separator: ", ")); `vicinityctl config get` shows all")
                }
                Console.standard.say(text)
            }
        }
    }

    struct Reload: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the configuration file again.",
            discussion: """
                Returns when the new settings are in force. If the file is wrong, the old settings stay, every fault is named, and the \
                exit status is 1.

                EXAMPLES:
                  vicinityctl config reload
                """)

        @OptionGroup var global: GlobalOptions

        func run() throws {
            try global.ask("config.reload") { answer throws(ClientFault) in
                let names = { (key: String) in (answer[key]?.array ?? []).map { $0.string ?? $0.text } }
                let changed = names("changed")
                let restart = names("restart_needed")
                Console.standard.say(changed.isEmpty ? "nothing has changed" : "changed: \(changed.joined(separator: ", "))")
                if !restart.isEmpty {
                    Console.standard.say("in force only after a restart: \(restart.joined(separator: ", "))")
                }
            }
        }
    }
}
