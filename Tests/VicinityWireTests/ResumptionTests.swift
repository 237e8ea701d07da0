import Testing
import VicinityCore
import VicinityWire

@Suite("Conversations with gateways go on in another process")
struct ResumptionTests {
    private static let error = LineError(line: 0, code: .badLatitude, message: "lat is 91.2, must be within -90 and 90")

    /// Something that happens to a conversation.
    private enum Happening {
        case lines(UInt64, bad: ClosedRange<UInt64>?)
        case tick
        case read
        case end
    }

    /// Two conversations that live through the same, of which one is handed on now and then.
    private struct Twins {
        var whole = IngestConversation()
        var cut = IngestConversation()
        private var line: UInt64 = 0

        mutating func live(through happening: Happening, now: Int64) -> (whole: String, cut: String) {
            (
                Self.live(through: happening, now: now, &whole, line: line),
                Self.live(through: happening, now: now, &cut, line: line)
            )
        }

        private static func live(
            through happening: Happening, now: Int64, _ conversation: inout IngestConversation, line: UInt64
        ) -> String {
            switch happening {
            case .lines(let upTo, let bad):
                conversation.becameDurable(upTo: upTo, errors: bad.map { $0.map { ($0, ResumptionTests.error) } } ?? [], now: now)
            case .tick: conversation.tick(now: now)
            case .read: break
            case .end: conversation.inputEnded(lastLine: conversation.durableLine + 10)
            }
            var said = "\(conversation.durableLine) \(conversation.hasOutput) \(conversation.nextDeadline ?? -1) "
            guard case .read = happening else { return said }
            var bytes: [UInt8] = []
            let isOver = conversation.takeOutput(into: &bytes)
            said += "\(isOver) " + String(decoding: bytes, as: UTF8.self)
            return said
        }

        mutating func handOn(now: Int64) throws {
            let resumption = cut.resumption
            let known = try IngestConversation.Resumption(decoding: resumption.encode())
            #expect(known == resumption)
            cut = IngestConversation(resuming: known, now: now)
        }
    }

    private static func happening(_ chance: inout Chance, line: inout UInt64, isLast: Bool) -> Happening {
        if isLast { return .end }
        switch chance.below(6) {
        case 0: return .read
        case 1: return .tick
        default:
            let first = line + 1
            line += UInt64(chance.pick([1, 3, 60, 150]))
            return .lines(line, bad: chance.oneIn(3) ? nil : first...max(first, line - 1))
        }
    }

    @Test("Cut anywhere, a conversation with a gateway says what the uncut one says", arguments: UInt64(0)..<200)
    func ingest(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        var twins = Twins()
        var line: UInt64 = 0
        var now: Int64 = 1_000_000
        // Some gateways hardly ever read.
        let reads = chance.pick([1, 3, 40])
        for step in 0..<120 {
            now += Int64(chance.pick([0, 0, 1, 300, 999, 1000, 5000]))
            if chance.oneIn(4) { try twins.handOn(now: now) }
            var happening = Self.happening(&chance, line: &line, isLast: step == 110)
            if case .read = happening, !chance.oneIn(reads) { happening = .tick }
            let said = twins.live(through: happening, now: now)
            #expect(said.whole == said.cut, "seed \(seed), step \(step)")
        }
        for happening in [Happening.read, .lines(line + 10, bad: nil), .read, .read] {
            try twins.handOn(now: now)
            let said = twins.live(through: happening, now: now)
            #expect(said.whole == said.cut, "seed \(seed), the end")
        }
    }

    @Test("Of a crash no more is known than which lines are durable, and whether that was said")
    func afterCrash() {
        for hasNewAck in [false, true] {
            var conversation = IngestConversation(resuming: .init(durableLine: 17, hasNewAck: hasNewAck), now: 0)
            var bytes: [UInt8] = []
            let isOver = conversation.takeOutput(into: &bytes)
            #expect(!isOver)
            #expect(String(decoding: bytes, as: UTF8.self) == (hasNewAck ? "{\"ack\":17}\n" : ""))
            conversation.becameDurable(upTo: 18, errors: [], now: 5)
            bytes = []
            _ = conversation.takeOutput(into: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == "{\"ack\":18}\n")
        }
    }

    /// Clocks of one boot agree, but nothing is built on it: a sum is told in a second at most, and nothing overflows.
    @Test(arguments: [Int64(-1) << 53, -5000, 0, 999, 1000, 1001, 1 << 53])
    func clocksThatDisagree(ahead: Int64) throws {
        var first = IngestConversation()
        first.becameDurable(upTo: 200, errors: (1...200).map { ($0, Self.error) }, now: max(0, ahead))
        var bytes: [UInt8] = []
        _ = first.takeOutput(into: &bytes)
        let now = max(0, -ahead)
        var second = IngestConversation(resuming: first.resumption, now: now)
        let due = try #require(second.nextDeadline)
        #expect(due <= now + 1000)
        second.tick(now: max(now, due))
        bytes = []
        _ = second.takeOutput(into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"errors\":{\"from\":101,\"to\":200,\"count\":100}}\n")
    }

    @Test("Cut anywhere, a decoder finds the lines that the uncut one finds", arguments: UInt64(0)..<150)
    func decoder(seed: UInt64) {
        var chance = Chance(seed: seed)
        var generator = LineGenerator(seed: seed)
        var bytes = generator.stream(20)
        if chance.oneIn(2) {
            bytes += [UInt8](repeating: 0x20, count: chance.pick([65_534, 65_536, 65_537, 200_000]))
            bytes += chance.pick([[], [10], [13, 10], [13]]) as [UInt8]
            bytes += generator.stream(10)
        }
        let cuts = (0..<7).map { _ in chance.pick([1, 2, 7, 64, 500, 40_000, 65_536, 65_537]) * (bytes.count > 50_000 ? 3 : 1) }
        let whole = Decoded(bytes)
        for maxLines in [3, 1000] {
            #expect(Decoded(bytes, cuts: cuts, maxLines: maxLines, isHandedOn: true) == whole, "seed \(seed), cuts \(cuts)")
        }
    }

    /// A line of a relay may be cut, too; `!` for one that is too long.
    @Test(arguments: 1...30)
    func framer(cut: Int) throws {
        let bytes = Array("abc\r\n\n12345678\r\n123456789\r\n1234567890123456789012\nx\r\n12345678901234567890".utf8)
        var lines: [String] = []
        var held: [UInt8] = []
        var framer = LineFramer(limit: 8)
        func take(_ line: LineFramer.Line?) {
            switch line {
            case .text(let bytes): lines.append(String(decoding: bytes, as: UTF8.self))
            case .tooLong: lines.append("!")
            case nil: break
            }
        }
        for start in stride(from: 0, to: bytes.count, by: cut) {
            held += bytes[start..<min(bytes.count, start + cut)]
            while true {
                let (line, consumed) = held.withUnsafeBytes { framer.next($0) }
                held.removeFirst(consumed)
                take(line)
                framer = LineFramer(limit: 8, resuming: try LineFramer.Resumption(decoding: framer.resumption.encode()))
                if line == nil { break }
            }
        }
        take(held.withUnsafeBytes { framer.last($0) })
        #expect(lines == ["abc", "12345678", "!", "!", "x", "!"])
    }

    // MARK: - Damage

    /// Conversations in every state there is.
    private static func conversations() -> [IngestConversation] {
        var conversations = [IngestConversation()]
        for count in [UInt64(1), 150, 2000] {
            var conversation = IngestConversation()
            conversation.becameDurable(upTo: count, errors: (1...count).map { ($0, error) }, now: 7_000)
            conversations.append(conversation)
            conversation.inputEnded(lastLine: count + 3)
            conversation.tick(now: 9_000)
            conversations.append(conversation)
            var bytes: [UInt8] = []
            conversation.becameDurable(upTo: count + 3, errors: [], now: 9_000)
            _ = conversation.takeOutput(into: &bytes)
            conversations.append(conversation)
        }
        return conversations
    }

    @Test("What is too short, too long or of another version is refused")
    func damaged() throws {
        for conversation in Self.conversations() {
            let bytes = conversation.resumption.encode()
            for count in 0..<bytes.count {
                #expect(throws: ResumptionError.damaged) { try IngestConversation.Resumption(decoding: bytes.prefix(count)) }
            }
            #expect(throws: ResumptionError.damaged) { try IngestConversation.Resumption(decoding: bytes + [0]) }
            #expect(throws: ResumptionError.version(0)) { try IngestConversation.Resumption(decoding: [0] + bytes.dropFirst()) }
        }
        for bytes: [UInt8] in [[], [1], [1, 2], [1, 0, 0]] {
            #expect(throws: ResumptionError.damaged) { try LineResumption(decoding: bytes) }
        }
        #expect(throws: ResumptionError.version(9)) { try LineResumption(decoding: [9, 0]) }
    }

    /// Whatever a conversation is made from, it lives on, and what it holds is bounded.
    @Test(arguments: UInt64(0)..<100)
    func flippedBits(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        var understood = 0
        for conversation in Self.conversations() {
            let bytes = conversation.resumption.encode()
            for _ in 0..<20 {
                var damaged = bytes
                for _ in 0...chance.below(3) { damaged[chance.below(min(bytes.count, 64))] ^= 1 << UInt8(chance.below(8)) }
                if chance.oneIn(3) { damaged = Array(damaged.prefix(chance.below(bytes.count + 1))) }
                guard let resumption = try? IngestConversation.Resumption(decoding: damaged) else { continue }
                understood += 1
                var conversation = IngestConversation(resuming: resumption, now: 10_000)
                var output: [UInt8] = []
                let line = conversation.durableLine + 200
                conversation.becameDurable(upTo: line, errors: [(line, Self.error)], now: 10_000)
                conversation.tick(now: 20_000)
                conversation.inputEnded(lastLine: line)
                _ = conversation.takeOutput(into: &output)
                let isOver = conversation.takeOutput(into: &output)
                #expect(isOver, "seed \(seed): it comes to an end")
                #expect(output.count < IngestConversation.longestBacklog + 16_384)
            }
        }
        #expect(understood > 0, "seed \(seed)")
    }
}
