import Testing
import VicinityCore
import VicinityWire

@Suite struct SubscriptionTests {
    private let reader = SubscriptionReader()

    private func first(_ line: String) -> Result<Subscription, SubscriptionRefusal> {
        Array(line.utf8).withUnsafeBytes { reader.first($0) }
    }

    private func later(_ line: String) -> SubscriptionReader.Later { Array(line.utf8).withUnsafeBytes { reader.later($0) } }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func examplesOfTheContract() throws {
        #expect(try first(#"{"subscribe":{}}"#).get() == .everything)
        #expect(try first(#"{"subscribe":{"after":0}}"#).get().after == 0)
        #expect(try first(#"{"subscribe":{"after":5000}}"#).get().after == 5000)
        #expect(try first(#"{"subscribe":{"name":"relay-1"}}"#).get().name == "relay-1")
        #expect(try first(#"{"subscribe":{"name":"relay-1","after":0}}"#).get().after == 0)
        let filtered = try first(#"{"subscribe":{"types":["enter"],"kinds":["toll"],"users":["u-1","u-2"]}}"#).get()
        #expect(filtered.filter.types == [.enter])
        #expect(filtered.filter.kinds == [bytes("toll")])
        #expect(filtered.filter.users == [bytes("u-1"), bytes("u-2")])
        #expect(!filtered.isEverything)
        #expect(try first(#"{"subscribe":{"snapshot":true}}"#).get().wantsSnapshot)
    }

    @Test func nullIsAbsent() throws {
        let line = #"{"subscribe":{"after":null,"name":null,"types":null,"kinds":null,"users":null,"snapshot":null,"x":[{}]},"y":1}"#
        #expect(try first(line).get() == .everything)
        #expect(try first(#"{"subscribe":{"snapshot":false,"after":5}}"#).get().after == 5)
        #expect(try first(#"{"subscribe":{"after":1.7e3}}"#).get().after == 1700)
    }

    @Test(arguments: [
        ("", "bad_json"), ("{", "bad_json"), ("[]", "bad_json"), ("5", "bad_json"), ("{\"subscribe\":{\"name\":\"\\ud800\"}}", "bad_json"),
        ("{}", "bad_request"), (#"{"subscribe":null}"#, "bad_request"), (#"{"subscribe":[]}"#, "bad_request"),
        (#"{"ack":1}"#, "bad_request"),
        (#"{"subscribe":{"after":-1}}"#, "bad_request"), (#"{"subscribe":{"after":1.5}}"#, "bad_request"),
        (#"{"subscribe":{"after":"1"}}"#, "bad_request"),
        (#"{"subscribe":{"name":""}}"#, "bad_request"), (#"{"subscribe":{"name":5}}"#, "bad_request"),
        (#"{"subscribe":{"name":"a\n"}}"#, "bad_request"),
        (#"{"subscribe":{"types":["enter","exit"]}}"#, "bad_request"), (#"{"subscribe":{"types":"enter"}}"#, "bad_request"),
        (#"{"subscribe":{"types":[null]}}"#, "bad_request"), (#"{"subscribe":{"kinds":[1]}}"#, "bad_request"),
        (#"{"subscribe":{"users":{}}}"#, "bad_request"),
        (#"{"subscribe":{"snapshot":1}}"#, "bad_request"), (#"{"subscribe":{"snapshot":true,"after":0}}"#, "bad_request"),
    ])
    func refusals(line: String, code: String) {
        guard case .failure(let refusal) = first(line) else {
            Issue.record("\(line) was taken")
            return
        }
        #expect(refusal.code.rawValue == code)
    }

    @Test func laterLines() {
        #expect(later(#"{"ack":5002}"#) == .ack(5002))
        #expect(later(#"{"ack":5.002e3,"x":1}"#) == .ack(5002))
        for line in [#"{"ack":-1}"#, #"{"ack":1.5}"#, #"{"ack":"1"}"#, "{}", "x", "[]", #"{"subscribe":{}}"#, #"{"subscribe":{},"ack":1}"#]
        {
            guard case .refused(let refusal) = later(line) else {
                Issue.record("\(line) was taken")
                continue
            }
            #expect(refusal.code == .badRequest)
        }
    }

    /// e enter, l leave, r report, f following; users u and v, kinds k and none: which of sixteen events each filter lets through.
    @Test(arguments: [
        ("{}", "eu eu.k ev ev.k lu lu.k lv lv.k ru ru.k rv rv.k"), (#"{"types":["enter"]}"#, "eu eu.k ev ev.k"),
        (#"{"types":["leave","report"]}"#, "lu lu.k lv lv.k ru ru.k rv rv.k"),
        (#"{"types":["report"]}"#, "ru ru.k rv rv.k"), (#"{"types":[]}"#, ""), (#"{"kinds":["k"]}"#, "eu.k ev.k lu.k lv.k ru.k rv.k"),
        // What follows somebody is for those who ask for it by name.
        (#"{"types":["following"]}"#, "fu fu.k fv fv.k"), (#"{"types":["following","enter"],"users":["u"]}"#, "eu eu.k fu fu.k"),
        (#"{"types":["following"],"kinds":["k"],"users":["v"]}"#, "fv.k"), (#"{"kinds":[]}"#, ""),
        (#"{"kinds":["K","kk"]}"#, ""), (#"{"users":["v","x"]}"#, "ev ev.k lv lv.k rv rv.k"), (#"{"users":[]}"#, ""),
        (#"{"users":["u"],"kinds":["k"],"types":["leave"]}"#, "lu.k"),
    ])
    func filters(filter: String, expected: String) throws {
        let subscription = try first("{\"subscribe\":\(filter)}").get()
        var builder = EventBlockBuilder(firstSeq: 1)
        let changes =
            [
                .enter(.user, .nothing), .leave(.user, encounter: 1, lasted: 0), .report(number: 1, kind: "tip"), .following,
            ] as [Event.Change]
        for change in changes {
            for user in ["u", "v"] {
                for kind in [nil, "k"] {
                    builder.append(Event(seq: 0, time: 0, change: change, user: bytes(user), subject: bytes("s"), kind: kind.map(bytes)))
                }
            }
        }
        var passed: [String] = []
        try #require(builder.finish()).forEachView { view in
            guard subscription.filter.admits(view) else { return }
            let event = view.event
            let type = EventType(event.change).rawValue.prefix(1)
            passed.append(type + String(decoding: event.user ?? [], as: UTF8.self) + (event.kind == nil ? "" : ".k"))
        }
        #expect(passed.joined(separator: " ") == expected)
    }
}
