import Testing
import VicinityCore

/// What goes into a block comes out of it; what is no block is said to be none.
@Suite struct EventBlockTests {
    /// Any event that a block may hold.
    private func anyEvent(after seq: Int64, using random: inout some RandomNumberGenerator) -> Event {
        func id(_ least: Int) -> [UInt8] {
            (0..<Int.random(in: least...128, using: &random)).map { _ in .random(in: 33...126, using: &random) }
        }
        let cause = Cause.allCases[Int.random(in: 0..<Cause.allCases.count, using: &random)]
        let metres = Double.random(in: 0...1e6, using: &random)
        let change: Event.Change =
            switch Int.random(in: 0..<6, using: &random) {
            case 0: .enter(cause, .nothing)
            case 1: .enter(cause, .within(metres))
            case 2: .enter(cause, .distance(metres))
            case 3: .leave(cause, encounter: .random(in: 1...seq, using: &random), lasted: .random(in: 0...Int64.max, using: &random))
            case 4: .report(number: .random(in: 1...Int64.max, using: &random), kind: String(decoding: id(0), as: UTF8.self))
            default: .following
            }
        let user = id(0)
        let kind = id(0)
        return Event(
            seq: seq + 1, time: .random(in: 0...(1 << 53), using: &random), change: change, user: user.isEmpty ? nil : user,
            subject: id(1), kind: kind.isEmpty ? nil : kind)
    }

    private func events(of block: EventBlock) throws -> [Event] {
        var events: [Event] = []
        try block.forEachView { events.append($0.event) }
        return events
    }

    @Test(arguments: UInt64(0)..<200)
    func roundTrip(seed: UInt64) throws {
        var random = SmallRandom(seed: seed)
        let first = Int64.random(in: 2...(1 << 52), using: &random)
        var builder = EventBlockBuilder(firstSeq: first)
        var events: [Event] = []
        for place in 0..<Int64.random(in: 1...40, using: &random) {
            events.append(anyEvent(after: first + place - 1, using: &random))
            builder.append(events[Int(place)])
        }
        let block = try #require(builder.finish())
        let stored = try EventBlock(firstSeq: first, stored: block.bytes)
        #expect(try self.events(of: stored) == events, "seed \(seed)")

        // A block that is cut off anywhere is none, and one that is changed anywhere is read or refused, and no worse.
        for _ in 0..<50 {
            let cut = Array(block.bytes.prefix(.random(in: 0..<block.bytes.count, using: &random)))
            #expect(throws: (any Error).self, "seed \(seed)") { try self.events(of: EventBlock(firstSeq: first, stored: cut)) }
            var changed = block.bytes
            changed[Int.random(in: 0..<changed.count, using: &random)] = .random(in: 0...255, using: &random)
            _ = try? self.events(of: EventBlock(firstSeq: first, stored: changed))
        }
    }

    /// Enters and leaves of version 1 are read as ever. It knew nothing else, so that anything else in it is damage.
    @Test func versionOne() throws {
        func bytes(_ version: UInt8) throws -> [UInt8] {
            var builder = EventBlockBuilder(firstSeq: 1)
            builder.append(Event(seq: 0, time: 5, change: .enter(.subject, .within(250)), user: [117], subject: [115], kind: nil))
            builder.append(Event(seq: 0, time: 9, change: .leave(.gone, encounter: 1, lasted: 4), user: [117], subject: [115], kind: [107]))
            var bytes = try #require(builder.finish()).bytes
            bytes[0] = version
            return bytes
        }
        let one = try events(of: EventBlock(firstSeq: 1, stored: bytes(1)))
        #expect(try one == events(of: EventBlock(firstSeq: 1, stored: bytes(2))))
        for version: UInt8 in [0, 3, 255] {
            #expect(throws: EventBlock.Damaged.self) { try EventBlock(firstSeq: 1, stored: bytes(version)) }
        }

        for change in [.following, .report(number: 1, kind: "tip")] as [Event.Change] {
            var builder = EventBlockBuilder(firstSeq: 1)
            builder.append(Event(seq: 0, time: 5, change: change, user: [117], subject: [115], kind: nil))
            var bytes = try #require(builder.finish()).bytes
            #expect(try events(of: EventBlock(firstSeq: 1, stored: bytes)).map(\.change) == [change])
            bytes[0] = 1
            #expect(throws: EventBlock.Damaged.self) { try events(of: EventBlock(firstSeq: 1, stored: bytes)) }
        }
    }
}
