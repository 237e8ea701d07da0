import ArgumentParser
import VicinitySimulation

/// The whole daemon in one thread.
struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Runs the whole daemon in one thread among crashes and faults, and stops at the first broken promise.",
        discussion: """
            Every run is drawn from a seed: gateways that resend, relays that vanish and come back, an operator, a disk that fails, and \
            crashes between any two steps. After each step the promises of the contract are checked against a brute-force model. The same \
            seed is the same run in every process, which the digest shows.

            Exits with 1 at a broken promise, and prints the command that shows it again.

            EXAMPLES:
              vicinity-sim daemon --seeds 20 --steps 500
              vicinity-sim daemon --seed 42 --steps 500 --verbose
            """)

    @Option(name: .long, help: "The first seed.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "How many seeds.")
    var seeds = 1

    @Option(name: .long, help: "Steps of a run before everything comes to rest.")
    var steps = 5_000

    @Option(name: .long, help: "Breaks the daemon on purpose: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sabotage: Sabotage?

    @Flag(name: .long, help: "Prints every step.")
    var verbose = false

    func validate() throws {
        guard seeds >= 1, steps >= 0 else { throw ValidationError("--seeds must be 1 or more, --steps 0 or more") }
    }

    func run() throws {
        var total = ServiceFigures()
        let started = ContinuousClock.now
        for number in 0..<UInt64(seeds) {
            let run = ServiceRun(seed: seed &+ number, steps: steps)
            LastWords.shared.say(run.command)
            do throws(ServiceFailure) {
                total.add(try ServiceSimulation.run(run, sabotage: sabotage, observing: verbose ? { print($0) } : nil))
            } catch {
                print(error)
                throw ExitCode.failure
            }
            if total.runs.isMultiple(of: 100), total.runs < seeds { print("\(total.runs) of \(seeds) seeds …") }
        }
        let elapsed = ContinuousClock.now - started
        print(Self.report(total, seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18))
    }

    private static func report(_ figures: ServiceFigures, seconds: Double) -> String {
        """
        seeds \(figures.runs), steps \(figures.steps), digest \(String(figures.digest, radix: 16))
        crashes \(figures.crashes) (\(figures.halfDone) between a commit and its announcement), exits \(figures.exits), clock set \(figures.leaps) times
        lines \(figures.lines) (\(figures.resent) once more, \(figures.summed) errors summed up), commits \(figures.commits), events \(figures.events)
        faults of writes \(figures.faults), reads of the log \(figures.reads), streams that a read ended \(figures.unreadable)
        connections \(figures.connections), refusals \(figures.refusals), snapshots \(figures.snapshots), gaps \(figures.gaps), events let go \(figures.removed)
        \(Int(Double(figures.steps) / max(seconds, 0.001))) steps a second
        """
    }
}

extension Sabotage: ExpressibleByArgument {}
