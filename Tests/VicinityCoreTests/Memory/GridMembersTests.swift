import Testing
import VicinitySimulation

@testable import VicinityCore

/// The members of a cell against arrays of them.
struct GridMembersTests {
    @Test("A cell knows who is in it, and in a grid that is sharp what was said of each", arguments: UInt64(0)..<20)
    func againstArray(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let heaps = GridHeaps()
        var members = GridMembers()
        var truth: [(slot: UInt32, member: GridMember)] = []
        let isSharp = seed % 4 < 2
        let greatest = seed % 2 == 0 ? 20 : 6000
        for step in 0..<(greatest * 4) {
            if truth.isEmpty || Int.random(in: 0..<100, using: &random) < (step / greatest % 2 == 0 ? 80 : 30) {
                let member = GridMember(
                    latitude: UInt16.random(in: 0...65_535, using: &random), longitude: UInt16.random(in: 0...65_535, using: &random),
                    radius: UInt16.random(in: 0...65_535, using: &random), slackBound: UInt8.random(in: 0...255, using: &random))
                let place = members.append(UInt32(step), member, isSharp: isSharp, in: heaps)
                #expect(place == truth.count)
                truth.append((UInt32(step), member))
            } else {
                let place = Int.random(in: truth.indices, using: &random)
                let moved = members.swapRemove(at: place, in: heaps)
                #expect(moved == (place == truth.count - 1 ? nil : truth[truth.count - 1].slot))
                truth.swapAt(place, truth.count - 1)
                truth.removeLast()
            }
            if step % 50 == 0 { expectSame(members, truth, isSharp, "seed \(seed), step \(step)") }
        }
        expectSame(members, truth, isSharp, "seed \(seed)")
        for _ in truth { _ = members.swapRemove(at: 0, in: heaps) }
        #expect(heaps.slots.blocks == 0 && heaps.blocks.blocks == 0)
    }

    private func expectSame(_ members: GridMembers, _ truth: [(slot: UInt32, member: GridMember)], _ isSharp: Bool, _ what: String) {
        var slots: [UInt32] = []
        members.append(to: &slots)
        #expect(slots == truth.map { $0.slot } && members.count == truth.count, "\(what)")
        if isSharp { #expect(truth.indices.allSatisfy { members[$0] == truth[$0].member }, "\(what)") }
    }
}
