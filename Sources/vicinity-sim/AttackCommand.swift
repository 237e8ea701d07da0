import ArgumentParser
import VicinitySimulation

/// Who looks for an entry of the register.
struct AttackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack",
        abstract: "Looks for an entry of the register with spoofed users, by the best known strategies.",
        discussion: """
            A thousand users, who may say of themselves what they like, ask the real engine where one entry is: by halving the radius, by walking \
            along the edge of the halo, by laying many answers over each other, by the order and the time of events. Then it is worked out where \
            the place that is shown can be, and where the entry can truly be. The same seed is the same attack in every process.

            What comes of it is told in docs/privacy.md.

            EXAMPLES:
              vicinity-sim attack --precision 0
              vicinity-sim attack --precision 200 --rotations 5
            """)

    @Option(name: .long, help: "Metres: the side of the cells in which the entry is shown; 0 shows it where it is.")
    var precision = 200.0

    @Option(name: .long, help: "Another seed, another place.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Places that each user tries for the averaging.")
    var rounds = 20

    @Option(name: .long, help: "How often the key is changed, with the attack repeated each time.")
    var rotations = 0

    @Option(name: .long, help: "Writes what a picture is drawn from, as CSV.")
    var picture: String?

    func validate() throws {
        guard (0...2_000).contains(precision) else { throw ValidationError("--precision must be 0 to 2000") }
        guard rounds >= 1, (0...100).contains(rotations) else {
            throw ValidationError("--rounds must be 1 or more, --rotations 0 to 100")
        }
    }

    func run() throws {
        let outcome = Attack(precision: precision, seed: seed, rounds: rounds, rotations: rotations).run()
        print(outcome.text, terminator: "")
        guard let picture else { return }
        let file = try OutputFile(picture)
        for line in outcome.picture.split(separator: "\n") { try file.write(String(line)) }
        try file.flush()
    }
}
