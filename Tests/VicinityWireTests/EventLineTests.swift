import Testing
import VicinityCore
import VicinityWire

@Suite struct EventLineTests {
    private func lines(_ events: [Event], firstSeq: Int64) throws -> String {
        var builder = EventBlockBuilder(firstSeq: firstSeq)
        for event in events { builder.append(event) }
        return String(decoding: try EventLineEncoder.lines(of: #require(builder.finish())), as: UTF8.self)
    }

    private func event(
        _ change: Event.Change, time: Int64, user: String? = "u-17", subject: String = "s-9", kind: String? = "toll"
    ) -> Event {
        Event(
            seq: 0, time: time, change: change, user: user.map { Array($0.utf8) }, subject: Array(subject.utf8),
            kind: kind.map { Array($0.utf8) })
    }

    @Test func examplesOfTheContract() throws {
        let events = [
            event(.enter(.user, .within(250)), time: 1_732_290_000_123),
            event(.leave(.user, encounter: 5001, lasted: 31_333), time: 1_732_290_031_456),
            event(.report(number: 17, kind: "dispute"), time: 1_732_290_040_000),
            event(.following, time: 1_732_290_050_000, kind: nil),
        ]
        let expected = """
            {"seq":5001,"type":"enter","user":"u-17","subject":"s-9","kind":"toll","ts":1732290000123,"cause":"user","within":250}
            {"seq":5002,"type":"leave","user":"u-17","subject":"s-9","kind":"toll","ts":1732290031456,"cause":"user","encounter":5001,"lasted":31333}
            {"seq":5003,"type":"report","report":17,"report_kind":"dispute","user":"u-17","subject":"s-9","kind":"toll","ts":1732290040000}
            {"seq":5004,"type":"following","user":"u-17","subject":"s-9","ts":1732290050000}

            """
        #expect(try lines(events, firstSeq: 5001) == expected)
    }

    @Test func otherForms() throws {
        let events = [
            event(.enter(.radius, .nothing), time: 0, kind: nil),
            event(.enter(.subject, .distance(12.34)), time: 99_999_999, user: nil),
            event(.enter(.subject, .distance(0.1 + 0.2)), time: 100_000_000, user: "用户", subject: #"q"\"#),
            event(.enter(.subject, .distance(300)), time: 9_007_199_254_740_991, user: String(repeating: "é", count: 64)),
            event(.enter(.user, .within(62.5)), time: 10_000_000_000_000_000 / 10, user: "12345678", subject: "1234567"),
            event(.leave(.muted, encounter: 1, lasted: 0), time: 12_345_678, user: "123456789"),
            event(.report(number: 1, kind: #"é"\"# + String(repeating: "\u{1}", count: 128)), time: 0, user: nil, kind: nil),
            event(.following, time: 7, user: nil),
        ]
        let expected = """
            {"seq":1,"type":"enter","user":"u-17","subject":"s-9","ts":0,"cause":"radius"}
            {"seq":2,"type":"enter","user":null,"subject":"s-9","kind":"toll","ts":99999999,"cause":"subject","distance":12.34}
            {"seq":3,"type":"enter","user":"用户","subject":"q\\"\\\\","kind":"toll","ts":100000000,"cause":"subject","distance":0.3}
            {"seq":4,"type":"enter","user":"\(String(repeating: "é", count: 64))","subject":"s-9","kind":"toll","ts":9007199254740991,"cause":"subject","distance":300}
            {"seq":5,"type":"enter","user":"12345678","subject":"1234567","kind":"toll","ts":1000000000000000,"cause":"user","within":62.5}
            {"seq":6,"type":"leave","user":"123456789","subject":"s-9","kind":"toll","ts":12345678,"cause":"muted","encounter":1,"lasted":0}
            {"seq":7,"type":"report","report":1,"report_kind":"é\\"\\\\\(String(repeating: #"\u0001"#, count: 128))","user":null,"subject":"s-9","ts":0}
            {"seq":8,"type":"following","user":null,"subject":"s-9","kind":"toll","ts":7}

            """
        #expect(try lines(events, firstSeq: 1) == expected)
    }

    /// Every number and id comes back from the line as it went in.
    @Test(arguments: UInt64(0)..<50)
    func roundTrip(seed: UInt64) throws {
        var chance = Chance(seed: seed)
        let parser = JSONParser()
        let firstSeq = Int64.random(in: 1...(1 << chance.pick([1, 10, 30, 52])), using: &chance)
        let events = (0..<100).map { place in
            let characters = Array("abc\"\\/\u{1}\u{7f}é用😀 ")
            let id = String((0..<chance.below(30) + 1).map { _ in characters[chance.below(characters.count)] })
            let time = Int64.random(in: 0...(1 << chance.pick([1, 20, 40, 52])), using: &chance)
            return event(.leave(.gone, encounter: firstSeq, lasted: Int64(place)), time: time, user: id, subject: id, kind: id)
        }
        let text = try lines(events, firstSeq: firstSeq)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        #expect(lines.count == events.count)
        for (place, (line, event)) in zip(lines, events).enumerated() {
            Array(line.utf8).withUnsafeBytes { bytes in
                let root = parser.parse(bytes)
                #expect(root?[key: "seq"]?.integer == firstSeq + Int64(place))
                #expect(root?[key: "ts"]?.integer == event.time)
                #expect(root?[key: "lasted"]?.integer == Int64(place))
                #expect(root?[key: "encounter"]?.integer == firstSeq)
                for key in ["user", "subject", "kind"] as [StaticString] {
                    #expect(root?[key: key]?.utf8.map { Array($0) } == event.subject, "seed \(seed)")
                }
            }
        }
    }

    @Test func smallLines() {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        #expect(
            text(EventLineEncoder.heartbeat(head: 5731, time: 1_732_290_060_000))
                == "{\"heartbeat\":{\"head\":5731,\"ts\":1732290060000}}\n")
        #expect(text(EventLineEncoder.gap(from: 1, to: 5600)) == "{\"gap\":{\"from\":1,\"to\":5600}}\n")
        var subscribed = Subscribed(log: "7f0c", after: 5000, oldest: 5601, head: 5731)
        #expect(text(subscribed.line) == "{\"subscribed\":{\"log\":\"7f0c\",\"after\":5000,\"oldest\":5601,\"head\":5731}}\n")
        subscribed.gap = (5001, 5600)
        let expected =
            "{\"subscribed\":{\"log\":\"7f0c\",\"after\":5000,\"oldest\":5601,\"head\":5731,\"gap\":{\"from\":5001,\"to\":5600}}}\n"
        #expect(text(subscribed.line) == expected)
        #expect(
            text(SubscriptionRefusal(.afterHead, "a \"b\"").line) == "{\"error\":{\"code\":\"after_head\",\"message\":\"a \\\"b\\\"\"}}\n")
    }
}
