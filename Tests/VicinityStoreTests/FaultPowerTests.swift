// Loss of power at any moment: what `durability: power` has promised is there, and what `durability: process` leaves is whole.

import Testing
import VicinityStore

extension FaultyDiskTests {
    @Suite("Loss of power")
    struct PowerTests {
        /// A log of `power` is what its last completed step made it, or the one that was under way; a log of `process` is what some step
        /// since the last clean stop or start made it. That steps are lost proves that the disk forgets.
        @Test("The log is what a step has made it, and with durability power the last one", arguments: Durability.allCases)
        func lives(durability: Durability) throws {
            var lost = 0
            var interrupted = 0
            var openings = 0
            for seed in FaultyDiskTests.seeds {
                var lives = try Lives(seed: seed, durability: durability)
                do {
                    for _ in 0..<10 { try lives.live() }
                } catch {
                    Issue.record("seed \(seed): \(error)")
                }
                lost += lives.lost
                interrupted += lives.interrupted
                openings += lives.interruptedOpenings
            }
            #expect(interrupted > 0)
            #expect(openings > 0)
            if durability == .process { #expect(lost > interrupted) }
        }

        /// Where a commit makes the WAL so long that it is copied into the file.
        @Test(
            "So it is where the WAL is copied into the file in the middle of a commit, or beside it", arguments: Durability.allCases,
            [WALCopying.byWriter, .beside])
        func floods(durability: Durability, copying: WALCopying) throws {
            var copied = 0
            for seed in FaultyDiskTests.seeds.prefix(max(2, FaultyDiskTests.seeds.count / 16)) {
                var lives = try Lives(seed: seed, durability: durability, copying: copying, floodsEvery: copying == .beside ? 2 : 3)
                do {
                    for _ in 0..<4 { try lives.live() }
                } catch {
                    Issue.record("seed \(seed): \(error)")
                }
                copied += lives.floods
            }
            #expect(copied > 0)
        }
    }
}
