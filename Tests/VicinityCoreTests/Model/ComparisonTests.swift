import Foundation
import Testing
import VicinityCore
import VicinitySimulation

/// Engine = model, in small; `vicinity-sim compare --situations 10000000` is the same at length.
struct ComparisonTests {
    @Test(arguments: Scene.allCases.filter { !$0.isLarge }, UInt64(1)...4)
    func engineEqualsModel(scene: Scene, seed: UInt64) throws {
        let figures = try Comparison.run(Run(scene: scene, seed: seed, steps: 60))
        #expect(figures.situations > 40)
    }

    @Test("Users are forgotten between other steps", arguments: Scene.allCases.filter { !$0.isLarge }, UInt64(1)...4)
    func forgetting(scene: Scene, seed: UInt64) throws {
        var users: [[UInt8]] = []
        var forgotten = 0
        _ = try Comparison.run(
            Run(scene: scene, seed: seed, steps: 80),
            varying: { number, step in
                guard case .lines(let lines) = step else { return step }
                users += lines.filter { $0.kind == .user }.prefix(8).map(\.id)
                guard number.isMultiple(of: 3), !users.isEmpty else { return step }
                forgotten += 1
                // Once more at times, or after a sign-off.
                return .forget(users[(number * 7 + Int(seed)) % users.count])
            })
        #expect(forgotten > 5)
    }

    @Test(arguments: Scene.allCases.filter(\.isLarge))
    func engineEqualsModelInLargeWorlds(scene: Scene) throws {
        let figures = try Comparison.run(Run(scene: scene, seed: 1, steps: 14))
        #expect(figures.events > 1_000)
    }

    /// A comparison that never finds anything would prove nothing.
    @Test(arguments: [Scene.edges, .jitter])
    func twoCentimetresOfMarginAreSeen(scene: Scene) {
        var isFound = false
        for seed in UInt64(1)...5 where !isFound {
            do {
                _ = try Comparison.run(
                    Run(scene: scene, seed: seed, steps: 120),
                    disturbing: { step in
                        guard case .put(var subjects) = step else { return step }
                        for index in subjects.indices { subjects[index].position = subjects[index].position.moved(north: 2, east: 0) }
                        return .put(subjects)
                    })
            } catch {
                isFound = true
            }
        }
        #expect(isFound)
    }

    @Test func aDifferenceNamesTheCommandThatShowsItAgain() throws {
        let run = Run(scene: .uniform, seed: 1, steps: 60)
        let difference = #expect(throws: Difference.self) {
            try Comparison.run(
                run,
                disturbing: { step in
                    guard case .lines(let lines) = step else { return step }
                    return .lines(Array(lines.dropLast()))
                })
        }
        let found = try #require(difference)
        #expect(found.description.contains("vicinity-sim compare --world uniform --seed 1 --steps \(found.step + 1)"))
    }

    /// The same seed is the same world in every process: the digests come from others.
    ///
    /// `VICINITY_UPDATE_GOLDEN=1` writes the file anew.
    @Test func theSameSeedGivesTheSameDigestInEveryProcess() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/model/digests.txt").standardized
        var lines: [String] = []
        for scene in Scene.allCases where !scene.isLarge {
            let run = Run(scene: scene, seed: 7, steps: 40)
            let figures = try Comparison.run(run)
            lines.append("\(run.command) \(figures.situations) \(figures.events) \(String(figures.digest, radix: 16))")
        }
        let found = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try found.write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        #expect(found == golden)
    }
}
