import ArgumentParser
import VicinitySimulation

extension Scene: ExpressibleByArgument {}

/// Engine against model.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the engine beside a brute-force model and stops at the first difference.",
        discussion: """
            Every world is drawn from a seed, and the same seed is the same world in every process. Runs go through the worlds with \
            rising seeds until the number of runs or of situations is reached. A situation is an accepted fix, or a change of one \
            subject, evaluated against all pairs that it concerns. Large worlds come in every eighth round only.

            Exits with 1 at a difference, and prints the command that shows it again.

            EXAMPLES:
              vicinity-sim compare --world poles --seed 42 --steps 300
              vicinity-sim compare --situations 10000
            """)

    @Option(name: .long, help: "Only this world (default: all of them).")
    var world: Scene?

    @Option(name: .long, help: "The first seed.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Steps of a run.")
    var steps = 300

    @Option(name: .long, help: "Runs of each world.")
    var runs = 1

    @Option(name: .long, help: "Goes on, whatever --runs says, until there were so many situations in all.")
    var situations: Int?

    @Flag(name: .long, help: "Prints every step before it is taken.")
    var trace = false

    /// In a series over all worlds, how many rounds there are to one with the large worlds.
    private static let largeEvery = 8

    func validate() throws {
        guard steps >= 1, runs >= 1, situations ?? 1 >= 1 else {
            throw ValidationError("--steps, --runs and --situations must be 1 or more")
        }
    }

    func run() throws {
        var total = Figures()
        var perScene: [Scene: (runs: Int, figures: Figures)] = [:]
        let scenes = world.map { [$0] } ?? Scene.allCases
        var round = 0
        while situations.map({ total.situations < $0 }) ?? (round < runs) {
            for scene in scenes where !scene.isLarge || scenes.count == 1 || round.isMultiple(of: Self.largeEvery) {
                let figures = try figures(Run(scene: scene, seed: seed &+ UInt64(round), steps: steps))
                total.add(figures)
                perScene[scene, default: (0, Figures())].runs += 1
                perScene[scene, default: (0, Figures())].figures.add(figures)
            }
            round += 1
        }
        print(Self.row("world", "runs", "situations", "pairs tested", "events", "digest"))
        for scene in scenes {
            guard let (runs, figures) = perScene[scene] else { continue }
            print(Self.row(scene.rawValue, runs, figures))
        }
        if scenes.count > 1 { print(Self.row("all", perScene.values.reduce(0) { $0 + $1.runs }, total)) }
    }

    private func figures(_ run: Run) throws -> Figures {
        do throws(Difference) {
            return try Comparison.run(
                run,
                observing: { number, step in
                    if trace { print("# step \(number)\n\(step)") }
                })
        } catch {
            print(error)
            throw ExitCode.failure
        }
    }

    private static func row(_ name: String, _ runs: Int, _ figures: Figures) -> String {
        row(
            name, "\(runs)", "\(figures.situations)", "\(figures.pairEvaluations)", "\(figures.events)",
            String(figures.digest, radix: 16))
    }

    private static func row(_ name: String, _ numbers: String...) -> String {
        func pad(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) }
        return name + pad(name, 13) + numbers.map { " " + pad($0, 16) + $0 }.joined()
    }
}
