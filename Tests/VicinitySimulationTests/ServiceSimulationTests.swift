import Foundation
import Testing
import VicinitySimulation

/// The whole daemon in one thread, among clients and a disk that misbehave, and crashes between any two steps.
@Suite("The whole daemon, simulated")
struct ServiceSimulationTests {
    @Test("Nothing is lost and nothing comes twice", arguments: UInt64(1_000_000)..<1_000_024)
    func holds(seed: UInt64) throws { _ = try ServiceSimulation.run(ServiceRun(seed: seed, steps: 2_000)) }

    @Test("The same seed is the same run", arguments: UInt64(7)..<10)
    func deterministic(seed: UInt64) throws {
        let run = ServiceRun(seed: seed, steps: 2_000)
        #expect(try ServiceSimulation.run(run).digest == ServiceSimulation.run(run).digest)
    }

    @Test("It is the same in another process, as the digests say that one has left")
    func sameInAnotherProcess() throws {
        var lines: [String] = []
        for seed in UInt64(1)...8 {
            let figures = try ServiceSimulation.run(ServiceRun(seed: seed, steps: 1_000))
            lines.append("\(seed) \(String(figures.digest, radix: 16))")
        }
        let text = lines.joined(separator: "\n") + "\n"
        let file = Self.fixtures.appending(path: "digests.txt")
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try text == String(contentsOf: file, encoding: .utf8), "VICINITY_UPDATE_GOLDEN=1 rewrites it where the change is meant")
    }

    /// A line each: seed, steps, and why it failed then.
    @Test("Seeds that failed once hold")
    func onceFailed() throws {
        let text = try String(contentsOf: Self.fixtures.appending(path: "seeds.txt"), encoding: .utf8)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", maxSplits: 2)
            let seed = try #require(words.first.flatMap { UInt64($0) }, "\(line)")
            let steps = try #require(words.dropFirst().first.flatMap { Int($0) }, "\(line)")
            #expect(throws: Never.self, "\(line)") { try ServiceSimulation.run(ServiceRun(seed: seed, steps: steps)) }
        }
    }

    @Test("A daemon that is broken on purpose is found out", arguments: Sabotage.allCases)
    func sabotageIsSeen(sabotage: Sabotage) {
        let isSeen = (UInt64(1)...40).contains { seed in
            do throws(ServiceFailure) {
                _ = try ServiceSimulation.run(ServiceRun(seed: seed, steps: 2_000), sabotage: sabotage)
                return false
            } catch {
                return true
            }
        }
        #expect(isSeen)
    }

    private static var fixtures: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures") }
}
