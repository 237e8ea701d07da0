import ArgumentParser
import VicinityBenchmarks

/// Prints what each stage costs: processor time per unit of work, and a digest of the answer, which must be the same everywhere.
@main
struct VicinityBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vicinity-bench",
        abstract: "What each stage of a fix's way costs.",
        discussion:
            "Figures are processor time of the process. Compare ratios of two runs on the same quiet machine; the digests must agree.")

    @Flag(help: "Run everything once, as small as it can be; for checking that it works.")
    var smoke = false

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() throws {
        try StageBenchmarks.run(isSmoke: smoke) { print(json ? $0.json : $0.line) }
    }
}
