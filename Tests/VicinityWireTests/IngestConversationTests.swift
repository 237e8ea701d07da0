import Testing
import VicinityCore
import VicinityWire

/// The other end of a conversation.
private final class Gateway {
    var conversation = IngestConversation()

    /// What there is to read now, line by line, and whether the connection is over.
    func read() -> [String] {
        var bytes: [UInt8] = []
        let announced = conversation.hasOutput
        let isOver = conversation.takeOutput(into: &bytes)
        #expect(announced == !bytes.isEmpty)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init) + (isOver ? ["over"] : [])
    }
}

@Suite struct IngestConversationTests {
    private static let error = LineError(line: 0, code: .badLatitude, message: "lat is 91.2, must be within -90 and 90")

    private func errors(_ lines: ClosedRange<UInt64>) -> [(line: UInt64, error: LineError)] { lines.map { ($0, Self.error) } }

    @Test func linesOfTheContract() {
        let gateway = Gateway()
        gateway.conversation.becameDurable(upTo: 1500, errors: [], now: 0)
        #expect(gateway.read() == [#"{"ack":1500}"#])
        #expect(gateway.read() == [])
        gateway.conversation.becameDurable(upTo: 1501, errors: errors(1501...1501), now: 1)
        #expect(
            gateway.read() == [
                #"{"error":{"line":1501,"code":"bad_latitude","message":"lat is 91.2, must be within -90 and 90"}}"#, #"{"ack":1501}"#,
            ])
    }

    @Test func anUnreadAckIsReplaced() {
        let gateway = Gateway()
        for line in UInt64(1)...1000 { gateway.conversation.becameDurable(upTo: line, errors: [], now: 0) }
        #expect(gateway.read() == [#"{"ack":1000}"#])
        gateway.conversation.becameDurable(upTo: 1000, errors: [], now: 0)
        #expect(gateway.read() == [])
    }

    @Test func noLineAtAll() {
        let gateway = Gateway()
        gateway.conversation.inputEnded(lastLine: 0)
        #expect(gateway.read() == [#"{"ack":0}"#, "over"])
        #expect(gateway.read() == ["over"])
    }

    @Test func theLastAckComesLast() {
        let gateway = Gateway()
        gateway.conversation.becameDurable(upTo: 5, errors: [], now: 0)
        gateway.conversation.inputEnded(lastLine: 9)
        #expect(gateway.read() == [#"{"ack":5}"#])
        gateway.conversation.becameDurable(upTo: 9, errors: [], now: 0)
        #expect(gateway.read() == [#"{"ack":9}"#, "over"])
    }

    /// A gateway that has read everything and then half-closes gets its last ack once more.
    @Test func theLastAckAgain() {
        let gateway = Gateway()
        gateway.conversation.becameDurable(upTo: 5, errors: [], now: 0)
        _ = gateway.read()
        gateway.conversation.inputEnded(lastLine: 5)
        #expect(gateway.read() == [#"{"ack":5}"#, "over"])
    }

    @Test func aHundredErrorsASecond() {
        let gateway = Gateway()
        gateway.conversation.becameDurable(upTo: 100, errors: errors(1...100), now: 0)
        #expect(gateway.read().count == 101)
        #expect(gateway.conversation.nextDeadline == nil)
        gateway.conversation.becameDurable(upTo: 9000, errors: errors(150...260) + errors(8000...8000), now: 999)
        #expect(gateway.read() == [#"{"ack":9000}"#])
        #expect(gateway.conversation.nextDeadline == 1000)
        gateway.conversation.tick(now: 999)
        #expect(gateway.read() == [])
        gateway.conversation.tick(now: 1000)
        #expect(gateway.read() == [#"{"errors":{"from":150,"to":8000,"count":112}}"#])
        #expect(gateway.conversation.nextDeadline == nil)
        gateway.conversation.becameDurable(upTo: 9001, errors: errors(9001...9001), now: 1000)
        #expect(gateway.read().count == 2)
    }

    @Test func aSecondThatEndsWithTheStream() {
        let gateway = Gateway()
        gateway.conversation.becameDurable(upTo: 300, errors: errors(1...200), now: 5)
        gateway.conversation.inputEnded(lastLine: 300)
        let lines = gateway.read()
        #expect(lines.count == 103)
        #expect(lines.suffix(3) == [#"{"errors":{"from":101,"to":200,"count":100}}"#, #"{"ack":300}"#, "over"])
    }

    /// Whatever a gateway does that never reads, what waits for it is bounded, and in the end every bad line is counted once.
    @Test(arguments: UInt64(0)..<100)
    func everyErrorIsCountedOnce(seed: UInt64) {
        var chance = Chance(seed: seed)
        let gateway = Gateway()
        var line: UInt64 = 0
        var now: Int64 = 0
        var bad = 0
        var told = 0
        var acks: [UInt64] = []
        func count(_ lines: [String]) {
            for text in lines where text != "over" {
                if text.hasPrefix("{\"error\":") { told += 1 }
                if text.hasPrefix("{\"errors\":"), let count = text.split(separator: ":").last?.dropLast(2) { told += Int(count) ?? 0 }
                if text.hasPrefix("{\"ack\":"), let ack = UInt64(text.dropFirst(7).dropLast()) { acks.append(ack) }
            }
        }
        for _ in 0..<200 {
            now += Int64(chance.pick([0, 1, 300, 1000, 5000]))
            let first = line + 1
            line += UInt64(chance.below(50) + 1)
            let errors = chance.oneIn(2) ? [] : errors(first...line)
            bad += errors.count
            gateway.conversation.becameDurable(upTo: line, errors: errors, now: now)
            if chance.oneIn(30) {
                var bytes: [UInt8] = []
                let isOver = gateway.conversation.takeOutput(into: &bytes)
                #expect(!isOver)
                #expect(bytes.count < IngestConversation.longestBacklog + 1024)
                count(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
            }
        }
        gateway.conversation.inputEnded(lastLine: line)
        let last = gateway.read()
        count(last)
        #expect(last.last == "over")
        #expect(told == bad, "seed \(seed)")
        #expect(acks == acks.sorted())
        #expect(acks.last == line)
    }
}
