import Testing
import VicinityCore
import VicinityWire

/// The fast way from a block to lines says what the general one says, or that it is not for it.
@Suite struct EventTranscriptTests {
    /// The lines by the fast way, written into pieces of so many bytes of room; `nil` if it refuses.
    private func transcript(_ block: EventBlock, room size: Int) -> [UInt8]? {
        guard var transcript = EventTranscript(block) else { return nil }
        var lines: [UInt8] = []
        while true {
            var room = [UInt8](repeating: 0, count: size)
            let (count, outcome) = room.withUnsafeMutableBytes { transcript.write(to: $0) }
            lines += room[..<count]
            switch outcome {
            case .all: return lines
            case .part: guard count > 0 else { return nil }
            case .refused: return nil
            }
        }
    }

    private func general(_ block: EventBlock) throws -> [UInt8] {
        try EventLineEncoder.lines(of: block, after: block.firstSeq - 1) { _ in true }
    }

    private func block(_ chance: inout Chance, isPlain: Bool) -> EventBlock? {
        let firstSeq = Int64.random(in: 1...(1 << chance.pick([1, 10, 30, 52])), using: &chance)
        var builder = EventBlockBuilder(firstSeq: firstSeq)
        var time = Int64.random(in: 0...(1 << chance.pick([20, 40])), using: &chance)
        var user: [UInt8]?
        for place in 0..<Int64(chance.below(200) + 1) {
            if chance.oneIn(5) { time = max(0, time + Int64(chance.below(2000) - 500)) }
            var next = event(firstSeq + place, time, &chance, isPlain: isPlain)
            // Consecutive events of one user, who is named once.
            if chance.oneIn(2) { next.user = user }
            user = next.user
            builder.append(next)
        }
        return builder.finish()
    }

    private func event(_ seq: Int64, _ time: Int64, _ chance: inout Chance, isPlain: Bool) -> Event {
        let odd = !isPlain && chance.oneIn(40)
        let change: Event.Change
        switch chance.below(odd ? 8 : 5) {
        case 0: change = .enter(chance.pick(Cause.allCases), .within(chance.pick([0, 1, 50, 100, 250, 500, 50_000, 1_000_000])))
        case 1: change = .enter(chance.pick(Cause.allCases), .distance(Double(chance.below(chance.pick([10, 1000, 100_000_000]))) / 100))
        case 2: change = .enter(chance.pick(Cause.allCases), .nothing)
        case 3, 4:
            let encounter = max(1, seq - Int64(chance.below(chance.pick([1, 200, 1 << 40])) + 1))
            let lasted = Int64(chance.below(chance.pick([1, 100_000, 1 << 50])))
            change = .leave(chance.pick(Cause.allCases), encounter: seq == 1 ? 1 : encounter, lasted: lasted)
        case 5: change = .report(number: 17, kind: "dispute")
        case 6: change = .following
        default: change = .enter(.user, chance.pick([.within(62.5), .distance(0.123456), .distance(1e300), .within(-1), .distance(-0.0)]))
        }
        let kind = chance.oneIn(3) ? nil : id(&chance, isPlain: true, longest: 12)
        return Event(
            seq: seq, time: time, change: change, user: chance.oneIn(20) ? nil : id(&chance, isPlain: !odd, longest: 20),
            subject: id(&chance, isPlain: !odd, longest: chance.oneIn(9) ? 128 : 12), kind: kind)
    }

    private func id(_ chance: inout Chance, isPlain: Bool, longest: Int) -> [UInt8] {
        let bytes = Array((isPlain ? "abcXYZ019-_. ~\u{7f}" : "ab\"\\/\u{1}\u{1f} ").utf8)
        return (0...chance.below(longest)).map { _ in chance.pick(bytes) }
    }

    @Test(arguments: UInt64(0)..<100)
    func equalsTheGeneralWay(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let block = try #require(block(&chance, isPlain: true))
        let expected = try general(block)
        let found = transcript(block, room: 1 << 20)
        #expect(found == expected, "seed \(seed)")
        #expect(transcript(block, room: EventTranscript.leastRoom + chance.below(300)) == expected, "seed \(seed)")
        #expect(try EventLineEncoder.lines(of: block) == expected, "seed \(seed)")
    }

    /// Escapes, reports, followings and strange numbers: other, never; refused, perhaps.
    @Test(arguments: UInt64(0)..<100)
    func refusesWhatIsNotForIt(seed: UInt64) throws {
        var chance = Chance(seed: seed &+ 1000)
        let block = try #require(block(&chance, isPlain: false))
        let expected = try general(block)
        if let found = transcript(block, room: 1 << 20) { #expect(found == expected, "seed \(seed)") }
        #expect(try EventLineEncoder.lines(of: block) == expected, "seed \(seed)")
    }

    /// Bytes that were damaged on the disk: what cannot be read is refused here as there.
    @Test(arguments: UInt64(0)..<100)
    func damage(seed: UInt64) throws {
        var chance = Chance(seed: seed &+ 2000)
        let whole = try #require(block(&chance, isPlain: true))
        for _ in 0..<20 {
            var bytes = whole.bytes
            if chance.oneIn(3) { bytes.removeLast(chance.below(bytes.count)) }
            if !bytes.isEmpty { bytes[chance.below(bytes.count)] = UInt8(chance.below(256)) }
            let block = EventBlock(firstSeq: whole.firstSeq, count: whole.count, bytes: bytes)
            guard let found = transcript(block, room: 1 << 20) else { continue }
            #expect(found == (try? general(block)), "seed \(seed)")
        }
    }
}
