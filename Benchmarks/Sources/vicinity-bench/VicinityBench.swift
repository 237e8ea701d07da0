import ArgumentParser
import VicinityBenchmarks

@main
struct VicinityBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vicinity-bench", abstract: "What the parts of the daemon cost.", subcommands: [Stages.self, Latency.self],
        defaultSubcommand: Stages.self)
}

/// Prints what each stage costs: processor time per unit of work, and a digest of the answer, which must be the same everywhere.
struct Stages: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What each stage of a fix's way costs.",
        discussion:
            "Figures are processor time of the process. Compare ratios of two runs on the same quiet machine; the digests must agree.")

    @Flag(help: "Run everything once, as small as it can be; for checking that it works.")
    var smoke = false

    @Flag(help: "Print one JSON object a line.")
    var json = false

    @Option(help: "Only one area: decode, index, engine, shards, moving, editions, encode, commit or log.")
    var only: String?

    func run() throws {
        try StageBenchmarks.run(isSmoke: smoke, only: only) { print(json ? $0.json : $0.line) }
    }
}

/// Prints how long commits take, and how long events wait for theirs.
struct Latency: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How long events wait for their commit, at several rates and both durabilities.",
        discussion: "Figures are times on the wall: they say something of this machine's disk, and little on a busy one.")

    @Option(help: "Seconds for each row.")
    var seconds = 10.0

    @Option(help: "A directory on the disk in question.")
    var directory = "/tmp"

    func run() throws {
        for benchmark in CommitLatency.all(seconds: seconds) { print(try benchmark.run(in: directory)) }
    }
}
