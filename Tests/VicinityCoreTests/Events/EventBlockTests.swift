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
            switch Int.random(in: 0..<8, using: &random) {
            case 6: .enter(cause, .within(metres.rounded()))
            case 7: .enter(cause, .distance((metres * 100).rounded() / 100))
            case 0: .enter(cause, .nothing)
            case 1: .enter(cause, .within(metres))
            case 2: .enter(cause, .distance(metres))
            case 3: .leave(cause, encounter: .random(in: 1...seq, using: &random), lasted: .random(in: 0...Int64.max, using: &random))
            case 4: .report(number: .random(in: 1...Int64.max, using: &random), kind: String(decoding: id(0), as: UTF8.self))
            default: .following
            }
        // Some name the same user one after the other, with an id that is short, as long as a short one may be, or longer.
        let users: [[UInt8]?] = [nil, [117], [UInt8](repeating: 118, count: 16), [UInt8](repeating: 119, count: 17), id(1), id(1)]
        let kind = id(0)
        return Event(
            seq: seq + 1, time: .random(in: 0...(1 << 53), using: &random), change: change,
            user: users.randomElement(using: &random) ?? nil,
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

    /// The events as a block of version 2 (or 1) has them.
    private func oldBytes(_ version: UInt8, _ events: [Event]) -> [UInt8] {
        var bytes: [UInt8] = [version]
        func varint(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        func sized(_ text: [UInt8]) {
            varint(UInt64(text.count))
            bytes += text
        }
        func metres(_ form: UInt8, _ value: Double) {
            bytes.append(form)
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
        }
        varint(UInt64(events.count))
        varint(ZigZag.encode(events[0].time))
        var time = events[0].time
        for event in events {
            let (type, cause): (UInt8, UInt8) =
                switch event.change {
                case .enter(let cause, _): (1, cause.rawValue)
                case .leave(let cause, _, _): (2, cause.rawValue)
                case .report: (3, 0)
                case .following: (4, 0)
                }
            bytes += [type, cause]
            varint(ZigZag.encode(event.time - time))
            time = event.time
            sized(event.user ?? [])
            sized(event.subject)
            sized(event.kind ?? [])
            switch event.change {
            case .enter(_, .nothing): bytes.append(0)
            case .enter(_, .within(let value)): metres(1, value)
            case .enter(_, .distance(let value)): metres(2, value)
            case .leave(_, let encounter, let lasted):
                varint(UInt64(event.seq - encounter))
                varint(UInt64(lasted))
            case .report(let number, let kind):
                varint(UInt64(number))
                sized(Array(kind.utf8))
            case .following: break
            }
        }
        return bytes
    }

    /// Logs that were begun by an older program hold blocks of version 2, of which each event names its user and says metres in full.
    @Test(arguments: UInt64(0)..<50)
    func versionTwo(seed: UInt64) throws {
        var random = SmallRandom(seed: seed)
        var events: [Event] = []
        for place in 0..<Int64.random(in: 1...40, using: &random) { events.append(anyEvent(after: 1 + place, using: &random)) }
        let block = try EventBlock(firstSeq: 2, stored: oldBytes(2, events))
        #expect(try self.events(of: block) == events, "seed \(seed)")
        guard let user = events.compactMap(\.user).first else { return }
        // Who is taken out of an old block leaves a new one.
        let found = try #require(try block.forgetting([ForgottenUser(id: user, through: 1 << 60)]))
        let expected = events.map { event in
            var rest = event
            if rest.user == user { rest.user = nil }
            return rest
        }
        #expect(try self.events(of: found.block) == expected, "seed \(seed)")
    }

    /// Enters and leaves of version 1 are read as ever. It knew nothing else, so that anything else in it is damage.
    @Test func versionOne() throws {
        let events = [
            Event(seq: 1, time: 5, change: .enter(.subject, .within(250)), user: [117], subject: [115], kind: nil),
            Event(seq: 2, time: 9, change: .leave(.gone, encounter: 1, lasted: 4), user: [117], subject: [115], kind: [107]),
        ]
        #expect(try self.events(of: EventBlock(firstSeq: 1, stored: oldBytes(1, events))) == events)
        for version: UInt8 in [0, EventBlock.version + 1, 255] {
            #expect(throws: EventBlock.Damaged.self) { try EventBlock(firstSeq: 1, stored: oldBytes(version, events)) }
        }

        for change in [.following, .report(number: 1, kind: "tip")] as [Event.Change] {
            let events = [Event(seq: 1, time: 5, change: change, user: [117], subject: [115], kind: nil)]
            #expect(try self.events(of: EventBlock(firstSeq: 1, stored: oldBytes(2, events))) == events)
            #expect(throws: EventBlock.Damaged.self) { try self.events(of: EventBlock(firstSeq: 1, stored: oldBytes(1, events))) }
        }
    }

    /// An event that leaves out its user must have one before it.
    @Test func nobodyBefore() throws {
        var builder = EventBlockBuilder(firstSeq: 1)
        for seq in 1...2 as ClosedRange<Int64> {
            builder.append(Event(seq: seq, time: 5, change: .following, user: [117], subject: [115], kind: nil))
        }
        let bytes = try #require(builder.finish()).bytes
        // Version, count, time; an event of seven bytes; one without its user, of four.
        #expect(bytes == [3, 2, 10, 4, 0, 1, 117, 1, 115, 0, 12, 0, 1, 115, 0])
        var damaged = bytes
        damaged.removeSubrange(5..<7)
        damaged[3] = 12
        #expect(throws: EventBlock.Damaged.self) { try self.events(of: EventBlock(firstSeq: 1, stored: damaged)) }
    }
}
