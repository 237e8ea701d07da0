import Foundation
import Testing

@testable import VicinitySimulation

/// A thousand spoofed users against one entry: the attack is real, and the precision is what stops it.
@Suite("The attacker")
struct AttackTests {
    @Test("An entry of precision 0 is found to a metre, by each strategy that has enough questions", arguments: UInt64(1)...6)
    func found(seed: UInt64) throws {
        let outcome = Attack(precision: 0, seed: seed, rounds: 2).run()
        for result in outcome.results where result.name != "averaging" {
            #expect(try #require(outcome.error(of: result)) < 1, "\(result.name)\n\(outcome.text)")
            #expect(result.trueArea < 1, "\(result.name)\n\(outcome.text)")
            #expect(result.trueArea > 0, "the entry is never ruled out by what it answered: \(result.name)\n\(outcome.text)")
        }
        #expect(outcome.shown == outcome.target)
    }

    @Test("Averaging gets there too, and the nearer the more it asks")
    func averaging() throws {
        func area(rounds: Int) throws -> Double {
            try #require(Attack(precision: 0, rounds: rounds).run().results.first { $0.name == "averaging" }).trueArea
        }
        let few = try area(rounds: 1)
        let many = try area(rounds: 10)
        #expect(many < few / 20 && many < 100, "\(few), then \(many) square metres")
    }

    /// At least half the square of the side, as the contract has it, and in truth all of the cell: its columns are G wide but for rounding here.
    @Test(
        "An entry of precision G is anywhere in its cell, whatever was asked, and by every strategy",
        arguments: [(200.0, UInt64(1)), (200, 2), (200, 3), (200, 4), (50, 5), (1000, 6)])
    func hidden(precision: Double, seed: UInt64) {
        let outcome = Attack(precision: precision, seed: seed, rounds: 2).run()
        let square = precision * precision
        #expect(outcome.results.count == 4)
        for result in outcome.results {
            #expect(result.trueArea >= square / 2, "\(result.name)\n\(outcome.text)")
            #expect((0.95 * square...1.05 * square).contains(result.trueArea), "\(result.name)\n\(outcome.text)")
            // The attack is no weaker than on an entry without precision: it finds what there is to find.
            if result.name != "averaging" { #expect(result.shownArea > 0 && result.shownArea < 1, "\(result.name)\n\(outcome.text)") }
        }
    }

    @Test("Events come in the order of the ids, at the time of the fix, and so say nothing by either", arguments: [0.0, 200])
    func order(precision: Double) {
        let outcome = Attack(precision: precision, rounds: 2).run()
        #expect(outcome.orders.seen > 500, "\(outcome.orders)")
        #expect(outcome.orders.telling == 0)
    }

    /// Said in docs/privacy.md: each new key cuts another cell out of the same place.
    @Test("Each rotation of the key shrinks what is left")
    func rotations() {
        let areas = Attack(precision: 200, rounds: 1, rotations: 4).run().rotatedAreas
        #expect(areas.count == 5)
        #expect(zip(areas, areas.dropFirst()).allSatisfy { $0 >= $1 && $1 > 0 } && areas[4] < areas[0] / 4, "\(areas)")
    }

    @Test("docs/privacy.md shows what the attack says", arguments: [("--precision 0", 0.0, 0), ("--precision 200 --rotations 5", 200, 5)])
    func documented(arguments: String, precision: Double, rotations: Int) throws {
        let text = Attack(precision: precision, rotations: rotations).run().text
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/privacy.md"), encoding: .utf8)
        #expect(page.contains("<!-- vicinity-sim attack \(arguments) -->\n```text\n\(text)```\n"), "it must be\n\(text)")
    }

    @Test("The same seed is the same attack")
    func deterministic() {
        let attack = Attack(precision: 200, seed: 9, rounds: 1, rotations: 1)
        let (first, second) = (attack.run(), attack.run())
        #expect(first.text == second.text)
        #expect(first.picture == second.picture)
        #expect(Attack(precision: 200, seed: 10, rounds: 1).run().target != first.target)
    }
}
