import ArgumentParser

@main
struct VicinitySim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vicinity-sim",
        abstract: "Tries Vicinity's engine in worlds drawn from a seed, and makes such worlds for others.",
        discussion: """
            EXAMPLES:
              vicinity-sim compare --world poles --seed 42
              vicinity-sim movers --users 10 --rounds 3
            """,
        subcommands: [Compare.self, DaemonCommand.self, Movers.self, AttackCommand.self])
}
