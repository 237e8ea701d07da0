import ArgumentParser

@main
struct VicinitySim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vicinity-sim",
        abstract: "Tries Vicinity's engine in worlds drawn from a seed, and makes such worlds for others.",
        subcommands: [Compare.self, DaemonCommand.self, Movers.self, AttackCommand.self])
}
