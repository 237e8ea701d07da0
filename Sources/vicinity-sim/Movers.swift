import ArgumentParser
import VicinitySimulation

/// Fixes and a register for load and demo.
struct Movers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a register and a stream of fixes of users who walk about, as NDJSON.",
        discussion: """
            The same arguments give the same bytes. Users report in another order in each round.

            EXAMPLES:
              vicinity-sim movers --users 1000 --subjects 200 --rounds 60 --register register.ndjson --fixes fixes.ndjson
              vicinity-sim movers --users 1000 --rounds 10 --step 7 --area 60 | vicinityctl send -
            """)

    @Option(name: .long, help: "How many users walk.")
    var users = 1_000

    @Option(name: .long, help: "How many subjects stand about.")
    var subjects = 200

    @Option(name: .long, help: "How many fixes each user sends.")
    var rounds = 60

    @Option(name: .long, help: "Metres that a user walks between two fixes.")
    var step = 22.0

    @Option(name: .long, help: "Side of the square that all this happens in, in kilometres, 0.1 to 1000.")
    var area = 10.0

    @Option(name: .long, help: "Seconds between two fixes of a user.")
    var interval = 15.0

    @Option(name: .long, help: "The time of the first round, Unix milliseconds.")
    var start: Int64 = 1_732_290_000_000

    @Option(name: .long, help: "Another seed, other walks.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Where the register goes; nowhere without it.")
    var register: String?

    @Option(name: .long, help: "Where the fixes go.")
    var fixes = "-"

    func validate() throws {
        guard users >= 1, subjects >= 0, rounds >= 0 else {
            throw ValidationError("--users must be 1 or more, --subjects and --rounds 0 or more")
        }
        guard (0.1...1_000).contains(area) else { throw ValidationError("--area must be 0.1 to 1000") }
        guard (0...area * 1_000).contains(step) else { throw ValidationError("--step must be 0 up to the area") }
        guard (0...86_400).contains(interval) else { throw ValidationError("--interval must be 0 to 86400") }
        guard (0...1 << 50).contains(start) else { throw ValidationError("--start must be 0 or more, in Unix milliseconds") }
    }

    func run() throws {
        var movers = MovingCrowd(users: users, subjects: subjects, side: area * 1_000, step: step, seed: seed)
        if let register {
            let file = try OutputFile(register)
            for subject in movers.register() { try file.write(Text.subject(subject)) }
            try file.flush()
        }
        let file = try OutputFile(fixes)
        for round in 0..<rounds {
            let time = start + Int64((Double(round) * interval * 1_000).rounded())
            try movers.walk(at: time, within: Int64(interval * 1_000)) { line in try file.write(line.description) }
        }
        try file.flush()
    }
}
