import Testing

@testable import VicinityClient

/// A gateway without a socket: what goes out is kept, what comes in is written down.
private struct Gateway {
    var sender: FixSender
    /// What each connection was sent.
    var wire: [String] = []

    init(window: Int, lines: [String]) {
        sender = FixSender(window: window)
        for line in lines { sender.offer(Array(line.utf8)) }
    }

    mutating func connect() {
        sender.connected()
        wire.append("")
    }

    /// Sends at most `count` bytes.
    mutating func write(_ count: Int = .max) {
        let bytes = sender.unsent.prefix(count)
        wire[wire.count - 1] += String(decoding: bytes, as: UTF8.self)
        sender.wrote(bytes.count)
    }

    mutating func hear(_ line: String) throws { try sender.received(GatewayAnswer(parsing: Array(line.utf8))) }
}

@Suite struct FixSenderTests {
    @Test func straightThrough() throws {
        var gateway = Gateway(window: 100, lines: ["a", "", "b"])
        #expect(gateway.sender.order == .connect)
        gateway.connect()
        #expect(gateway.sender.order == .write)
        gateway.write()
        #expect(gateway.sender.order == .wait)
        gateway.sender.endInput()
        #expect(gateway.sender.order == .halfClose)
        gateway.sender.halfClosed()
        #expect(gateway.sender.order == .wait)
        try gateway.hear(#"{"ack":3}"#)
        #expect(gateway.sender.order == .wait)
        gateway.sender.cut()
        #expect(gateway.sender.order == .finished)
        #expect(gateway.wire == ["a\n\nb\n"])
        #expect(gateway.sender.acked == 3)
        #expect(gateway.sender.sentAgain == 0)
    }

    @Test func nothingToSend() {
        var gateway = Gateway(window: 100, lines: [])
        gateway.sender.endInput()
        #expect(gateway.sender.order == .finished)
    }

    /// After a cut the next connection gets exactly the lines that no ack covers, from their first byte on.
    @Test func cutInTheMiddleOfALine() throws {
        var gateway = Gateway(window: 100, lines: ["one", "two", "three"])
        gateway.connect()
        gateway.write(10)
        try gateway.hear(#"{"ack":1}"#)
        gateway.sender.cut()
        #expect(gateway.sender.order == .connect)
        gateway.connect()
        gateway.write()
        #expect(gateway.wire == ["one\ntwo\nth", "two\nthree\n"])
        #expect(gateway.sender.sentAgain == 1)
        try gateway.hear(#"{"ack":2}"#)
        #expect(gateway.sender.acked == 3)
    }

    /// An ack that was lost with the connection costs a resend and nothing else, even after the half-close.
    @Test func cutAfterHalfClose() throws {
        var gateway = Gateway(window: 100, lines: ["one", "two"])
        gateway.sender.endInput()
        gateway.connect()
        gateway.write()
        gateway.sender.halfClosed()
        gateway.sender.cut()
        #expect(gateway.sender.order == .connect)
        gateway.connect()
        gateway.write()
        #expect(gateway.wire[0] == gateway.wire[1])
        #expect(gateway.sender.sentAgain == 2)
    }

    @Test func windowIsBounded() throws {
        var gateway = Gateway(window: 8, lines: ["abc"])
        #expect(gateway.sender.hasRoom)
        gateway.sender.offer(Array("def".utf8))
        #expect(!gateway.sender.hasRoom)
        gateway.connect()
        gateway.write()
        #expect(!gateway.sender.hasRoom)
        try gateway.hear(#"{"ack":1}"#)
        #expect(gateway.sender.hasRoom)
    }

    /// What is refused again because it was sent again is one refusal; its place is that in the input.
    @Test func refusalsCountOnce() throws {
        var gateway = Gateway(window: 100, lines: ["good", "bad", "good", "bad"])
        gateway.connect()
        gateway.write()
        try gateway.hear(#"{"error":{"line":2,"code":"bad_json","message":"no"}}"#)
        #expect(gateway.sender.refusals.total == 0)
        gateway.sender.cut()
        gateway.connect()
        gateway.write()
        try gateway.hear(#"{"error":{"line":2,"code":"bad_json","message":"no"}}"#)
        try gateway.hear(#"{"ack":3}"#)
        gateway.sender.cut()
        gateway.connect()
        gateway.write()
        try gateway.hear(#"{"error":{"line":1,"code":"bad_latitude","message":"lat"}}"#)
        try gateway.hear(#"{"ack":1}"#)
        #expect(gateway.wire[2] == "bad\n")
        #expect(gateway.sender.refusals.entries.map(\.code) == ["bad_json", "bad_latitude"])
        #expect(gateway.sender.refusals.entries.map(\.examples.first?.line) == [2, 4])
        #expect(gateway.sender.refusals.total == 2)
    }

    /// A sum may come after the ack of its lines, or before.
    @Test func sumsOfErrors() throws {
        var gateway = Gateway(window: 100, lines: Array(repeating: "bad", count: 20))
        gateway.connect()
        gateway.write()
        try gateway.hear(#"{"ack":10}"#)
        try gateway.hear(#"{"errors":{"from":1,"to":10,"count":7}}"#)
        #expect(gateway.sender.refusals.summedUp == 7)
        try gateway.hear(#"{"errors":{"from":11,"to":20,"count":9}}"#)
        #expect(gateway.sender.refusals.summedUp == 7)
        try gateway.hear(#"{"ack":20}"#)
        #expect(gateway.sender.refusals.total == 16)
    }

    @Test(arguments: ["{\"ack\":3}", "{\"ack\":1}"])
    func impossibleAcks(line: String) throws {
        var gateway = Gateway(window: 100, lines: ["one", "two", "three"])
        gateway.connect()
        gateway.write(10)
        try gateway.hear(#"{"ack":2}"#)
        #expect(throws: FixSender.ProtocolFault.self) { try gateway.hear(line) }
    }

    @Test func answers() throws {
        func parse(_ text: String) throws -> GatewayAnswer { try GatewayAnswer(parsing: Array(text.utf8)) }
        #expect(try parse(#"{"ack":0,"more":1}"#) == .ack(lines: 0))
        #expect(try parse(#"{"error":{"code":"forbidden","message":"no"}}"#) == .refused(code: "forbidden", message: "no"))
        #expect(try parse(#"{"novelty":1}"#) == .unknown)
        #expect(try parse(#"{"ack":-1}"#) == .unknown)
        #expect(throws: JSONFault.self) { try parse("ack") }
    }

    /// Random cuts, chops and acks: the daemon that puts the connections together by its own acks gets every line in order.
    @Test(arguments: UInt64(0)..<100)
    func anyHistory(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let lines = (0..<200).map { "\($0)" + String(repeating: "x", count: Int.random(in: 0..<20, using: &random)) }
        var gateway = Gateway(window: 100, lines: [])
        var next = 0
        var dealtWith: [String] = []
        var received: [String] = []
        var partial = ""
        var acked = 0
        while gateway.sender.order != .finished {
            while gateway.sender.hasRoom, next < lines.count, Bool.random(using: &random) {
                gateway.sender.offer(Array(lines[next].utf8))
                next += 1
                if next == lines.count { gateway.sender.endInput() }
            }
            switch gateway.sender.order {
            case .connect:
                gateway.connect()
                (received, partial, acked) = ([], "", 0)
            case .write:
                gateway.write(Int.random(in: 1..<40, using: &random))
                partial += gateway.wire.removeLast()
                gateway.wire.append("")
                let parts = partial.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                received += parts.dropLast()
                partial = parts.last ?? ""
            case .halfClose: gateway.sender.halfClosed()
            case .wait, .finished: break
            }
            if acked < received.count, Bool.random(using: &random) {
                let upTo = Int.random(in: acked + 1...received.count, using: &random)
                dealtWith += received[acked..<upTo]
                acked = upTo
                try gateway.hear("{\"ack\":\(upTo)}")
            }
            let isOver = dealtWith.count == lines.count
            if isOver || Int.random(in: 0..<20, using: &random) == 0, gateway.sender.order != .connect { gateway.sender.cut() }
        }
        #expect(dealtWith == lines)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
